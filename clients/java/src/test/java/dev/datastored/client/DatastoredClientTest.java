package dev.datastored.client;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.gson.Gson;
import com.google.protobuf.UnknownFieldSet;
import dev.datastored.v1.ConnectionTestReport;
import dev.datastored.v1.CreateDatastoreRequest;
import dev.datastored.v1.Datastore;
import dev.datastored.v1.DatastoreServiceGrpc.DatastoreServiceImplBase;
import dev.datastored.v1.GetDatastoreRequest;
import dev.datastored.v1.TestConnectionRequest;
import dev.datastored.v1.TestConnectionResponse;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What the scenario of all clients does not show: calls that hang, and what only this client can be given. */
@Timeout(30)
class DatastoredClientTest {
    private static final GetDatastoreRequest REQUEST = GetDatastoreRequest.getDefaultInstance();

    private Server server;

    @AfterEach
    void stop() {
        if (server != null) {
            server.shutdownNow();
        }
    }

    @Test
    void anInterruptCancelsACallAndTheServerIsTold() throws Exception {
        CountDownLatch told = new CountDownLatch(1);
        Thread caller = Thread.currentThread();
        try (DatastoredClient client = clientOf(answer -> {
            ((ServerCallStreamObserver<Datastore>) answer).setOnCancelHandler(told::countDown);
            caller.interrupt();
        })) {
            assertEquals(Status.Code.CANCELLED, failure(() -> client.getDatastore(REQUEST)).code());
            assertTrue(Thread.interrupted());
            told.await();
        }
    }

    @Test
    void aCallEndsAtItsOwnDeadline() throws IOException {
        try (DatastoredClient client = clientOf(answer -> {})) {
            DatastoredClient hasty = client.withDeadline(Duration.ofMillis(50));
            assertEquals(Status.Code.DEADLINE_EXCEEDED, failure(() -> hasty.getDatastore(REQUEST)).code());
        }
    }

    @Test
    void anErrorWhoseDetailsCannotBeReadHasNone() throws IOException {
        Metadata trailers = new Metadata();
        trailers.put(Metadata.Key.of("grpc-status-details-bin", Metadata.BINARY_BYTE_MARSHALLER), new byte[] {-1});
        Status gone = Status.NOT_FOUND.withDescription("it is gone");
        try (DatastoredClient client = clientOf(answer -> answer.onError(gone.asRuntimeException(trailers)))) {
            DatastoredException error = failure(() -> client.getDatastore(REQUEST));
            assertEquals(List.of(Status.Code.NOT_FOUND, "it is gone", ""), List.of(error.code(), error.description(), error.reason()));
        }
    }

    @Test
    void anEventThatOnlyANewerServerKnowsIsLeftOut() throws IOException {
        UnknownFieldSet.Field one = UnknownFieldSet.Field.newBuilder().addVarint(1).build();
        UnknownFieldSet unknown = UnknownFieldSet.newBuilder().addField(99, one).build();
        try (DatastoredClient client = testedBy(answer -> {
                    answer.onNext(TestConnectionResponse.newBuilder().setUnknownFields(unknown).build());
                    answer.onNext(completed());
                    answer.onCompleted();
                });
                ConnectionTestEvents events = client.testConnection(TestConnectionRequest.getDefaultInstance())) {
            assertInstanceOf(TestEvent.Completed.class, events.next());
            assertFalse(events.hasNext());
        }
    }

    @Test
    void anotherThreadCanCloseTheEvents() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        try (DatastoredClient client = testedBy(answer -> asked.countDown());
                ConnectionTestEvents events = client.testConnection(TestConnectionRequest.getDefaultInstance())) {
            Thread closer = new Thread(() -> runAfter(asked, events::close));
            closer.start();
            assertEquals(Status.Code.CANCELLED, failure(events::hasNext).code());
            closer.join();
        }
    }

    @Test
    void aClosedClientCancelsWhatIsUnderWayAndWhatComesLater() throws IOException {
        DatastoredClient[] closing = new DatastoredClient[1];
        DatastoredClient client = clientOf(answer -> closing[0].close());
        closing[0] = client;
        assertEquals(Status.Code.CANCELLED, failure(() -> client.getDatastore(REQUEST)).code());
        assertEquals("the client is closed", failure(() -> client.getDatastore(REQUEST)).description());
        ConnectionTestEvents events = client.testConnection(TestConnectionRequest.getDefaultInstance());
        assertEquals(Status.Code.CANCELLED, failure(events::hasNext).code());
    }

    @Test
    void anErrorSaysWhyTheServerIsNotReached() throws IOException {
        try (DatastoredClient client = clientOf(answer -> {})) {
            server.shutdownNow();
            String message = failure(() -> client.createDatastore(CreateDatastoreRequest.getDefaultInstance())).getMessage();
            assertTrue(message.contains("refused"), message);
        }
    }

    @Test
    void aTokenGoesInPlainTextToThisMachineOnly() {
        for (String target : List.of("localhost:1", "127.0.0.1:1", "127.1.2.3", "[::1]:1", "dns:localhost:1", "dns:///127.0.0.1:1")) {
            DatastoredClient.builder(target).token("dsk_secret").connect().close();
        }
        for (String target : List.of("example.com:1", "localhost.example.com:1", "127.0.0.1.example.com:1", "10.0.0.1:1", "[::2]:1")) {
            ClientBuilder plain = DatastoredClient.builder(target).token("dsk_secret");
            assertThrows(PlaintextTokenException.class, plain::connect, target);
            plain.allowPlaintextToken().connect().close();
            DatastoredClient.builder(target).token("dsk_secret").tls(Tls.create()).connect().close();
        }
    }

    @Test
    void aTokenThatCannotBeSentIsRefusedAndNotShown() {
        ClientBuilder builder = DatastoredClient.builder("localhost:1");
        String message = assertThrows(IllegalArgumentException.class, () -> builder.token("dsk_secret\n")).getMessage();
        assertFalse(message.contains("dsk_secret"));
    }

    @Test
    void credentialsShowNoSecretToWhoeverReadsTheirFields() {
        String json = new Gson().toJson(Credentials.temporary("id", "secret", "session"));
        assertEquals("{\"accessKeyId\":\"id\"}", json);
    }

    @Test
    void aKeyThatIsNoPemIsRefused() {
        Tls tls = Tls.create().identifiedBy(new byte[] {1}, new byte[] {2});
        assertThrows(IllegalArgumentException.class, () -> DatastoredClient.builder("localhost:1").tls(tls).connect());
    }

    private static void runAfter(CountDownLatch latch, Runnable action) {
        try {
            latch.await();
            action.run();
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private static DatastoredException failure(Runnable call) {
        return assertThrows(DatastoredException.class, call::run);
    }

    private static TestConnectionResponse completed() {
        return TestConnectionResponse.newBuilder().setCompleted(ConnectionTestReport.getDefaultInstance()).build();
    }

    private DatastoredClient clientOf(Consumer<StreamObserver<Datastore>> get) throws IOException {
        return serve(new DatastoreServiceImplBase() {
            @Override
            public void getDatastore(GetDatastoreRequest request, StreamObserver<Datastore> answer) {
                get.accept(answer);
            }
        });
    }

    private DatastoredClient testedBy(Consumer<StreamObserver<TestConnectionResponse>> test) throws IOException {
        return serve(new DatastoreServiceImplBase() {
            @Override
            public void testConnection(TestConnectionRequest request, StreamObserver<TestConnectionResponse> answer) {
                test.accept(answer);
            }
        });
    }

    private DatastoredClient serve(DatastoreServiceImplBase service) throws IOException {
        server = Grpc.newServerBuilderForPort(0, InsecureServerCredentials.create()).addService(service).build().start();
        return DatastoredClient.builder("127.0.0.1:" + server.getPort()).connect();
    }
}
