package datastored

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"strings"
	"time"
)

// ErrPlaintextToken means that a token would go over a network in plain text.
var ErrPlaintextToken = errors.New("the token would go in plain text")

// Option says how to connect.
type Option func(*options)

type options struct {
	tls            *tls.Config
	token          Secret
	plaintextToken bool
	deadline       time.Duration
}

// WithTLS encrypts the connection. See [TLSFromFiles].
func WithTLS(config *tls.Config) Option { return func(o *options) { o.tls = config } }

// WithToken says who calls. The token is sent with every call; without TLS, to this machine only.
func WithToken(token Secret) Option { return func(o *options) { o.token = token } }

// WithPlaintextToken sends the token without TLS to another machine, too.
func WithPlaintextToken() Option { return func(o *options) { o.plaintextToken = true } }

// WithDeadline says how long a call may take whose context has no deadline; 0 for as long as it takes.
func WithDeadline(deadline time.Duration) Option { return func(o *options) { o.deadline = deadline } }

// TLSFromFiles reads the authorities of the server, and the caller's own certificate with its key, all in PEM. Without ca the server is trusted by the roots
// of the system; certificate and key are empty for a caller without one.
func TLSFromFiles(ca, certificate, key string) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if ca != "" {
		pem, err := os.ReadFile(ca)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s has no certificate in PEM", ca)
		}
	}
	if certificate != "" || key != "" {
		pair, err := tls.LoadX509KeyPair(certificate, key)
		if err != nil {
			return nil, err
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}

// isLoopback says whether a target of gRPC is on this machine: a loopback address, localhost or a Unix socket. What is not understood is not.
func isLoopback(target string) bool {
	address := target
	if scheme, rest, has := strings.Cut(target, ":"); has {
		switch scheme {
		case "unix", "unix-abstract":
			return true
		case "dns", "passthrough":
			address = rest[strings.LastIndex(rest, "/")+1:]
		}
	}
	host, _, _ := strings.Cut(address, ":")
	if strings.HasPrefix(address, "[") {
		host, _, _ = strings.Cut(address[1:], "]")
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}
