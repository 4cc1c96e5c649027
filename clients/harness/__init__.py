"""What the clients are run against: an S3 server with policies, datastored, and what stands in front of each."""
