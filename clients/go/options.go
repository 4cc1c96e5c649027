package datastored

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"regexp"
	"time"
)

// ErrPlaintextToken means that a token would go over a network in plain text.
var ErrPlaintextToken = errors.New("the token would go in plain text")

// ErrToken means that a token is empty, or has characters that no token has, such as a line's end.
var ErrToken = errors.New("the token is empty, or has characters that no token has, such as a line's end; give it as `datastored tokens create` has printed it")

var (
	visible  = regexp.MustCompile(`^[\x21-\x7e]+$`)
	loopback = regexp.MustCompile(`^(?i:(dns:(///)?|passthrough:(///)?)?(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?|unix(-abstract)?:.*)$`)
)

// Option says how to connect.
type Option func(*options)

type options struct {
	tls            *tls.Config
	token          *Secret
	plaintextToken bool
	deadline       time.Duration
}

// WithTLS encrypts the connection. See [TLSFromFiles].
func WithTLS(config *tls.Config) Option { return func(o *options) { o.tls = config } }

// WithToken says who calls. The token is sent with every call; without TLS, to this machine only.
func WithToken(token Secret) Option { return func(o *options) { o.token = &token } }

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
func isLoopback(target string) bool { return loopback.MatchString(target) }

// checkToken refuses a token that cannot be sent, and to send one over a network in plain text.
func (o *options) checkToken(target string) error {
	switch {
	case o.token == nil:
		return nil
	case !visible.MatchString(o.token.Expose()):
		return ErrToken
	case o.tls == nil && !o.plaintextToken && !isLoopback(target):
		return fmt.Errorf("%w to %s: give WithTLS, or WithPlaintextToken for a network where nobody else can read", ErrPlaintextToken, target)
	default:
		return nil
	}
}
