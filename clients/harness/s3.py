"""A real S3 server: moto with IAM enforced, its buckets, and users with policies."""

import json
import re
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import boto3

from harness.process import Process

BUCKETS = ("orders", "anomalies", "held")

# The roots of two answers of moto 5.2.5 are not those of S3, and the AWS SDK for Rust, unlike others, looks at them.
_MOTO = """
import sys
from moto.core.serialize import S3Serializer
from moto.server import main
roots = {"ListPartsResponse": "ListPartsResult", "GetBucketVersioningResponse": "VersioningConfiguration"}
serialize_body = S3Serializer._serialize_body
def mended(self, body):
    return serialize_body(self, {roots.get(root, root): content for root, content in body.items()})
S3Serializer._serialize_body = mended
main()
"""

# What the product's user guide asks for, of an enrichment datastore.
_RIGHTS = (
    "s3:Get*",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:PutObject",
    "s3:DeleteObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
)


@dataclass(frozen=True)
class Keys:
    """An access key."""

    id: str
    secret: str


@dataclass(frozen=True)
class S3:
    """The running server: its address, and two users."""

    endpoint: str
    admin: Keys
    full: Keys
    lacking: Keys

    def take_left(self) -> list[str]:
        """What a test has left in the buckets, objects and open uploads. It is removed, so that it is not held against the next client."""
        client = _client("s3", self.endpoint, self.admin)
        left = []
        for bucket in BUCKETS:
            objects = client.list_objects_v2(Bucket=bucket).get("Contents", [])
            for key in (one["Key"] for one in objects if one["Key"] != _DATA):
                left.append(f"{bucket}/{key}")
                client.delete_object(Bucket=bucket, Key=key)
            for upload in client.list_multipart_uploads(Bucket=bucket).get("Uploads", []):
                left.append(f"{bucket}/{upload['Key']} (upload)")
                client.abort_multipart_upload(Bucket=bucket, Key=upload["Key"], UploadId=upload["UploadId"])
        return left


_DATA = "2026/orders.csv"


@contextmanager
def serve(python: str) -> Iterator[S3]:
    """Starts moto with the Python that it is installed for."""
    endpoints: list[str] = []

    def read(line: str) -> None:
        if found := re.search(r"Running on (http://\S+)", line):
            endpoints.append(found[1])

    with Process([python, "-c", _MOTO, "-H", "127.0.0.1", "-p", "0"], read) as process:
        process.wait_until("moto listens", lambda: bool(endpoints))
        endpoint = endpoints[0]
        process.wait_until("moto answers", lambda: _post(endpoint, "reset", ""))
        # Nobody looks at the signature yet, but its scope says that the call is one of IAM.
        iam = _client("iam", endpoint, Keys("anyone", "anything"))
        admin = _user(iam, "admin", [{"Effect": "Allow", "Action": "*", "Resource": "*"}])
        full = _user(iam, "full", _allow(_RIGHTS))
        lacking = _user(iam, "lacking", _allow([right for right in _RIGHTS if right != "s3:DeleteObject"]))
        if not _post(endpoint, "reset-auth", "0"):
            raise RuntimeError("moto did not switch authorization on")
        s3 = _client("s3", endpoint, admin)
        for bucket in BUCKETS:
            s3.create_bucket(Bucket=bucket)
        s3.put_object(Bucket="orders", Key=_DATA, Body=b"id\n1\n")
        yield S3(endpoint, admin, full, lacking)


def _client(service: str, endpoint: str, keys: Keys) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=keys.id,
        aws_secret_access_key=keys.secret,
    )


def _user(iam: Any, name: str, statements: list[dict[str, Any]]) -> Keys:
    iam.create_user(UserName=name)
    policy = json.dumps({"Version": "2012-10-17", "Statement": statements})
    iam.put_user_policy(UserName=name, PolicyName=name, PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


def _allow(actions: Any) -> list[dict[str, Any]]:
    resources = [arn for bucket in BUCKETS for arn in (f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*")]
    return [{"Effect": "Allow", "Action": list(actions), "Resource": resources}]


def _post(endpoint: str, path: str, body: str) -> bool:
    request = urllib.request.Request(f"{endpoint}/moto-api/{path}", body.encode(), {"content-type": "text/plain"})
    try:
        with urllib.request.urlopen(request) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False
