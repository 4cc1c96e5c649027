package dev.datastored.client;

import dev.datastored.v1.CheckChanged;
import dev.datastored.v1.ConnectionTestReport;
import dev.datastored.v1.ConnectionTestStarted;

/** An event of a connection test: first its plan, then a change of a check at a time, its report at last. */
public sealed interface TestEvent {
    /**
     * What will be checked.
     *
     * @param plan every check, all pending
     */
    record Started(ConnectionTestStarted plan) implements TestEvent {}

    /**
     * A check has begun, or has ended.
     *
     * @param change the check as it stands now, and how many have ended
     */
    record Changed(CheckChanged change) implements TestEvent {}

    /**
     * The test has ended.
     *
     * @param report all that it found
     */
    record Completed(ConnectionTestReport report) implements TestEvent {}
}
