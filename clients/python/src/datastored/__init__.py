"""Client of datastored: register S3 datastores, and test their connections permission by permission."""

from datastored.client import Client, connect
from datastored.errors import (
    Aborted,
    AlreadyExists,
    Cancelled,
    DeadlineExceeded,
    Error,
    FailedPrecondition,
    FieldViolation,
    Internal,
    InvalidArgument,
    NotFound,
    PermissionDenied,
    Precondition,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
    error_of,
)
from datastored.events import Event, Events
from datastored.options import PlaintextTokenError, Tls
from datastored.secrets import Credentials

__all__ = [
    "Aborted",
    "AlreadyExists",
    "Cancelled",
    "Client",
    "Credentials",
    "DeadlineExceeded",
    "Error",
    "Event",
    "Events",
    "FailedPrecondition",
    "FieldViolation",
    "Internal",
    "InvalidArgument",
    "NotFound",
    "PermissionDenied",
    "PlaintextTokenError",
    "Precondition",
    "ResourceExhausted",
    "Tls",
    "Unauthenticated",
    "Unavailable",
    "connect",
    "error_of",
]
