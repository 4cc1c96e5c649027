//! What callers send, as targets of fuzzing: requests, field masks and page tokens.

use prost::Message;
use tonic::Status;

use super::status::to_status;
use super::{decode, field_mask, page_token};
use crate::fuzz::text;
use crate::model::credentials::CredentialsPolicy;
use crate::pb;
use crate::pb::s3_config::Credentials;

/// The longest status with its details, in bytes on the wire: it travels in HTTP trailers, of which many clients take 8 KiB.
const MAX_STATUS: usize = 8_000;
const SECRET: &str = "Hunter2hunter2";

/// A request to create is read, or refused with a status that fits into trailers and has no secret in it.
pub(crate) fn request(bytes: &[u8]) {
    let Ok(mut request) = pb::CreateDatastoreRequest::decode(bytes) else {
        return;
    };
    if let Some(pb::datastore::Config::S3(s3)) =
        request.datastore.as_mut().and_then(|d| d.config.as_mut())
        && let Some(Credentials::AccessKey(key)) = &mut s3.credentials
    {
        SECRET.clone_into(&mut key.secret_access_key);
    }
    let policy = CredentialsPolicy {
        allow_ambient: true,
    };
    let said = match decode::create(request, policy) {
        Ok((create, _)) => format!("{create:?}"),
        Err(error) => {
            let debug = format!("{error:?}");
            let status = to_status(error);
            assert!(wire_size(&status) <= MAX_STATUS, "{status:?}");
            debug + &format!("{status:?}") + &String::from_utf8_lossy(status.details())
        }
    };
    assert!(!said.contains(SECRET), "{said}");
}

/// The size of a status in trailers: the message percent-encoded, the details in base64.
fn wire_size(status: &Status) -> usize {
    let encoded = |b: u8| {
        if matches!(b, b' '..=b'~') && b != b'%' {
            1
        } else {
            3
        }
    };
    let message: usize = status.message().bytes().map(encoded).sum();
    message + status.details().len().div_ceil(3) * 4
}

/// Each path of a mask names fields, or is a violation of its own; what is named is named again by its path. The paths are lines; behind a NUL comes the
/// datastore.
pub(crate) fn field_mask(bytes: &[u8]) {
    let nul = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    let (lines, datastore) = bytes.split_at(nul);
    let Ok(datastore) = pb::Datastore::decode(datastore.get(1..).unwrap_or_default()) else {
        return;
    };
    let paths: Vec<String> = text(lines).lines().map(str::to_owned).collect();
    let mut in_order = Vec::new();
    let mut refused = Vec::new();
    for (index, path) in paths.iter().enumerate() {
        let paths = vec![path.clone()];
        let mask = prost_types::FieldMask { paths };
        let (fields, violations) = field_mask::fields(Some(&mask), &datastore);
        assert_ne!(fields.is_empty(), violations.is_empty(), "{path:?}");
        in_order.extend(fields);
        let field = format!("update_mask.paths[{index}]");
        refused.extend(
            violations
                .into_iter()
                .map(|v| (field.clone(), v.description)),
        );
    }
    let whole = prost_types::FieldMask { paths };
    let (fields, violations) = field_mask::fields(Some(&whole), &datastore);
    if whole.paths.is_empty() {
        return;
    }
    assert_eq!(fields, in_order, "{whole:?}");
    let violations = violations.into_iter().map(|v| (v.field, v.description));
    assert_eq!(violations.collect::<Vec<_>>(), refused, "{whole:?}");
    assert!(
        refused.iter().all(|(_, why)| why.len() <= 400),
        "{refused:?}"
    );
}

/// A token gives back what it was made of, to its own query alone; a text that is taken for a token is the one that would have been made.
pub(crate) fn page_token(bytes: &[u8]) {
    let (query, next) = bytes.split_at(bytes.len() / 2);
    let query = text(query);
    let token = page_token::encode(&[&query], next);
    let found = page_token::decode(&[&query], &token);
    assert_eq!(found.as_deref(), (!next.is_empty()).then_some(next));
    assert_eq!(page_token::decode(&[&query, "x"], &token), None);
    let any = text(bytes);
    if let Some(next) = page_token::decode(&[""], &any) {
        assert_eq!(page_token::encode(&[""], &next), any);
    }
    // Behind the right digest anything may stand; it is taken only as it would have been written.
    let digest = &page_token::encode(&[""], b"")[..8];
    let near = format!("{digest}{any}");
    if let Some(next) = page_token::decode(&[""], &near) {
        assert_eq!(page_token::encode(&[""], &next), near);
    }
}
