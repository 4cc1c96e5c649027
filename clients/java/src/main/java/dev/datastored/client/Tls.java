package dev.datastored.client;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The certificates of a connection, in PEM. A server is trusted by the authorities of the JDK unless {@link #trusting} names others. As text it shows no key. */
public final class Tls {
    private final Optional<byte[]> authorities;
    private final Optional<Identity> identity;

    private record Identity(byte[] certificate, byte[] key) {}

    private Tls(Optional<byte[]> authorities, Optional<Identity> identity) {
        this.authorities = authorities;
        this.identity = identity;
    }

    /**
     * TLS that trusts the authorities of the JDK.
     *
     * @return the certificates
     */
    public static Tls create() {
        return new Tls(Optional.empty(), Optional.empty());
    }

    /**
     * With the authorities that the server's certificate is trusted by, in place of the JDK's.
     *
     * @param authorities their certificates
     * @return a copy with them
     */
    public Tls trusting(byte[] authorities) {
        return new Tls(Optional.of(authorities.clone()), identity);
    }

    /**
     * As {@link #trusting(byte[])}, from a file.
     *
     * @param authorities the file
     * @return a copy with them
     * @throws IOException if the file cannot be read
     */
    public Tls trusting(Path authorities) throws IOException {
        return trusting(Files.readAllBytes(authorities));
    }

    /**
     * With a certificate that says who calls.
     *
     * @param certificate the certificate, with those between it and its authority
     * @param key its private key, in PKCS #8
     * @return a copy with them
     */
    public Tls identifiedBy(byte[] certificate, byte[] key) {
        return new Tls(authorities, Optional.of(new Identity(certificate.clone(), key.clone())));
    }

    /**
     * As {@link #identifiedBy(byte[], byte[])}, from files.
     *
     * @param certificate the file of the certificate
     * @param key the file of its private key
     * @return a copy with them
     * @throws IOException if a file cannot be read
     */
    public Tls identifiedBy(Path certificate, Path key) throws IOException {
        return identifiedBy(Files.readAllBytes(certificate), Files.readAllBytes(key));
    }

    ChannelCredentials channelCredentials() {
        TlsChannelCredentials.Builder builder = TlsChannelCredentials.newBuilder();
        try {
            if (authorities.isPresent()) {
                builder.trustManager(new ByteArrayInputStream(authorities.get()));
            }
            if (identity.isPresent()) {
                builder.keyManager(new ByteArrayInputStream(identity.get().certificate()), new ByteArrayInputStream(identity.get().key()));
            }
        } catch (IOException unreadable) {
            throw new IllegalArgumentException("the certificates or the key are no PEM; give files that `openssl x509` and `openssl pkcs8` can read", unreadable);
        }
        return builder.build();
    }

    @Override
    public String toString() {
        return "Tls[authorities=" + authorities.map(given -> "...") + ", identity=" + identity.map(given -> "***") + "]";
    }
}
