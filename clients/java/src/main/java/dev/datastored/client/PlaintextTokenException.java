package dev.datastored.client;

/** A token would go over a network in plain text. */
public final class PlaintextTokenException extends IllegalArgumentException {
    private static final long serialVersionUID = 1L;

    PlaintextTokenException(String target) {
        super("the token would go to " + target + " in plain text; give tls(), or allowPlaintextToken() for a network where nobody else can read");
    }
}
