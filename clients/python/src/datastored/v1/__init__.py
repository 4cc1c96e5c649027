"""The messages of the API, made from the protos by clients/generate.sh. Do not edit."""

from datastored.v1.audit_event_pb2 import *
from datastored.v1.connection_test_pb2 import *
from datastored.v1.datastore_pb2 import *
from datastored.v1.datastore_service_pb2 import *
from datastored.v1.error_reason_pb2 import *
from datastored.v1.iam_policy_pb2 import *
