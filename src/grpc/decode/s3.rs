//! The S3 configuration of a datastore, whole or as a change.

use super::access_key::access_key;
use super::{Fields, assume_role, optional};
use crate::grpc::field_mask::{self, Field};
use crate::model::certificates::Certificates;
use crate::model::credentials::Credentials;
use crate::model::datastore::{AddressingStyle, S3Config};
use crate::model::endpoint::Endpoint;
use crate::model::location::Location;
use crate::model::region::Region;
use crate::pb;
use crate::registry::S3Change;

/// A whole configuration, as a create or a test of an unsaved datastore needs it.
pub(super) fn s3_config(datastore: &pb::Datastore, fields: &mut Fields) -> Option<S3Config> {
    let Some(s3) = field_mask::s3(datastore) else {
        fields.refuse("datastore.s3", "is required; send uri and credentials");
        return None;
    };
    let location = location(s3, fields);
    let region = region(s3, location.as_ref(), fields);
    let endpoint = endpoint(s3, fields);
    let addressing_style = addressing_style(s3, fields);
    let ca_certificates = ca_certificates(s3, fields);
    let has_endpoint = !s3.endpoint.is_empty();
    let credentials = if let Some(credentials) = &s3.credentials {
        self::credentials(credentials, has_endpoint, fields)
    } else {
        let message = "are required: access_key, anonymous, ambient or assume_role";
        fields.refuse("datastore.s3.credentials", message);
        None
    };
    let location = location?;
    Some(S3Config {
        bucket: location.bucket().clone(),
        prefix: location.prefix().clone(),
        region: region?.or(location.region().cloned()).unwrap_or_default(),
        endpoint: endpoint?,
        addressing_style: addressing_style?,
        ca_certificates: ca_certificates?,
        credentials: credentials?,
    })
}

pub(super) fn s3_change(s3: &pb::S3Config, named: &[Field], fields: &mut Fields) -> S3Change {
    let mut change = S3Change::default();
    if named.contains(&Field::Uri) {
        change.location = location(s3, fields);
    }
    if named.contains(&Field::Region) {
        change.region = region(s3, change.location.as_ref(), fields);
    }
    if named.contains(&Field::Endpoint) {
        change.endpoint = endpoint(s3, fields);
    }
    if named.contains(&Field::AddressingStyle) {
        change.addressing_style = addressing_style(s3, fields);
    }
    if named.contains(&Field::CaCertificates) {
        change.ca_certificates = ca_certificates(s3, fields);
    }
    if named.contains(&Field::Credentials)
        && let Some(credentials) = &s3.credentials
    {
        // An endpoint that stays as it is stored is looked at when the change is applied.
        let has_endpoint = matches!(change.endpoint, Some(Some(_)));
        change.credentials = self::credentials(credentials, has_endpoint, fields);
    }
    change
}

fn location(s3: &pb::S3Config, fields: &mut Fields) -> Option<Location> {
    fields.take("datastore.s3.uri", Location::parse(&s3.uri))
}

#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn region(
    s3: &pb::S3Config,
    location: Option<&Location>,
    fields: &mut Fields,
) -> Option<Option<Region>> {
    agreeing_region("datastore.s3.region", &s3.region, location, fields)
}

/// The region that is asked for; it must be the one in the URI, if that names one.
#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
pub(super) fn agreeing_region(
    field: &str,
    text: &str,
    location: Option<&Location>,
    fields: &mut Fields,
) -> Option<Option<Region>> {
    let region = fields.take(field, optional(text, Region::parse))?;
    let in_uri = location.and_then(Location::region);
    if let (Some(asked), Some(in_uri)) = (&region, in_uri)
        && asked != in_uri
    {
        let message = format!(
            "is {}, but the URI names {}; send only one of them",
            asked.as_str(),
            in_uri.as_str()
        );
        fields.refuse(field, message);
        return None;
    }
    Some(region)
}

#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn endpoint(s3: &pb::S3Config, fields: &mut Fields) -> Option<Option<Endpoint>> {
    let endpoint = optional(&s3.endpoint, Endpoint::parse);
    fields.take("datastore.s3.endpoint", endpoint)
}

#[expect(
    clippy::option_option,
    reason = "not given and not known are two things"
)]
fn addressing_style(s3: &pb::S3Config, fields: &mut Fields) -> Option<Option<AddressingStyle>> {
    match pb::AddressingStyle::try_from(s3.addressing_style) {
        Ok(pb::AddressingStyle::Unspecified) => Some(None),
        Ok(pb::AddressingStyle::Path) => Some(Some(AddressingStyle::Path)),
        Ok(pb::AddressingStyle::VirtualHosted) => Some(Some(AddressingStyle::VirtualHosted)),
        Err(_) => {
            let message = format!(
                "{} is no addressing style; send PATH (1) or VIRTUAL_HOSTED (2)",
                s3.addressing_style
            );
            fields.refuse("datastore.s3.addressing_style", message);
            None
        }
    }
}

#[expect(
    clippy::option_option,
    reason = "not given and not valid are two things"
)]
fn ca_certificates(s3: &pb::S3Config, fields: &mut Fields) -> Option<Option<Certificates>> {
    let certificates = optional(&s3.ca_certificate_pem, Certificates::parse);
    fields.take("datastore.s3.ca_certificate_pem", certificates)
}

fn credentials(
    credentials: &pb::s3_config::Credentials,
    has_endpoint: bool,
    fields: &mut Fields,
) -> Option<Credentials> {
    match credentials {
        pb::s3_config::Credentials::AccessKey(key) => {
            access_key("datastore.s3.access_key", key, fields).map(Credentials::AccessKey)
        }
        pb::s3_config::Credentials::Anonymous(_) => Some(Credentials::Anonymous),
        pb::s3_config::Credentials::Ambient(_) => Some(Credentials::Ambient),
        pb::s3_config::Credentials::AssumeRole(role) => {
            let role = assume_role::decode(role, has_endpoint, fields)?;
            Some(Credentials::AssumedRole(Box::new(role)))
        }
    }
}
