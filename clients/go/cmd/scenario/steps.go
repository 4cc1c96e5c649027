package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	datastored "datastored.dev/client/go"
	pb "datastored.dev/client/go/datastorev1"
)

// steps are the steps that are one call or a few; those of tests are in tests.go.
var steps = map[string]func(context.Context, *datastored.Client, step) error{
	"secrets":         secrets,
	"plaintext_token": plaintextToken,
	"token_refused":   tokenRefused,
	"tls":             tlsStep,
	"create":          create,
	"create_bad":      createBad,
	"create_refused":  createRefused,
	"list":            list,
	"update":          update,
	"test":            testSaved,
	"test_unsaved":    testUnsaved,
	"cancel":          cancelStep,
	"deadline":        deadlineStep,
	"retry":           retry,
	"delete_in_use":   deleteInUse,
	"unlink":          unlink,
	"delete":          deleteStep,
}

func secrets(_ context.Context, client *datastored.Client, _ step) error {
	keys := fullKeys()
	showHidden("credentials", keys.SecretAccessKey, keys)
	showHidden("client", token(), client)
	return nil
}

func plaintextToken(_ context.Context, _ *datastored.Client, step step) error {
	client, err := datastored.Connect(step.Target, datastored.WithToken(token()))
	if errors.Is(err, datastored.ErrPlaintextToken) {
		fmt.Println("refused")
		return nil
	}
	if err == nil {
		fmt.Println("sent")
		err = client.Close()
	}
	return err
}

func tokenRefused(ctx context.Context, _ *datastored.Client, step step) error {
	client, err := datastored.Connect(os.Getenv("DATASTORED_ADDRESS"), datastored.WithToken(step.Token))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	_, err = client.ListDatastores(ctx, &pb.ListDatastoresRequest{})
	return showError(err)
}

func tlsStep(ctx context.Context, _ *datastored.Client, _ step) error {
	config, err := datastored.TLSFromFiles(os.Getenv("DATASTORED_TLS_CA"), os.Getenv("DATASTORED_TLS_CERTIFICATE"), os.Getenv("DATASTORED_TLS_KEY"))
	if err != nil {
		return err
	}
	client, err := datastored.Connect(os.Getenv("DATASTORED_TLS_ADDRESS"), datastored.WithTLS(config))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	return showCount(ctx, client)
}

func create(ctx context.Context, client *datastored.Client, step step) error {
	source := datastore(step.Source, pb.Role_ROLE_SOURCE, os.Getenv("S3_ENDPOINT"), fullKeys())
	source.Labels = step.Labels
	created, err := client.CreateDatastore(ctx, &pb.CreateDatastoreRequest{
		Datastore:   source,
		DatastoreId: step.Source.ID,
		Enrichment: &pb.CreateDatastoreRequest_NewEnrichment{NewEnrichment: &pb.NewEnrichment{
			Datastore:   datastore(step.Enrichment, pb.Role_ROLE_ENRICHMENT, os.Getenv("S3_ENDPOINT"), fullKeys()),
			DatastoreId: step.Enrichment.ID,
		}},
	})
	if err != nil {
		return err
	}
	showDatastore(created)
	return showGot(ctx, client, created.GetEnrichmentDatastore())
}

func createBad(ctx context.Context, client *datastored.Client, step step) error {
	_, err := client.CreateDatastore(ctx, &pb.CreateDatastoreRequest{Datastore: &pb.Datastore{
		DisplayName: step.DisplayName,
		Config:      &pb.Datastore_S3{S3: &pb.S3Config{Uri: step.URI}},
		Labels:      step.Labels,
	}})
	return showError(err)
}

func createRefused(ctx context.Context, client *datastored.Client, step step) error {
	_, err := client.CreateDatastore(ctx, &pb.CreateDatastoreRequest{
		Datastore:   datastore(step.Datastore, pb.Role_ROLE_ENRICHMENT, os.Getenv("S3_ENDPOINT"), lackingKeys()),
		DatastoreId: step.Datastore.ID,
	})
	return showError(err)
}

func list(ctx context.Context, client *datastored.Client, step step) error {
	request := &pb.ListDatastoresRequest{PageSize: step.PageSize, OrderBy: step.OrderBy}
	for number := 1; ; number++ {
		page, err := client.ListDatastores(ctx, request)
		if err != nil {
			return err
		}
		names := []string{fmt.Sprintf("page %d:", number)}
		for _, one := range page.GetDatastores() {
			names = append(names, one.GetName())
		}
		fmt.Println(strings.Join(names, " "))
		if page.GetNextPageToken() == "" {
			return nil
		}
		request.PageToken = page.GetNextPageToken()
	}
}

func update(ctx context.Context, client *datastored.Client, step step) error {
	known, err := client.GetDatastore(ctx, &pb.GetDatastoreRequest{Name: step.Name})
	if err != nil {
		return err
	}
	rename := func(displayName string) (*pb.Datastore, error) {
		return client.UpdateDatastore(ctx, &pb.UpdateDatastoreRequest{
			Datastore:  &pb.Datastore{Name: known.GetName(), Etag: known.GetEtag(), DisplayName: displayName},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name"}},
		})
	}
	changed, err := rename(step.DisplayName)
	if err != nil {
		return err
	}
	showDatastore(changed)
	_, err = rename(step.StaleDisplayName)
	return showError(err)
}

func retry(ctx context.Context, _ *datastored.Client, step step) error {
	client, err := datastored.Connect(os.Getenv("DATASTORED_FRONT_ADDRESS"), datastored.WithToken(token()))
	if err != nil {
		return err
	}
	defer func() { _ = client.Close() }()
	if err := showGot(ctx, client, step.Name); err != nil {
		return err
	}
	if err := showCount(ctx, client); err != nil {
		return err
	}
	_, err = client.CreateDatastore(ctx, &pb.CreateDatastoreRequest{
		Datastore:          datastore(step.Datastore, pb.Role_ROLE_SOURCE, os.Getenv("S3_ENDPOINT"), fullKeys()),
		DatastoreId:        step.Datastore.ID,
		SkipConnectionTest: true,
	})
	if err := showError(err); err != nil {
		return err
	}
	_, err = client.DeleteDatastore(ctx, &pb.DeleteDatastoreRequest{Name: step.Name})
	return showError(err)
}

func deleteInUse(ctx context.Context, client *datastored.Client, step step) error {
	_, err := client.DeleteDatastore(ctx, &pb.DeleteDatastoreRequest{Name: step.Name})
	return showError(err)
}

func unlink(ctx context.Context, client *datastored.Client, step step) error {
	unlinked, err := client.UnlinkEnrichment(ctx, &pb.UnlinkEnrichmentRequest{Name: step.Name})
	if err == nil {
		showDatastore(unlinked)
	}
	return err
}

func deleteStep(ctx context.Context, client *datastored.Client, step step) error {
	if _, err := client.DeleteDatastore(ctx, &pb.DeleteDatastoreRequest{Name: step.Name}); err != nil {
		return err
	}
	_, err := client.GetDatastore(ctx, &pb.GetDatastoreRequest{Name: step.Name})
	return showError(err)
}
