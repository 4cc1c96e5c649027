package dev.datastored.scenario;

import com.google.protobuf.FieldMask;
import dev.datastored.client.ConnectionTestEvents;
import dev.datastored.client.Credentials;
import dev.datastored.client.DatastoredClient;
import dev.datastored.client.DatastoredException;
import dev.datastored.client.PlaintextTokenException;
import dev.datastored.client.TestEvent;
import dev.datastored.client.Tls;
import dev.datastored.v1.ConnectionTestReport;
import dev.datastored.v1.CreateDatastoreRequest;
import dev.datastored.v1.Datastore;
import dev.datastored.v1.DeleteDatastoreRequest;
import dev.datastored.v1.GetConnectionTestRequest;
import dev.datastored.v1.GetDatastoreRequest;
import dev.datastored.v1.ListDatastoresRequest;
import dev.datastored.v1.ListDatastoresResponse;
import dev.datastored.v1.NewEnrichment;
import dev.datastored.v1.Role;
import dev.datastored.v1.S3Config;
import dev.datastored.v1.TestConnectionRequest;
import dev.datastored.v1.UnlinkEnrichmentRequest;
import dev.datastored.v1.UpdateDatastoreRequest;
import dev.datastored.v1.Verdict;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** What each step of the scenario does. */
final class Steps implements AutoCloseable {
    private static final int TRIES = 1500;
    private static final long BETWEEN_TRIES_MILLIS = 20;

    private final String token = System.getenv("DATASTORED_TOKEN");
    private final Credentials credentials = Credentials.of(System.getenv("S3_ACCESS_KEY_ID"), System.getenv("S3_SECRET_ACCESS_KEY"));
    private final Credentials lacking =
            Credentials.of(System.getenv("S3_LACKING_ACCESS_KEY_ID"), System.getenv("S3_LACKING_SECRET_ACCESS_KEY"));
    private final DatastoredClient client =
            DatastoredClient.builder(System.getenv("DATASTORED_ADDRESS")).token(token).connect();

    void play(Step step) throws IOException, InterruptedException {
        switch (step.step()) {
            case "secrets" -> secrets();
            case "plaintext_token" -> plaintextToken(step);
            case "token_refused" -> tokenRefused(step);
            case "tls" -> tls();
            case "create" -> create(step);
            case "create_bad" -> createBad(step);
            case "create_refused" -> createRefused(step);
            case "list" -> list(step);
            case "update" -> update(step);
            case "test" -> test(step);
            case "test_unsaved" -> testUnsaved(step);
            case "cancel" -> cancel(step);
            case "deadline" -> deadline(step);
            case "retry" -> retry(step);
            case "delete_in_use" -> Printer.error(() -> client.deleteDatastore(deletion(step.name())));
            case "unlink" -> Printer.datastore(client.unlinkEnrichment(UnlinkEnrichmentRequest.newBuilder().setName(step.name()).build()));
            case "delete" -> delete(step);
            default -> throw new IllegalArgumentException("no step is called " + step.step());
        }
    }

    @Override
    public void close() {
        client.close();
    }

    private void secrets() {
        String secret = credentials.message().getSecretAccessKey();
        Printer.line("credentials: " + (texts(credentials).contains(secret) ? "shown" : "hidden"));
        Object builder = DatastoredClient.builder("localhost:1").token(token);
        Printer.line("client: " + (texts(client).contains(token) || texts(builder).contains(token) ? "shown" : "hidden"));
    }

    private static String texts(Object thing) {
        return Stream.of(thing.toString(), String.format("%s", thing), new StringBuilder().append(thing).toString())
                .collect(Collectors.joining("\n"));
    }

    private void plaintextToken(Step step) {
        try {
            DatastoredClient.builder(step.target()).token(token).connect().close();
            Printer.line("sent");
        } catch (PlaintextTokenException refused) {
            Printer.line("refused");
        }
    }

    private static void tokenRefused(Step step) {
        try (DatastoredClient stranger = DatastoredClient.builder(System.getenv("DATASTORED_ADDRESS")).token(step.token()).connect()) {
            Printer.error(() -> stranger.listDatastores(ListDatastoresRequest.getDefaultInstance()));
        }
    }

    private static void tls() throws IOException {
        Tls tls = Tls.create()
                .trusting(Path.of(System.getenv("DATASTORED_TLS_CA")))
                .identifiedBy(Path.of(System.getenv("DATASTORED_TLS_CERTIFICATE")), Path.of(System.getenv("DATASTORED_TLS_KEY")));
        try (DatastoredClient secure = DatastoredClient.builder(System.getenv("DATASTORED_TLS_ADDRESS")).tls(tls).connect()) {
            Printer.line(secure.listDatastores(ListDatastoresRequest.getDefaultInstance()).getDatastoresCount() + " datastores");
        }
    }

    private void create(Step step) {
        Datastore.Builder source = datastore(step.source(), Role.ROLE_SOURCE, s3(step.source().uri(), credentials)).putAllLabels(step.labels());
        Datastore.Builder enrichment = datastore(step.enrichment(), Role.ROLE_ENRICHMENT, s3(step.enrichment().uri(), credentials));
        Datastore made = client.createDatastore(CreateDatastoreRequest.newBuilder()
                .setDatastoreId(step.source().id())
                .setDatastore(source)
                .setNewEnrichment(NewEnrichment.newBuilder().setDatastoreId(step.enrichment().id()).setDatastore(enrichment))
                .build());
        Printer.datastore(made);
        Printer.datastore(get(client, made.getEnrichmentDatastore()));
    }

    private void createBad(Step step) {
        Datastore.Builder datastore = Datastore.newBuilder()
                .setDisplayName(step.displayName())
                .setS3(S3Config.newBuilder().setUri(step.uri()))
                .putAllLabels(step.labels());
        Printer.error(() -> client.createDatastore(CreateDatastoreRequest.newBuilder().setDatastore(datastore).build()));
    }

    private void createRefused(Step step) {
        Datastore.Builder datastore = datastore(step.datastore(), Role.ROLE_ENRICHMENT, s3(step.datastore().uri(), lacking));
        CreateDatastoreRequest request =
                CreateDatastoreRequest.newBuilder().setDatastoreId(step.datastore().id()).setDatastore(datastore).build();
        Printer.error(() -> client.createDatastore(request));
    }

    private void list(Step step) {
        ListDatastoresRequest.Builder request = ListDatastoresRequest.newBuilder().setPageSize(step.pageSize()).setOrderBy(step.orderBy());
        int number = 0;
        do {
            ListDatastoresResponse page = client.listDatastores(request.build());
            number++;
            Printer.line("page " + number + ": " + page.getDatastoresList().stream().map(Datastore::getName).collect(Collectors.joining(" ")));
            request.setPageToken(page.getNextPageToken());
        } while (!request.getPageToken().isEmpty());
    }

    private void update(Step step) {
        UpdateDatastoreRequest.Builder request = UpdateDatastoreRequest.newBuilder().setUpdateMask(FieldMask.newBuilder().addPaths("display_name"));
        request.getDatastoreBuilder().setName(step.name()).setEtag(get(client, step.name()).getEtag()).setDisplayName(step.displayName());
        Printer.datastore(client.updateDatastore(request.build()));
        request.getDatastoreBuilder().setDisplayName(step.staleDisplayName());
        Printer.error(() -> client.updateDatastore(request.build()));
    }

    private void test(Step step) {
        try (ConnectionTestEvents events = client.testConnection(testOf(step.name()))) {
            Printer.test(events);
        }
    }

    private void testUnsaved(Step step) {
        Datastore.Builder datastore = Datastore.newBuilder().setRole(Role.ROLE_ENRICHMENT).setS3(s3(step.uri(), lacking));
        try (ConnectionTestEvents events = client.testConnection(TestConnectionRequest.newBuilder().setDatastore(datastore).build())) {
            Printer.test(events).getChecksList().stream()
                    .map(check -> check.getFinding())
                    .filter(finding -> !finding.getMissingAction().isEmpty())
                    .forEach(finding -> Printer.line("  " + finding.getTitle() + "\n  " + finding.getRemedy()));
        }
    }

    private void cancel(Step step) throws InterruptedException {
        String name = createHeld(step.datastore());
        String testId = "";
        try (ConnectionTestEvents events = client.testConnection(testOf(name))) {
            boolean reading = true;
            while (reading && events.hasNext()) {
                TestEvent event = events.next();
                if (event instanceof TestEvent.Started started) {
                    testId = started.plan().getTestId();
                } else if (event instanceof TestEvent.Changed changed && hasPassed(changed, step.cancelAfter())) {
                    Printer.line("cancelled after " + step.cancelAfter());
                    reading = false;
                }
            }
        }
        Printer.kept(kept(name + "/connectionTests/" + testId), step.held());
    }

    private static boolean hasPassed(TestEvent.Changed changed, String check) {
        return changed.change().getCheck().getCheck().name().equals(check) && changed.change().getCheck().getVerdict() == Verdict.VERDICT_PASSED;
    }

    private void deadline(Step step) throws InterruptedException {
        String name = createHeld(step.datastore());
        AtomicReference<String> testId = new AtomicReference<>("");
        DatastoredException late = Printer.failure(() -> {
            try (ConnectionTestEvents events = client.withDeadline(Duration.ofSeconds(step.deadlineSeconds())).testConnection(testOf(name))) {
                events.forEachRemaining(event -> {
                    if (event instanceof TestEvent.Started started) {
                        testId.set(started.plan().getTestId());
                    }
                });
            }
        });
        Printer.line(late.code().name());
        Printer.kept(kept(name + "/connectionTests/" + testId), step.held());
    }

    private void retry(Step step) {
        Datastore.Builder datastore = datastore(step.datastore(), Role.ROLE_SOURCE, s3(step.datastore().uri(), credentials));
        CreateDatastoreRequest request = CreateDatastoreRequest.newBuilder()
                .setDatastoreId(step.datastore().id())
                .setDatastore(datastore)
                .setSkipConnectionTest(true)
                .build();
        try (DatastoredClient front = DatastoredClient.builder(System.getenv("DATASTORED_FRONT_ADDRESS")).token(token).connect()) {
            Printer.datastore(get(front, step.name()));
            Printer.line(front.listDatastores(ListDatastoresRequest.getDefaultInstance()).getDatastoresCount() + " datastores");
            Printer.error(() -> front.createDatastore(request));
            Printer.error(() -> front.deleteDatastore(deletion(step.name())));
        }
    }

    private void delete(Step step) {
        client.deleteDatastore(deletion(step.name()));
        Printer.error(() -> get(client, step.name()));
    }

    /** An enrichment datastore at the S3 server that holds what its tests read. */
    private String createHeld(Step.Place place) {
        S3Config.Builder s3 = s3(place.uri(), credentials).setEndpoint(System.getenv("S3_HELD_ENDPOINT"));
        return client.createDatastore(CreateDatastoreRequest.newBuilder()
                        .setDatastoreId(place.id())
                        .setDatastore(datastore(place, Role.ROLE_ENRICHMENT, s3))
                        .setSkipConnectionTest(true)
                        .build())
                .getName();
    }

    /** The report of a test, as soon as the test has ended and is kept. */
    private ConnectionTestReport kept(String name) throws InterruptedException {
        for (int tries = 0; tries < TRIES; tries++) {
            try {
                return client.getConnectionTest(GetConnectionTestRequest.newBuilder().setName(name).build()).getReport();
            } catch (DatastoredException error) {
                if (!error.reason().equals("CONNECTION_TEST_NOT_FOUND")) {
                    throw error;
                }
            }
            Thread.sleep(BETWEEN_TRIES_MILLIS);
        }
        throw new IllegalStateException(name + " is not kept");
    }

    private static Datastore get(DatastoredClient client, String name) {
        return client.getDatastore(GetDatastoreRequest.newBuilder().setName(name).build());
    }

    private static DeleteDatastoreRequest deletion(String name) {
        return DeleteDatastoreRequest.newBuilder().setName(name).build();
    }

    private static TestConnectionRequest testOf(String name) {
        return TestConnectionRequest.newBuilder().setName(name).build();
    }

    private static Datastore.Builder datastore(Step.Place place, Role role, S3Config.Builder s3) {
        return Datastore.newBuilder().setDisplayName(place.displayName()).setRole(role).setS3(s3);
    }

    private static S3Config.Builder s3(String uri, Credentials credentials) {
        return S3Config.newBuilder().setUri(uri).setEndpoint(System.getenv("S3_ENDPOINT")).setAccessKey(credentials.message());
    }
}
