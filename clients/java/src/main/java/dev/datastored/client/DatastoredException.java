package dev.datastored.client;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.PreconditionFailure;
import com.google.rpc.RetryInfo;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A call that failed, with the reason and the details that the server gives. Its cause is the exception of gRPC. */
public final class DatastoredException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Status status;
    private final transient ErrorInfo info;
    private final transient List<FieldViolation> fieldViolations;
    private final transient List<Precondition> preconditions;
    private final transient Optional<Duration> retryDelay;

    /**
     * A field of the request that is missing or wrong.
     *
     * @param field which one
     * @param description what is wrong with it
     */
    public record FieldViolation(String field, String description) {}

    /**
     * Something that has to be otherwise before the call can succeed.
     *
     * @param type what kind of thing
     * @param subject which one
     * @param description what is wrong with it
     */
    public record Precondition(String type, String subject, String description) {}

    private DatastoredException(StatusRuntimeException failed, List<Any> details) {
        super(failed.getStatus().getCode() + ": " + said(failed.getStatus()), failed);
        status = failed.getStatus();
        info = find(details, ErrorInfo.class).orElse(ErrorInfo.getDefaultInstance());
        fieldViolations = find(details, BadRequest.class).orElse(BadRequest.getDefaultInstance()).getFieldViolationsList().stream()
                .map(one -> new FieldViolation(one.getField(), one.getDescription()))
                .toList();
        preconditions = find(details, PreconditionFailure.class).orElse(PreconditionFailure.getDefaultInstance()).getViolationsList().stream()
                .map(one -> new Precondition(one.getType(), one.getSubject(), one.getDescription()))
                .toList();
        retryDelay = find(details, RetryInfo.class)
                .map(RetryInfo::getRetryDelay)
                .map(delay -> Duration.ofSeconds(delay.getSeconds(), delay.getNanos()));
    }

    /**
     * The exception for a call of a stub of gRPC's own, one on {@link DatastoredClient#channel()}.
     *
     * @param failed what the stub has thrown
     * @return the same, with its details read
     */
    public static DatastoredException of(StatusRuntimeException failed) {
        return new DatastoredException(failed, details(failed));
    }

    /**
     * The gRPC code.
     *
     * @return the code
     */
    public Status.Code code() {
        return status.getCode();
    }

    /**
     * What happened and what to do, in the server's words; where no server has answered, what gRPC says and its cause.
     *
     * @return a sentence
     */
    public String description() {
        return said(status);
    }

    /**
     * The cause: a value of {@link dev.datastored.v1.ErrorReason} without its prefix, for example {@code ETAG_MISMATCH}.
     *
     * @return the reason; empty when no server has answered
     */
    public String reason() {
        return info.getReason();
    }

    /**
     * What belongs to the reason, as {@link dev.datastored.v1.ErrorReason} documents it.
     *
     * @return the values by their keys
     */
    public Map<String, String> metadata() {
        return info.getMetadataMap();
    }

    /**
     * Every field of the request that is missing or wrong.
     *
     * @return the fields, in the server's order
     */
    public List<FieldViolation> fieldViolations() {
        return fieldViolations;
    }

    /**
     * Everything that has to be otherwise.
     *
     * @return the conditions, in the server's order
     */
    public List<Precondition> preconditions() {
        return preconditions;
    }

    /**
     * After which time to try again.
     *
     * @return the time, if the server says so
     */
    public Optional<Duration> retryDelay() {
        return retryDelay;
    }

    /** The description, and what is behind a mere "io exception". */
    private static String said(Status status) {
        return Stream.of(Optional.ofNullable(status.getDescription()), Optional.ofNullable(status.getCause()).map(Throwable::getMessage))
                .flatMap(Optional::stream)
                .collect(Collectors.joining(": "));
    }

    /** The details, or none where what answered is no datastored and has sent something else. */
    private static List<Any> details(StatusRuntimeException failed) {
        try {
            com.google.rpc.Status sent = StatusProto.fromThrowable(failed);
            return sent == null ? List.of() : sent.getDetailsList();
        } catch (IllegalArgumentException | StatusRuntimeException unreadable) {
            return List.of();
        }
    }

    private static <T extends Message> Optional<T> find(List<Any> details, Class<T> type) {
        return details.stream().filter(detail -> detail.is(type)).findFirst().flatMap(detail -> unpack(detail, type));
    }

    private static <T extends Message> Optional<T> unpack(Any detail, Class<T> type) {
        try {
            return Optional.of(detail.unpack(type));
        } catch (InvalidProtocolBufferException unreadable) {
            return Optional.empty();
        }
    }
}
