package dev.datastored.client;

import dev.datastored.v1.CheckChanged;
import dev.datastored.v1.ConnectionTestReport;
import dev.datastored.v1.ConnectionTestStarted;
import dev.datastored.v1.TestConnectionResponse;
import java.util.Optional;

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

    /** The event, or none if only a newer server knows it. */
    static Optional<TestEvent> of(TestConnectionResponse response) {
        return switch (response.getEventCase()) {
            case STARTED -> Optional.of(new Started(response.getStarted()));
            case CHECK -> Optional.of(new Changed(response.getCheck()));
            case COMPLETED -> Optional.of(new Completed(response.getCompleted()));
            case EVENT_NOT_SET -> Optional.empty();
        };
    }
}
