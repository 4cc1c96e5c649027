// @generated from clients/service_config.json

export const serviceConfig = {
  "methodConfig": [
    {
      "name": [
        { "service": "datastore.v1.DatastoreService", "method": "GetDatastore" },
        { "service": "datastore.v1.DatastoreService", "method": "ListDatastores" },
        { "service": "datastore.v1.DatastoreService", "method": "GetConnectionTest" },
        { "service": "datastore.v1.DatastoreService", "method": "ListConnectionTests" },
        { "service": "datastore.v1.DatastoreService", "method": "ResolveEnrichment" },
        { "service": "datastore.v1.DatastoreService", "method": "GenerateIamPolicy" },
        { "service": "datastore.v1.DatastoreService", "method": "ListAuditEvents" }
      ],
      "retryPolicy": {
        "maxAttempts": 4,
        "initialBackoff": "0.2s",
        "maxBackoff": "3s",
        "backoffMultiplier": 3,
        "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"]
      }
    }
  ],
  "retryThrottling": { "maxTokens": 10, "tokenRatio": 0.5 }
}
