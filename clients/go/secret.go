package datastored

import (
	"fmt"
	"io"
	"log/slog"

	"datastored.dev/client/go/datastorev1"
)

const hidden = "***"

// Secret is a text that no print, JSON or log shows: it is *** there. Only [Secret.Expose] gives it.
type Secret string

// Expose gives the secret.
func (s Secret) Expose() string { return string(s) }

// String is ***.
func (Secret) String() string { return hidden }

// GoString is ***.
func (Secret) GoString() string { return hidden }

// Format writes *** for every verb.
func (Secret) Format(state fmt.State, _ rune) { _, _ = io.WriteString(state, hidden) }

// MarshalText is ***, and so is the JSON.
func (Secret) MarshalText() ([]byte, error) { return []byte(hidden), nil }

// LogValue is ***.
func (Secret) LogValue() slog.Value { return slog.StringValue(hidden) }

// Credentials are an access key of AWS; SessionToken is set for temporary ones.
type Credentials struct {
	AccessKeyID     string
	SecretAccessKey Secret
	SessionToken    Secret
}

// Message is the credentials as the API takes them. Printed, this message shows the secrets: send it, and do not log it.
func (c Credentials) Message() *datastorev1.AccessKey {
	return &datastorev1.AccessKey{
		AccessKeyId:     c.AccessKeyID,
		SecretAccessKey: c.SecretAccessKey.Expose(),
		SessionToken:    c.SessionToken.Expose(),
	}
}
