package datastored

import (
	"fmt"
	"regexp"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// Error is a call that failed. Get it with errors.AsType[*datastored.Error](err).
type Error struct {
	// Code is the status code of gRPC.
	Code codes.Code
	// Message says what happened and what to do, in a sentence.
	Message string
	// Reason is the cause: a value of datastorev1.ErrorReason without its prefix, for example ETAG_MISMATCH. Empty when the server was not reached.
	Reason string
	// Metadata belongs to the reason, as error_reason.proto shows it.
	Metadata map[string]string
	// Violations has every field of the request that is wrong.
	Violations []*errdetails.BadRequest_FieldViolation
	// Preconditions has everything that has to be otherwise.
	Preconditions []*errdetails.PreconditionFailure_Violation
	// RetryDelay is after which time to try again; 0 if the server does not say.
	RetryDelay time.Duration

	status *status.Status
}

// Error is the code, the reason and the message.
func (e *Error) Error() string {
	if e.Reason == "" {
		return fmt.Sprintf("%s: %s", e.Code, e.Message)
	}
	return fmt.Sprintf("%s %s: %s", e.Code, e.Reason, e.Message)
}

// GRPCStatus is the status as it came, for status.FromError and status.Code.
func (e *Error) GRPCStatus() *status.Status { return e.status }

// retried is what gRPC writes before the message of the last attempt.
var retried = regexp.MustCompile(`^max retries exhausted: failed after \d+ attempts: rpc error: code = \w+ desc = `)

func errorOf(err error) error {
	if err == nil {
		return nil
	}
	from := status.Convert(err)
	e := &Error{Code: from.Code(), Message: retried.ReplaceAllString(from.Message(), ""), status: from}
	for _, detail := range from.Details() {
		switch detail := detail.(type) {
		case *errdetails.ErrorInfo:
			e.Reason, e.Metadata = detail.GetReason(), detail.GetMetadata()
		case *errdetails.BadRequest:
			e.Violations = detail.GetFieldViolations()
		case *errdetails.PreconditionFailure:
			e.Preconditions = detail.GetViolations()
		case *errdetails.RetryInfo:
			e.RetryDelay = detail.GetRetryDelay().AsDuration()
		}
	}
	return e
}
