// Package datastored is a client of datastored: it registers S3 datastores, and tests their connections permission by permission.
//
// The messages of the API are in the package datastorev1.
package datastored
