// Command scenario plays the scenario of clients/README.md and prints its transcript.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"

	datastored "datastored.dev/client/go"
	pb "datastored.dev/client/go/datastorev1"
)

// values are those of a datastore in scenario.json.
type values struct {
	ID          string `json:"id"`
	DisplayName string `json:"display_name"`
	URI         string `json:"uri"`
}

// step has the values of every kind of step; each uses some.
type step struct {
	Step             string            `json:"step"`
	Target           string            `json:"target"`
	Token            datastored.Secret `json:"token"`
	Source           values            `json:"source"`
	Enrichment       values            `json:"enrichment"`
	Datastore        values            `json:"datastore"`
	Labels           map[string]string `json:"labels"`
	Name             string            `json:"name"`
	URI              string            `json:"uri"`
	DisplayName      string            `json:"display_name"`
	StaleDisplayName string            `json:"stale_display_name"`
	PageSize         int32             `json:"page_size"`
	OrderBy          string            `json:"order_by"`
	CancelAfter      string            `json:"cancel_after"`
	Held             string            `json:"held"`
	DeadlineSeconds  float64           `json:"deadline_seconds"`
}

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	text, err := os.ReadFile(os.Getenv("SCENARIO"))
	if err != nil {
		return err
	}
	var file struct {
		Steps []step `json:"steps"`
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return err
	}
	client, err := datastored.Connect(os.Getenv("DATASTORED_ADDRESS"), datastored.WithToken(token()))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	for _, step := range file.Steps {
		play, known := steps[step.Step]
		if !known {
			return fmt.Errorf("no step is called %s", step.Step)
		}
		fmt.Printf("## %s\n", step.Step)
		if err := play(ctx, client, step); err != nil {
			return fmt.Errorf("%s: %w", step.Step, err)
		}
	}
	return nil
}

func token() datastored.Secret { return datastored.Secret(os.Getenv("DATASTORED_TOKEN")) }

func fullKeys() datastored.Credentials {
	return datastored.Credentials{
		AccessKeyID:     os.Getenv("S3_ACCESS_KEY_ID"),
		SecretAccessKey: datastored.Secret(os.Getenv("S3_SECRET_ACCESS_KEY")),
	}
}

func lackingKeys() datastored.Credentials {
	return datastored.Credentials{
		AccessKeyID:     os.Getenv("S3_LACKING_ACCESS_KEY_ID"),
		SecretAccessKey: datastored.Secret(os.Getenv("S3_LACKING_SECRET_ACCESS_KEY")),
	}
}

// datastore is a new one, at an S3 server.
func datastore(values values, role pb.Role, endpoint string, keys datastored.Credentials) *pb.Datastore {
	return &pb.Datastore{
		DisplayName: values.DisplayName,
		Role:        role,
		Config: &pb.Datastore_S3{S3: &pb.S3Config{
			Uri:         values.URI,
			Endpoint:    endpoint,
			Credentials: &pb.S3Config_AccessKey{AccessKey: keys.Message()},
		}},
	}
}
