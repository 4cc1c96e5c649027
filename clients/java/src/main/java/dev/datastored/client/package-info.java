/**
 * The client of datastored: registers S3 datastores and tests their connections, permission by permission. The messages are in {@link dev.datastored.v1}.
 */
package dev.datastored.client;
