"""What a call fails with: an exception for each status code, with the reason and the details that the server gives."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, PreconditionFailure, RetryInfo
from google.rpc.status_pb2 import Status

_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True)
class FieldViolation:
    """A field of the request that is missing or wrong."""

    field: str
    description: str


@dataclass(frozen=True)
class Precondition:
    """Something that has to be otherwise before the call can succeed."""

    type: str
    subject: str
    description: str


class Error(Exception):
    """A call that failed.

    Attributes:
        code: The status code of gRPC.
        message: What happened and what to do, in a sentence.
        reason: The cause: a value of `datastored.v1.ErrorReason` without its prefix, such as `ETAG_MISMATCH`. Empty when the server was not reached.
        metadata: What belongs to the reason, as `error_reason.proto` shows it.
        violations: Every field of the request that is wrong.
        preconditions: Everything that has to be otherwise.
        retry_delay: After which time to try again, if the server says so.
    """

    def __init__(self, code: grpc.StatusCode, message: str, details: list[Message]) -> None:
        self.code = code
        self.message = message
        self.reason = ""
        self.metadata: dict[str, str] = {}
        self.violations: list[FieldViolation] = []
        self.preconditions: list[Precondition] = []
        self.retry_delay: timedelta | None = None
        for detail in details:
            self._take(detail)
        super().__init__(" ".join(filter(None, (code.name, self.reason))) + f": {message}")

    def _take(self, detail: Message) -> None:
        match detail:
            case ErrorInfo():
                self.reason, self.metadata = detail.reason, dict(detail.metadata)
            case BadRequest():
                self.violations = [FieldViolation(one.field, one.description) for one in detail.field_violations]
            case PreconditionFailure():
                self.preconditions = [Precondition(one.type, one.subject, one.description) for one in detail.violations]
            case RetryInfo():
                self.retry_delay = detail.retry_delay.ToTimedelta()


class Cancelled(Error):
    """The call was cancelled."""


class InvalidArgument(Error):
    """Fields of the request are missing or wrong: see `violations`."""


class DeadlineExceeded(Error):
    """The call took longer than it may."""


class NotFound(Error):
    """What the call names is not there."""


class AlreadyExists(Error):
    """The name, or the request ID, is taken."""


class PermissionDenied(Error):
    """The caller may not do that."""


class ResourceExhausted(Error):
    """There are too many calls or tests: try again after `retry_delay`."""


class FailedPrecondition(Error):
    """Something else has to be done first: see `preconditions`."""


class Aborted(Error):
    """Somebody else was faster: read again, then send the change again."""


class Internal(Error):
    """A fault of the server; its log tells more under `metadata["error_id"]`."""


class Unavailable(Error):
    """The server cannot be reached, or cannot work at present."""


class Unauthenticated(Error):
    """The server does not know who calls."""


_CLASSES: dict[grpc.StatusCode, type[Error]] = {
    grpc.StatusCode.CANCELLED: Cancelled,
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgument,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceeded,
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExists,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDenied,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhausted,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPrecondition,
    grpc.StatusCode.ABORTED: Aborted,
    grpc.StatusCode.INTERNAL: Internal,
    grpc.StatusCode.UNAVAILABLE: Unavailable,
    grpc.StatusCode.UNAUTHENTICATED: Unauthenticated,
}


def error_of(failed: grpc.RpcError) -> Error:
    """The exception for a call that has failed, of the synchronous or of the asynchronous API."""
    call: grpc.Call = failed  # type: ignore[assignment]
    code = call.code()
    return _CLASSES.get(code, Error)(code, call.details() or "", _details(call))


def closed_error() -> Cancelled:
    """The exception for a call of a client that is closed."""
    return Cancelled(grpc.StatusCode.CANCELLED, "the client is closed", [])


def _details(call: grpc.Call) -> list[Message]:
    """The details that this client knows; none where what answered is no datastored and has sent something else."""
    packed: list[Any] = []
    for key, value in call.trailing_metadata() or ():
        if key == _DETAILS:
            with suppress(DecodeError):
                packed += Status.FromString(value).details
    details: list[Message] = []
    for kind in (ErrorInfo, BadRequest, PreconditionFailure, RetryInfo):
        for one in packed:
            detail = kind()
            with suppress(DecodeError):
                if one.Unpack(detail):
                    details.append(detail)
    return details
