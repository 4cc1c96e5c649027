package datastored_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	datastored "datastored.dev/client/go"
	pb "datastored.dev/client/go/datastorev1"
)

const token = "dsk_secret"

// newer is a server of a later version: its test begins with an event that no message of today has, field 99.
type newer struct {
	pb.UnimplementedDatastoreServiceServer
}

func (newer) TestConnection(_ *pb.TestConnectionRequest, stream grpc.ServerStreamingServer[pb.TestConnectionResponse]) error {
	unknown := &pb.TestConnectionResponse{}
	if err := proto.Unmarshal([]byte{0x98, 0x06, 0x01}, unknown); err != nil {
		return err
	}
	if err := stream.Send(unknown); err != nil {
		return err
	}
	return stream.Send(&pb.TestConnectionResponse{Event: &pb.TestConnectionResponse_Completed{Completed: &pb.ConnectionTestReport{}}})
}

// busy is a server that has too much to do, and asks for a short pause.
type busy struct {
	pb.UnimplementedDatastoreServiceServer
}

func (busy) GetDatastore(ctx context.Context, _ *pb.GetDatastoreRequest) (*pb.Datastore, error) {
	if err := grpc.SetTrailer(ctx, metadata.Pairs("grpc-retry-pushback-ms", "1")); err != nil {
		return nil, err
	}
	return nil, status.Error(codes.ResourceExhausted, "too much to do")
}

// serve is a client of a server that answers with service.
func serve(t *testing.T, service pb.DatastoreServiceServer) *datastored.Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterDatastoreServiceServer(server, service)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	client, err := datastored.Connect(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestAnEventThatOnlyANewerServerKnowsIsLeftOut(t *testing.T) {
	var events []string
	for event, err := range serve(t, newer{}).TestConnection(context.Background(), &pb.TestConnectionRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, fmt.Sprintf("%T", event))
	}
	if len(events) != 1 || events[0] != "datastored.Completed" {
		t.Fatal(events)
	}
}

func TestACallThatWasTriedAgainHasTheMessageOfTheServer(t *testing.T) {
	_, err := serve(t, busy{}).GetDatastore(context.Background(), &pb.GetDatastoreRequest{})
	failed, is := errors.AsType[*datastored.Error](err)
	if !is || failed.Code != codes.ResourceExhausted || failed.Message != "too much to do" {
		t.Fatal(err)
	}
}

func TestATokenThatCannotBeSentIsRefusedAndNotShown(t *testing.T) {
	for _, bad := range []string{token + "\n", " " + token, token + "é", ""} {
		_, err := datastored.Connect("localhost:1", datastored.WithToken(datastored.Secret(bad)))
		if !errors.Is(err, datastored.ErrToken) || strings.Contains(err.Error(), token) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestATokenGoesInPlainTextToThisMachineOnly(t *testing.T) {
	for target, here := range map[string]bool{
		"localhost:1":                  true,
		"127.1.2.3":                    true,
		"[::1]:1":                      true,
		"dns:///127.0.0.1:1":           true,
		"passthrough:///localhost:1":   true,
		"unix:/run/datastored":         true,
		"example.com:1":                false,
		"localhost.example.com:1":      false,
		"dns://10.0.0.1/localhost:1":   false,
		"dns:///example.com/localhost": false,
		"10.0.0.1:1":                   false,
		"[::2]:1":                      false,
	} {
		client, err := datastored.Connect(target, datastored.WithToken(token))
		if here != (err == nil) || !here && !errors.Is(err, datastored.ErrPlaintextToken) {
			t.Errorf("%s: %v", target, err)
		}
		if err == nil {
			_ = client.Close()
		}
	}
}
