package dev.datastored.scenario;

import com.google.gson.annotations.SerializedName;
import java.util.Map;

/** A step of the scenario, with the values of all of them. */
record Step(
        String step,
        String name,
        String target,
        String token,
        Place source,
        Place enrichment,
        Place datastore,
        Map<String, String> labels,
        String uri,
        String held,
        @SerializedName("display_name") String displayName,
        @SerializedName("stale_display_name") String staleDisplayName,
        @SerializedName("page_size") int pageSize,
        @SerializedName("order_by") String orderBy,
        @SerializedName("cancel_after") String cancelAfter,
        @SerializedName("deadline_seconds") long deadlineSeconds) {
    /** A datastore to create. */
    record Place(String id, @SerializedName("display_name") String displayName, String uri) {}
}
