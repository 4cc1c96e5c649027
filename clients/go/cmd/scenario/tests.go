package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"time"

	"google.golang.org/grpc/codes"

	datastored "datastored.dev/client/go"
	pb "datastored.dev/client/go/datastorev1"
)

// patience is how long the report of a test that was stopped may take to come.
const patience = 30 * time.Second

func testSaved(ctx context.Context, client *datastored.Client, step step) error {
	_, err := showTest(client.TestConnection(ctx, ofSaved(step.Name)))
	return err
}

func testUnsaved(ctx context.Context, client *datastored.Client, step step) error {
	unsaved := datastore(values{URI: step.URI}, pb.Role_ROLE_ENRICHMENT, os.Getenv("S3_ENDPOINT"), lackingKeys())
	request := &pb.TestConnectionRequest{Target: &pb.TestConnectionRequest_Datastore{Datastore: unsaved}}
	report, err := showTest(client.TestConnection(ctx, request))
	if err != nil {
		return err
	}
	for _, check := range report.GetChecks() {
		if finding := check.GetFinding(); finding.GetMissingAction() != "" {
			fmt.Printf("  %s\n  %s\n", finding.GetTitle(), finding.GetRemedy())
		}
	}
	return nil
}

func cancelStep(ctx context.Context, client *datastored.Client, step step) error {
	name, err := createHeld(ctx, client, step.Datastore)
	if err != nil {
		return err
	}
	id, err := runUntil(client.TestConnection(ctx, ofSaved(name)), step.CancelAfter)
	if err != nil {
		return err
	}
	fmt.Printf("cancelled after %s\n", step.CancelAfter)
	return showKept(ctx, client, name, id, step.Held)
}

func deadlineStep(ctx context.Context, client *datastored.Client, step step) error {
	name, err := createHeld(ctx, client, step.Datastore)
	if err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, time.Duration(step.DeadlineSeconds*float64(time.Second)))
	defer cancel()
	id, err := runUntil(client.TestConnection(short, ofSaved(name)), "")
	failed, is := errors.AsType[*datastored.Error](err)
	if !is {
		return fmt.Errorf("no deadline has passed: %w", err)
	}
	fmt.Println(codeName(failed.Code))
	return showKept(ctx, client, name, id, step.Held)
}

func ofSaved(name string) *pb.TestConnectionRequest {
	return &pb.TestConnectionRequest{Target: &pb.TestConnectionRequest_Name{Name: name}}
}

// createHeld creates an enrichment datastore whose objects cannot be read until a test of it has lost its reader.
func createHeld(ctx context.Context, client *datastored.Client, values values) (string, error) {
	created, err := client.CreateDatastore(ctx, &pb.CreateDatastoreRequest{
		Datastore:          datastore(values, pb.Role_ROLE_ENRICHMENT, os.Getenv("S3_HELD_ENDPOINT"), fullKeys()),
		DatastoreId:        values.ID,
		SkipConnectionTest: true,
	})
	return created.GetName(), err
}

// runUntil reads the events of a test until that check has passed, and gives the test's id.
func runUntil(events iter.Seq2[datastored.Event, error], check string) (string, error) {
	id := ""
	for event, err := range events {
		if err != nil {
			return id, err
		}
		switch event := event.(type) {
		case datastored.Started:
			id = event.GetTestId()
		case datastored.CheckChanged:
			changed := event.GetCheck()
			if changed.GetCheck().String() == check && changed.GetVerdict() == pb.Verdict_VERDICT_PASSED {
				return id, nil
			}
		}
	}
	return id, errors.New("the test has ended")
}

// showKept waits for the report of a test that was stopped, and prints what it says.
func showKept(ctx context.Context, client *datastored.Client, name, id, held string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	request := &pb.GetConnectionTestRequest{Name: name + "/connectionTests/" + id}
	kept, err := client.GetConnectionTest(ctx, request)
	for isNotFound(err) {
		select {
		case <-ctx.Done():
			return err
		case <-time.After(50 * time.Millisecond):
		}
		kept, err = client.GetConnectionTest(ctx, request)
	}
	if err != nil {
		return err
	}
	fmt.Printf("kept %s\n", kept.GetReport().GetOutcome())
	for _, check := range kept.GetReport().GetChecks() {
		if check.GetCheck().String() == held {
			showCheck(check)
		}
	}
	fmt.Printf("  residue %d\n", len(kept.GetReport().GetResidue()))
	return nil
}

func isNotFound(err error) bool {
	failed, is := errors.AsType[*datastored.Error](err)
	return is && failed.Code == codes.NotFound
}
