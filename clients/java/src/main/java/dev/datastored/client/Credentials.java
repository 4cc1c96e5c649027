package dev.datastored.client;

import dev.datastored.v1.AccessKey;
import java.util.Objects;

/** An access key of AWS. As text, its secrets are {@code ***}. No accessor shows them, and their fields are transient, so that no serializer finds them. */
public final class Credentials {
    private final String accessKeyId;
    private final transient String secretAccessKey;
    private final transient String sessionToken;

    private Credentials(String accessKeyId, String secretAccessKey, String sessionToken) {
        this.accessKeyId = Objects.requireNonNull(accessKeyId, "accessKeyId");
        this.secretAccessKey = Objects.requireNonNull(secretAccessKey, "secretAccessKey");
        this.sessionToken = Objects.requireNonNull(sessionToken, "sessionToken");
    }

    /**
     * A long-term access key.
     *
     * @param accessKeyId which key it is; no secret
     * @param secretAccessKey its secret
     * @return the credentials
     */
    public static Credentials of(String accessKeyId, String secretAccessKey) {
        return new Credentials(accessKeyId, secretAccessKey, "");
    }

    /**
     * Temporary credentials.
     *
     * @param accessKeyId which key it is; no secret
     * @param secretAccessKey its secret
     * @param sessionToken the session token
     * @return the credentials
     */
    public static Credentials temporary(String accessKeyId, String secretAccessKey, String sessionToken) {
        return new Credentials(accessKeyId, secretAccessKey, sessionToken);
    }

    /**
     * Which key it is.
     *
     * @return the access key ID
     */
    public String accessKeyId() {
        return accessKeyId;
    }

    /**
     * The credentials as the API takes them. As text, this message shows the secrets: send it, and do not log it.
     *
     * @return the message
     */
    public AccessKey message() {
        return AccessKey.newBuilder()
                .setAccessKeyId(accessKeyId)
                .setSecretAccessKey(secretAccessKey)
                .setSessionToken(sessionToken)
                .build();
    }

    @Override
    public String toString() {
        String session = sessionToken.isEmpty() ? "" : ", sessionToken=***";
        return "Credentials[accessKeyId=" + accessKeyId + ", secretAccessKey=***" + session + "]";
    }
}
