package dev.datastored.client;

import java.util.regex.Pattern;

/** Where a target of gRPC is. */
final class Targets {
    private static final Pattern LOOPBACK =
            Pattern.compile("(dns:/{0,3})?(localhost|127(\\.\\d{1,3}){3}|\\[::1\\])(:\\d+)?|unix:.*", Pattern.CASE_INSENSITIVE);

    private Targets() {}

    /** Whether a target is on this machine: a loopback address, {@code localhost} or a Unix socket. What is not understood is not. */
    static boolean isLoopback(String target) {
        return LOOPBACK.matcher(target).matches();
    }
}
