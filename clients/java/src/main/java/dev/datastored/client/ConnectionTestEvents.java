package dev.datastored.client;

import dev.datastored.v1.TestConnectionResponse;
import io.grpc.Context;
import io.grpc.StatusRuntimeException;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The events of a connection test, as they come. Closing it before the last one cancels the test, from any thread, and what the test wrote is still removed;
 * a thread that waits for an event then gets a {@link DatastoredException} with {@code CANCELLED}. Only one thread may read.
 */
public final class ConnectionTestEvents implements Iterator<TestEvent>, AutoCloseable {
    private final Context.CancellableContext context = Context.current().withCancellation();
    private final Iterator<TestConnectionResponse> responses;
    private final Function<StatusRuntimeException, DatastoredException> failure;
    private Optional<TestEvent> next = Optional.empty();

    ConnectionTestEvents(Supplier<Iterator<TestConnectionResponse>> call, Function<StatusRuntimeException, DatastoredException> failure) {
        this.failure = failure;
        Context callers = context.attach();
        try {
            responses = call.get();
        } finally {
            context.detach(callers);
        }
    }

    /**
     * Waits for the next event.
     *
     * @return whether there is one
     * @throws DatastoredException if there was nothing to test, or the stream broke
     */
    @Override
    public boolean hasNext() {
        try {
            while (next.isEmpty() && responses.hasNext()) {
                next = event(responses.next());
            }
        } catch (StatusRuntimeException failed) {
            throw failure.apply(failed);
        }
        return next.isPresent();
    }

    /**
     * Waits for the next event and returns it.
     *
     * @throws DatastoredException if there was nothing to test, or the stream broke
     * @throws NoSuchElementException after the last one
     */
    @Override
    public TestEvent next() {
        if (!hasNext()) {
            throw new NoSuchElementException("the test has completed");
        }
        TestEvent event = next.orElseThrow();
        next = Optional.empty();
        return event;
    }

    @Override
    public void close() {
        context.cancel(null);
    }

    /** The event, or none if only a newer server knows it. */
    private static Optional<TestEvent> event(TestConnectionResponse response) {
        return switch (response.getEventCase()) {
            case STARTED -> Optional.of(new TestEvent.Started(response.getStarted()));
            case CHECK -> Optional.of(new TestEvent.Changed(response.getCheck()));
            case COMPLETED -> Optional.of(new TestEvent.Completed(response.getCompleted()));
            case EVENT_NOT_SET -> Optional.empty();
        };
    }
}
