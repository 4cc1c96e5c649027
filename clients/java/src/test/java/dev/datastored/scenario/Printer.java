package dev.datastored.scenario;

import dev.datastored.client.DatastoredException;
import dev.datastored.client.TestEvent;
import dev.datastored.v1.CheckResult;
import dev.datastored.v1.ConnectionTestReport;
import dev.datastored.v1.ConnectionTestStarted;
import dev.datastored.v1.Datastore;
import dev.datastored.v1.Verdict;
import java.util.EnumSet;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.TreeMap;

/** Prints what the API answers, in the form that all clients print it. */
final class Printer {
    private static final Set<Verdict> ENDED =
            EnumSet.of(Verdict.VERDICT_PASSED, Verdict.VERDICT_FAILED, Verdict.VERDICT_SKIPPED, Verdict.VERDICT_INCONCLUSIVE);

    private Printer() {}

    static void line(String text) {
        System.out.println(text);
    }

    static void datastore(Datastore made) {
        String enrichment = made.getEnrichmentDatastore().isEmpty() ? "-" : made.getEnrichmentDatastore();
        line(String.join(
                " | ",
                made.getName(),
                made.getDisplayName(),
                made.getRole().name(),
                made.getS3().getUri(),
                enrichment,
                made.getConnection().getState().name()));
    }

    /** Prints the error that a call fails with. */
    static void error(Runnable call) {
        DatastoredException error = failure(call);
        line("error " + error.code() + " " + (error.reason().isEmpty() ? "-" : error.reason()));
        line("  message: " + error.description());
        new TreeMap<>(error.metadata()).forEach((key, value) -> line("  " + key + " = " + value));
        error.fieldViolations().forEach(one -> line("  violation " + one.field() + ": " + one.description()));
        error.preconditions().forEach(one -> line("  precondition " + one.type() + " " + one.subject() + ": " + one.description()));
        error.retryDelay().ifPresent(delay -> line("  retry after " + delay.toMillis() + " ms"));
    }

    /** The error that a call fails with. */
    static DatastoredException failure(Runnable call) {
        try {
            call.run();
        } catch (DatastoredException failed) {
            return failed;
        }
        throw new IllegalStateException("the call should have failed");
    }

    /** Prints the test that the events tell of. */
    static ConnectionTestReport test(Iterator<TestEvent> events) {
        StringBuilder ended = new StringBuilder("ended");
        while (events.hasNext()) {
            TestEvent event = events.next();
            if (event instanceof TestEvent.Started started) {
                ConnectionTestStarted plan = started.plan();
                line("started " + plan.getRole() + " " + plan.getUri() + ": " + plan.getChecksCount() + " checks");
            } else if (event instanceof TestEvent.Changed changed && ENDED.contains(changed.change().getCheck().getVerdict())) {
                ended.append(' ').append(changed.change().getDone()).append('/').append(changed.change().getTotal());
            } else if (event instanceof TestEvent.Completed completed) {
                line(ended.toString());
                report(completed.report());
                return completed.report();
            }
        }
        throw new NoSuchElementException("the test did not complete");
    }

    /** Prints what is kept of a test that was cancelled while it was in the named check. */
    static void kept(ConnectionTestReport report, String held) {
        line("kept " + report.getOutcome());
        report.getChecksList().stream().filter(one -> one.getCheck().name().equals(held)).forEach(Printer::check);
        line("  residue " + report.getResidueCount());
    }

    private static void report(ConnectionTestReport report) {
        line("completed " + report.getOutcome());
        report.getChecksList().forEach(Printer::check);
        report.getMissingActionsList().forEach(action -> line("  missing " + action));
        line("  residue " + report.getResidueCount());
    }

    private static void check(CheckResult result) {
        String finding = result.hasFinding() ? " " + result.getFinding().getReason() : "";
        String because = result.getSkippedBecauseOfValue() == 0 ? "" : " because of " + result.getSkippedBecauseOf();
        line("  " + result.getCheck() + " " + result.getAction() + " " + result.getVerdict() + finding + because);
    }
}
