package datastored

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"

	"datastored.dev/client/go/datastorev1"
)

// DefaultDeadline is how long a call may take if nothing else is said. Creating a datastore tests its connection, which can take a minute.
const DefaultDeadline = 90 * time.Second

const (
	keepaliveTime    = 30 * time.Second
	keepaliveTimeout = 20 * time.Second
)

//go:embed service_config.json
var serviceConfig string

// Client is a connection to datastored, made by [Connect]. It has every call of the API; their errors are an [*Error]. It may be used by many goroutines.
type Client struct {
	datastorev1.DatastoreServiceClient
	conn *grpc.ClientConn
}

// Connect makes a client of the server at target, `host:port` or another target of gRPC. The connection is made with the first call, and made again when it
// breaks.
//
// Calls that only read are tried again when the server is unavailable or has too much to do; others are not.
//
// The error is [ErrPlaintextToken] when a token would go to another machine in plain text, [ErrToken] when it is none.
func Connect(target string, opts ...Option) (*Client, error) {
	o := options{deadline: DefaultDeadline}
	for _, opt := range opts {
		opt(&o)
	}
	if err := o.checkToken(target); err != nil {
		return nil, err
	}
	conn, err := grpc.NewClient(target, o.dialOptions()...)
	if err != nil {
		return nil, err
	}
	return &Client{datastorev1.NewDatastoreServiceClient(conn), conn}, nil
}

func (o *options) dialOptions() []grpc.DialOption {
	dial := []grpc.DialOption{
		grpc.WithDefaultServiceConfig(serviceConfig),
		grpc.WithDisableServiceConfig(),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: keepaliveTime, Timeout: keepaliveTimeout}),
		grpc.WithChainUnaryInterceptor(o.intercept),
	}
	if o.tls == nil {
		// A proxy of the environment would read what is in plain text, the token too.
		dial = append(dial, grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithNoProxy())
	} else {
		dial = append(dial, grpc.WithTransportCredentials(credentials.NewTLS(o.tls)))
	}
	if o.token != nil {
		dial = append(dial, grpc.WithPerRPCCredentials(bearer{*o.token}))
	}
	return dial
}

// intercept gives a call its deadline, and makes its error one of ours.
func (o *options) intercept(
	ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption,
) error {
	if _, has := ctx.Deadline(); !has && o.deadline > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.deadline)
		defer cancel()
	}
	return errorOf(invoke(ctx, method, request, reply, conn, opts...))
}

// bearer sends a token with every call. Whether it may go in plain text has been decided by [Connect].
type bearer struct{ token Secret }

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + b.token.Expose()}, nil
}

func (bearer) RequireTransportSecurity() bool { return false }

// Event is what a connection test tells: [Started] first, a [CheckChanged] for each change, [Completed] at last.
type Event interface{ event() }

// Started is the plan of a test.
type Started struct {
	*datastorev1.ConnectionTestStarted
}

// CheckChanged says that a check has begun or has ended.
type CheckChanged struct{ *datastorev1.CheckChanged }

// Completed is the report of a test.
type Completed struct {
	*datastorev1.ConnectionTestReport
}

func (Started) event()      {}
func (CheckChanged) event() {}
func (Completed) event()    {}

// TestConnection tests a connection and gives its events as they come. It has no deadline but that of ctx: the server bounds a test.
//
// Leaving the loop stops the test, and what it wrote is removed. A test that finds missing rights ends with a report; an error, always last, means that there
// was nothing to test, or that the stream broke.
func (c *Client) TestConnection(ctx context.Context, request *datastorev1.TestConnectionRequest, opts ...grpc.CallOption) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err := c.DatastoreServiceClient.TestConnection(ctx, request, opts...)
		for err == nil {
			var response *datastorev1.TestConnectionResponse
			if response, err = stream.Recv(); err == nil {
				if event := eventOf(response); event != nil && !yield(event, nil) {
					return
				}
			}
		}
		if !errors.Is(err, io.EOF) {
			yield(nil, errorOf(err))
		}
	}
}

// eventOf is the event, or nil if only a newer server knows it.
func eventOf(response *datastorev1.TestConnectionResponse) Event {
	switch event := response.GetEvent().(type) {
	case *datastorev1.TestConnectionResponse_Started:
		return Started{event.Started}
	case *datastorev1.TestConnectionResponse_Check:
		return CheckChanged{event.Check}
	case *datastorev1.TestConnectionResponse_Completed:
		return Completed{event.Completed}
	default:
		return nil
	}
}

// Close closes the connection. Calls that are under way are cancelled.
func (c *Client) Close() error { return c.conn.Close() }

// String names the server, and no secret.
func (c *Client) String() string { return fmt.Sprintf("datastored.Client(%s)", c.conn.Target()) }

// Format writes the same for every verb.
func (c *Client) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, c.String()) }

// LogValue is what slog writes.
func (c *Client) LogValue() slog.Value { return slog.StringValue(c.String()) }
