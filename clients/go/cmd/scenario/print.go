package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"maps"
	"slices"
	"strings"

	rpc "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/grpc/codes"

	datastored "datastored.dev/client/go"
	pb "datastored.dev/client/go/datastorev1"
)

func showHidden(what string, secret datastored.Secret, value any) {
	var text bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&text, verb, value)
	}
	fmt.Fprint(&text, value, []any{value}, map[string]any{"it": value})
	slog.New(slog.NewTextHandler(&text, nil)).Info("log", "it", value)
	slog.New(slog.NewJSONHandler(&text, nil)).Info("log", "it", value)
	if err := json.NewEncoder(&text).Encode(value); err != nil {
		text.WriteString(err.Error())
	}
	shown := "hidden"
	if strings.Contains(text.String(), secret.Expose()) || strings.Contains(text.String(), fmt.Sprintf("%x", secret.Expose())) {
		shown = "shown"
	}
	fmt.Printf("%s: %s\n", what, shown)
}

func showDatastore(one *pb.Datastore) {
	link, state := cmp.Or(one.GetEnrichmentDatastore(), "-"), one.GetConnection().GetState()
	fmt.Printf("%s | %s | %s | %s | %s | %s\n", one.GetName(), one.GetDisplayName(), one.GetRole(), one.GetS3().GetUri(), link, state)
}

func showGot(ctx context.Context, client *datastored.Client, name string) error {
	one, err := client.GetDatastore(ctx, &pb.GetDatastoreRequest{Name: name})
	if err == nil {
		showDatastore(one)
	}
	return err
}

func showCount(ctx context.Context, client *datastored.Client) error {
	page, err := client.ListDatastores(ctx, &pb.ListDatastoresRequest{})
	if err == nil {
		fmt.Printf("%d datastores\n", len(page.GetDatastores()))
	}
	return err
}

func showCheck(check *pb.CheckResult) {
	fmt.Printf("  %s %s %s", check.GetCheck(), check.GetAction(), check.GetVerdict())
	if finding := check.GetFinding(); finding != nil {
		fmt.Printf(" %s", finding.GetReason())
	}
	if cause := check.GetSkippedBecauseOf(); cause != pb.Check_CHECK_UNSPECIFIED {
		fmt.Printf(" because of %s", cause)
	}
	fmt.Println()
}

// showTest prints a test as its events come, and gives its report.
func showTest(events iter.Seq2[datastored.Event, error]) (*pb.ConnectionTestReport, error) {
	ended := []string{"ended"}
	var report *pb.ConnectionTestReport
	for event, err := range events {
		if err != nil {
			return nil, err
		}
		switch event := event.(type) {
		case datastored.Started:
			fmt.Printf("started %s %s: %d checks\n", event.GetRole(), event.GetUri(), len(event.GetChecks()))
		case datastored.CheckChanged:
			if hasEnded(event.GetCheck().GetVerdict()) {
				ended = append(ended, fmt.Sprintf("%d/%d", event.GetDone(), event.GetTotal()))
			}
		case datastored.Completed:
			report = event.ConnectionTestReport
		}
	}
	fmt.Println(strings.Join(ended, " "))
	fmt.Printf("completed %s\n", report.GetOutcome())
	for _, check := range report.GetChecks() {
		showCheck(check)
	}
	for _, action := range report.GetMissingActions() {
		fmt.Printf("  missing %s\n", action)
	}
	fmt.Printf("  residue %d\n", len(report.GetResidue()))
	return report, nil
}

func hasEnded(verdict pb.Verdict) bool {
	switch verdict {
	case pb.Verdict_VERDICT_PASSED, pb.Verdict_VERDICT_FAILED, pb.Verdict_VERDICT_SKIPPED, pb.Verdict_VERDICT_INCONCLUSIVE:
		return true
	default:
		return false
	}
}

// showError prints an error of the API; any other one is given back.
func showError(err error) error {
	if err == nil {
		fmt.Println("no error")
		return nil
	}
	failed, is := errors.AsType[*datastored.Error](err)
	if !is {
		return err
	}
	fmt.Printf("error %s %s\n  message: %s\n", codeName(failed.Code), cmp.Or(failed.Reason, "-"), failed.Message)
	for _, key := range slices.Sorted(maps.Keys(failed.Metadata)) {
		fmt.Printf("  %s = %s\n", key, failed.Metadata[key])
	}
	for _, one := range failed.Violations {
		fmt.Printf("  violation %s: %s\n", one.GetField(), one.GetDescription())
	}
	for _, one := range failed.Preconditions {
		fmt.Printf("  precondition %s %s: %s\n", one.GetType(), one.GetSubject(), one.GetDescription())
	}
	if failed.RetryDelay > 0 {
		fmt.Printf("  retry after %d ms\n", failed.RetryDelay.Milliseconds())
	}
	return nil
}

// codeName is the name that the API documents: NOT_FOUND where Go says NotFound.
func codeName(code codes.Code) string { return rpc.Code(code).String() }
