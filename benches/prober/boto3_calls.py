"""The calls of an enrichment test, one after another, by boto3. Prints the seconds that they took, without imports and set-up."""

import sys
import time

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

endpoint, bucket, prefix = sys.argv[1:]
config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 0})
s3 = boto3.client("s3", endpoint_url=endpoint, config=config)
canary, missing, upload_key = (prefix + name for name in ("canary", "missing", "upload"))

begun = time.monotonic()
s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix, MaxUploads=1)
s3.delete_object(Bucket=bucket, Key=missing)
try:
    s3.abort_multipart_upload(Bucket=bucket, Key=missing, UploadId="bogus")
except ClientError as error:
    if error.response["Error"]["Code"] != "NoSuchUpload":
        raise
s3.put_object(Bucket=bucket, Key=canary, Body=b"canary")
upload = s3.create_multipart_upload(Bucket=bucket, Key=upload_key)["UploadId"]
s3.get_object(Bucket=bucket, Key=canary)["Body"].read()
s3.list_parts(Bucket=bucket, Key=upload_key, UploadId=upload)
s3.delete_object(Bucket=bucket, Key=canary)
s3.abort_multipart_upload(Bucket=bucket, Key=upload_key, UploadId=upload)
s3.list_multipart_uploads(Bucket=bucket, Prefix=prefix, MaxUploads=1)
print(time.monotonic() - begun)
