package dev.datastored.client;

import dev.datastored.v1.ClaimPrefixRequest;
import dev.datastored.v1.ConnectionTest;
import dev.datastored.v1.CreateDatastoreRequest;
import dev.datastored.v1.Datastore;
import dev.datastored.v1.DatastoreServiceGrpc;
import dev.datastored.v1.DatastoreServiceGrpc.DatastoreServiceBlockingStub;
import dev.datastored.v1.DeleteDatastoreRequest;
import dev.datastored.v1.GenerateIamPolicyRequest;
import dev.datastored.v1.GenerateIamPolicyResponse;
import dev.datastored.v1.GetConnectionTestRequest;
import dev.datastored.v1.GetDatastoreRequest;
import dev.datastored.v1.LinkEnrichmentRequest;
import dev.datastored.v1.ListAuditEventsRequest;
import dev.datastored.v1.ListAuditEventsResponse;
import dev.datastored.v1.ListConnectionTestsRequest;
import dev.datastored.v1.ListConnectionTestsResponse;
import dev.datastored.v1.ListDatastoresRequest;
import dev.datastored.v1.ListDatastoresResponse;
import dev.datastored.v1.ReleasePrefixRequest;
import dev.datastored.v1.ResolveEnrichmentRequest;
import dev.datastored.v1.ResolveEnrichmentResponse;
import dev.datastored.v1.TestConnectionRequest;
import dev.datastored.v1.UnlinkEnrichmentRequest;
import dev.datastored.v1.UpdateDatastoreRequest;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.time.Duration;
import java.util.Optional;
import java.util.function.BiFunction;

/**
 * A client of datastored, for many threads. Each call waits for its answer, and throws a {@link DatastoredException} when it fails; interrupting the thread
 * cancels it. Calls that only read are tried again when the server is unavailable or has too much to do; others are not.
 */
public final class DatastoredClient implements AutoCloseable {
    private final String target;
    private final ManagedChannel channel;
    private final Duration deadline;
    private final Optional<Duration> testDeadline;

    DatastoredClient(String target, ManagedChannel channel, Duration deadline) {
        this(target, channel, deadline, Optional.empty());
    }

    private DatastoredClient(String target, ManagedChannel channel, Duration deadline, Optional<Duration> testDeadline) {
        this.target = target;
        this.channel = channel;
        this.deadline = deadline;
        this.testDeadline = testDeadline;
    }

    /**
     * Begins to make a client.
     *
     * @param target where the server is: {@code host:port}, or another target of gRPC
     * @return what takes the options
     */
    public static ClientBuilder builder(String target) {
        return new ClientBuilder(target);
    }

    /**
     * The same client with another deadline for each call, connection tests too.
     *
     * @param deadline how long a call may take, retries included; then it ends with {@code DEADLINE_EXCEEDED}, on the server too
     * @return a client on the same connection, which is closed with this one
     */
    public DatastoredClient withDeadline(Duration deadline) {
        return new DatastoredClient(target, channel, deadline, Optional.of(deadline));
    }

    /**
     * Tests a connection. A test that finds missing rights ends with a report, not with an exception.
     *
     * @param request what to test
     * @return the events; close them
     */
    public ConnectionTestEvents testConnection(TestConnectionRequest request) {
        DatastoreServiceBlockingStub stub = DatastoreServiceGrpc.newBlockingStub(channel);
        DatastoreServiceBlockingStub timed = testDeadline.map(stub::withDeadlineAfter).orElse(stub);
        return new ConnectionTestEvents(() -> timed.testConnection(request), this::failure);
    }

    /**
     * Registers a datastore, and with it, if asked for, the enrichment datastore that it is linked to: all of it, or nothing.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore createDatastore(CreateDatastoreRequest request) {
        return call(DatastoreServiceBlockingStub::createDatastore, request);
    }

    /**
     * Returns a datastore, without its credentials.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore getDatastore(GetDatastoreRequest request) {
        return call(DatastoreServiceBlockingStub::getDatastore, request);
    }

    /**
     * Lists datastores, a page at a time, without their credentials.
     *
     * @param request the request
     * @return the page
     */
    public ListDatastoresResponse listDatastores(ListDatastoresRequest request) {
        return call(DatastoreServiceBlockingStub::listDatastores, request);
    }

    /**
     * Changes the fields that the mask names.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore updateDatastore(UpdateDatastoreRequest request) {
        return call(DatastoreServiceBlockingStub::updateDatastore, request);
    }

    /**
     * Deletes a datastore, the credentials stored with it and its connection tests.
     *
     * @param request what to delete
     */
    public void deleteDatastore(DeleteDatastoreRequest request) {
        call(DatastoreServiceBlockingStub::deleteDatastore, request);
    }

    /**
     * Returns a connection test that has ended.
     *
     * @param request the request
     * @return the test
     */
    public ConnectionTest getConnectionTest(GetConnectionTestRequest request) {
        return call(DatastoreServiceBlockingStub::getConnectionTest, request);
    }

    /**
     * Lists the connection tests of a saved datastore, the newest first, a page at a time.
     *
     * @param request the request
     * @return the page
     */
    public ListConnectionTestsResponse listConnectionTests(ListConnectionTestsRequest request) {
        return call(DatastoreServiceBlockingStub::listConnectionTests, request);
    }

    /**
     * Links a source to the enrichment datastore that its anomalies are written to, in the place of the one that it was linked to.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore linkEnrichment(LinkEnrichmentRequest request) {
        return call(DatastoreServiceBlockingStub::linkEnrichment, request);
    }

    /**
     * Takes the link of a source to its enrichment datastore away.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore unlinkEnrichment(UnlinkEnrichmentRequest request) {
        return call(DatastoreServiceBlockingStub::unlinkEnrichment, request);
    }

    /**
     * Tells where the enrichment of a source goes: all that a service needs to write there, but for the credentials.
     *
     * @param request the request
     * @return where it goes
     */
    public ResolveEnrichmentResponse resolveEnrichment(ResolveEnrichmentRequest request) {
        return call(DatastoreServiceBlockingStub::resolveEnrichment, request);
    }

    /**
     * Claims the prefix of an enrichment datastore for this installation, by an object that says so, written only if there is none.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore claimPrefix(ClaimPrefixRequest request) {
        return call(DatastoreServiceBlockingStub::claimPrefix, request);
    }

    /**
     * Gives a claimed prefix up: the object that says so is deleted, unless it is somebody else's by now.
     *
     * @param request the request
     * @return the datastore
     */
    public Datastore releasePrefix(ReleasePrefixRequest request) {
        return call(DatastoreServiceBlockingStub::releasePrefix, request);
    }

    /**
     * Writes the policy that a datastore's credentials need, for a saved datastore or for a location and a role: whoever holds it passes every check of {@link #testConnection}.
     *
     * @param request the request
     * @return the policy
     */
    public GenerateIamPolicyResponse generateIamPolicy(GenerateIamPolicyRequest request) {
        return call(DatastoreServiceBlockingStub::generateIamPolicy, request);
    }

    /**
     * Lists what was done and what was refused, the newest first, a page at a time: for administrators.
     *
     * @param request the request
     * @return the page
     */
    public ListAuditEventsResponse listAuditEvents(ListAuditEventsRequest request) {
        return call(DatastoreServiceBlockingStub::listAuditEvents, request);
    }

    /**
     * The connection, for stubs of gRPC's own, such as asynchronous ones. It sends the token and tries calls again, but gives no deadlines.
     *
     * @return the channel, which belongs to this client
     */
    public Channel channel() {
        return channel;
    }

    /** Closes the connection. Calls that are under way are cancelled, and so is each that is made later. */
    @Override
    public void close() {
        channel.shutdownNow();
    }

    @Override
    public String toString() {
        return "DatastoredClient[target=" + target + "]";
    }

    private <Q, A> A call(BiFunction<DatastoreServiceBlockingStub, Q, A> rpc, Q request) {
        try {
            return rpc.apply(DatastoreServiceGrpc.newBlockingStub(channel).withDeadlineAfter(deadline), request);
        } catch (StatusRuntimeException failed) {
            throw failure(failed);
        }
    }

    /** The exception for a call that failed. For gRPC a server that this client has closed the connection to is unavailable. */
    private DatastoredException failure(StatusRuntimeException failed) {
        if (channel.isShutdown() && failed.getStatus().getCode() == Status.Code.UNAVAILABLE) {
            return DatastoredException.of(Status.CANCELLED.withDescription("the client is closed").asRuntimeException());
        }
        return DatastoredException.of(failed);
    }
}
