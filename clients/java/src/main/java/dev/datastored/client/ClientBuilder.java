package dev.datastored.client;

import com.google.gson.Gson;
import com.google.gson.reflect.TypeToken;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.grpc.Metadata;
import io.grpc.stub.MetadataUtils;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/** How the server is reached: its address, TLS, the token, deadlines, keepalive and retries. As text it shows no token. */
public final class ClientBuilder {
    private static final Metadata.Key<String> AUTHORIZATION = Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER);
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]+");
    /** The default: creating a datastore tests its connection, which can take a minute. */
    private static final Duration DEADLINE = Duration.ofSeconds(90);

    private final String target;
    private Optional<Tls> tls = Optional.empty();
    private Optional<String> token = Optional.empty();
    private boolean allowPlaintextToken;
    private Duration deadline = DEADLINE;

    ClientBuilder(String target) {
        this.target = Objects.requireNonNull(target, "target");
    }

    /**
     * Encrypts the connection. Without it nothing is.
     *
     * @param tls the certificates
     * @return this
     */
    public ClientBuilder tls(Tls tls) {
        this.tls = Optional.of(tls);
        return this;
    }

    /**
     * Says who calls: the token is sent with every call, and printed nowhere.
     *
     * @param token as {@code datastored tokens create} has printed it, or a JWT
     * @return this
     * @throws IllegalArgumentException if it has characters that no token has
     */
    public ClientBuilder token(String token) {
        if (!TOKEN.matcher(token).matches()) {
            throw new IllegalArgumentException("the token is empty, or has characters that no token has, such as a line's end; give it as it was made");
        }
        this.token = Optional.of(token);
        return this;
    }

    /**
     * Sends the token to another machine too when there is no TLS. Whoever is on the way can then read it.
     *
     * @return this
     */
    public ClientBuilder allowPlaintextToken() {
        allowPlaintextToken = true;
        return this;
    }

    /**
     * How long a call may take, retries included; 90 seconds when it is not given. A connection test has no deadline but that of
     * {@link DatastoredClient#withDeadline}: the server bounds it.
     *
     * @param deadline the time
     * @return this
     */
    public ClientBuilder deadline(Duration deadline) {
        this.deadline = Objects.requireNonNull(deadline, "deadline");
        return this;
    }

    /**
     * The client. It connects when the first call is made, and anew when the connection breaks.
     *
     * @return the client
     * @throws PlaintextTokenException if the token would go to another machine in plain text
     */
    public DatastoredClient connect() {
        if (token.isPresent() && tls.isEmpty() && !allowPlaintextToken && !Targets.isLoopback(target)) {
            throw new PlaintextTokenException(target);
        }
        return new DatastoredClient(target, channel(), deadline);
    }

    private ManagedChannel channel() {
        ChannelCredentials credentials = tls.map(Tls::channelCredentials).orElseGet(InsecureChannelCredentials::create);
        ManagedChannelBuilder<?> builder = Grpc.newChannelBuilder(target, credentials)
                .defaultServiceConfig(serviceConfig())
                .disableServiceConfigLookUp()
                .keepAliveTime(30, TimeUnit.SECONDS)
                .keepAliveTimeout(20, TimeUnit.SECONDS);
        if (tls.isEmpty()) {
            // A proxy would read what is in plain text, the token too.
            builder.proxyDetector(address -> null);
        }
        token.ifPresent(given -> builder.intercept(MetadataUtils.newAttachHeadersInterceptor(authorization(given))));
        return builder.build();
    }

    private static Metadata authorization(String token) {
        Metadata headers = new Metadata();
        headers.put(AUTHORIZATION, "Bearer " + token);
        return headers;
    }

    private static Map<String, ?> serviceConfig() {
        try (Reader reader = new InputStreamReader(ClientBuilder.class.getResourceAsStream("service_config.json"), StandardCharsets.UTF_8)) {
            return new Gson().fromJson(reader, new TypeToken<Map<String, Object>>() {});
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    @Override
    public String toString() {
        return "ClientBuilder[target=" + target + ", tls=" + tls + ", token=" + token.map(given -> "***") + "]";
    }
}
