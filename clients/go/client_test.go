package datastored_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc"
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

func TestAnEventThatOnlyANewerServerKnowsIsLeftOut(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer()
	pb.RegisterDatastoreServiceServer(server, newer{})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	client, err := datastored.Connect(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	var events []string
	for event, err := range client.TestConnection(context.Background(), &pb.TestConnectionRequest{}) {
		if err != nil {
			t.Fatal(err)
		}
		events = append(events, reflect.ValueOf(event).String())
	}
	if len(events) != 1 || events[0] != "<datastored.Completed Value>" {
		t.Fatal(events)
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
