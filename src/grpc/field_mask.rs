//! Which fields an update changes (AIP-134, AIP-161).

use crate::model::error::Violation;
use crate::pb;
use crate::pb::s3_config::Credentials;

/// A field that an update can change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Field {
    DisplayName,
    Labels,
    /// Only to say again what it is: it never changes (AIP-203, Immutable).
    Role,
    Uri,
    Region,
    Endpoint,
    AddressingStyle,
    CaCertificates,
    /// Only when the request has some: stored ones are not unset.
    Credentials,
}

const S3: [Field; 6] = [
    Field::Uri,
    Field::Region,
    Field::Endpoint,
    Field::AddressingStyle,
    Field::CaCertificates,
    Field::Credentials,
];

const KNOWN: &str = "display_name, labels, s3, s3.uri, s3.region, s3.endpoint, s3.addressing_style, s3.ca_certificate_pem, s3.access_key, s3.anonymous, s3.ambient, s3.assume_role or *";

impl Field {
    /// The path of the field in the datastore.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::DisplayName => "display_name",
            Self::Labels => "labels",
            Self::Role => "role",
            Self::Uri => "s3.uri",
            Self::Region => "s3.region",
            Self::Endpoint => "s3.endpoint",
            Self::AddressingStyle => "s3.addressing_style",
            Self::CaCertificates => "s3.ca_certificate_pem",
            Self::Credentials => "s3.credentials",
        }
    }
}

/// The fields to change, and the paths that name none. Without a mask, those that have a value.
pub(super) fn fields(
    mask: Option<&prost_types::FieldMask>,
    datastore: &pb::Datastore,
) -> (Vec<Field>, Vec<Violation>) {
    let paths = mask.map(|m| m.paths.as_slice()).unwrap_or_default();
    if paths.is_empty() {
        return (populated(datastore), Vec::new());
    }
    let (mut fields, mut violations) = (Vec::new(), Vec::new());
    for (index, path) in paths.iter().enumerate() {
        match named(path, datastore) {
            Ok(found) => fields.extend(found),
            Err(description) => violations.push(Violation {
                field: format!("update_mask.paths[{index}]"),
                description,
            }),
        }
    }
    (fields, violations)
}

fn named(path: &str, datastore: &pb::Datastore) -> Result<Vec<Field>, String> {
    let credentials = s3(datastore).and_then(|s3| s3.credentials.as_ref());
    let come_along = match (path, credentials) {
        ("s3.access_key", found) => matches!(found, Some(Credentials::AccessKey(_))),
        ("s3.anonymous", found) => matches!(found, Some(Credentials::Anonymous(_))),
        ("s3.ambient", found) => matches!(found, Some(Credentials::Ambient(_))),
        ("s3.assume_role", found) => matches!(found, Some(Credentials::AssumeRole(_))),
        _ => true,
    };
    if !come_along {
        return Err(format!(
            "names `{path}`, which the request's datastore does not have; send it along"
        ));
    }
    Ok(match path {
        "*" if datastore.role == 0 => [&[Field::DisplayName, Field::Labels], &S3[..]].concat(),
        "*" => [&[Field::DisplayName, Field::Labels, Field::Role], &S3[..]].concat(),
        "display_name" => vec![Field::DisplayName],
        "labels" => vec![Field::Labels],
        "s3" => S3.to_vec(),
        "s3.uri" => vec![Field::Uri],
        "s3.region" => vec![Field::Region],
        "s3.endpoint" => vec![Field::Endpoint],
        "s3.addressing_style" => vec![Field::AddressingStyle],
        "s3.ca_certificate_pem" => vec![Field::CaCertificates],
        "s3.access_key" | "s3.anonymous" | "s3.ambient" | "s3.assume_role" => {
            vec![Field::Credentials]
        }
        "role" => vec![Field::Role],
        "name"
        | "uid"
        | "create_time"
        | "update_time"
        | "etag"
        | "s3.credentials_kind"
        | "s3.access_key_id"
        | "s3.role_arn"
        | "s3.external_id" => {
            return Err(format!(
                "`{path}` is set by the server; leave it out of the mask"
            ));
        }
        _ => {
            return Err(format!(
                "there is no field of this name to change; name {KNOWN}"
            ));
        }
    })
}

fn populated(datastore: &pb::Datastore) -> Vec<Field> {
    let mut fields = Vec::new();
    let mut add = |field, is_set: bool| {
        if is_set {
            fields.push(field);
        }
    };
    add(Field::DisplayName, !datastore.display_name.is_empty());
    add(Field::Labels, !datastore.labels.is_empty());
    add(Field::Role, datastore.role != 0);
    if let Some(s3) = s3(datastore) {
        add(Field::Uri, !s3.uri.is_empty());
        add(Field::Region, !s3.region.is_empty());
        add(Field::Endpoint, !s3.endpoint.is_empty());
        add(Field::AddressingStyle, s3.addressing_style != 0);
        add(Field::CaCertificates, !s3.ca_certificate_pem.is_empty());
        add(Field::Credentials, s3.credentials.is_some());
    }
    fields
}

/// The S3 configuration of a message.
pub(super) fn s3(datastore: &pb::Datastore) -> Option<&pb::S3Config> {
    match &datastore.config {
        Some(pb::datastore::Config::S3(s3)) => Some(s3),
        None => None,
    }
}
