//! An access key: of a datastore, or of who assumes its role.

use super::Fields;
use crate::model::credentials::{
    AccessKey, MAX_ACCESS_KEY_ID, MAX_SECRET_ACCESS_KEY, MAX_SESSION_TOKEN,
};
use crate::model::secret::Secret;
use crate::pb;

pub(super) fn access_key(at: &str, key: &pb::AccessKey, fields: &mut Fields) -> Option<AccessKey> {
    let before = fields.0.len();
    let of = |part: &str| format!("{at}.{part}");
    key_part(
        &of("access_key_id"),
        &key.access_key_id,
        MAX_ACCESS_KEY_ID,
        fields,
    );
    key_part(
        &of("secret_access_key"),
        &key.secret_access_key,
        MAX_SECRET_ACCESS_KEY,
        fields,
    );
    if !key.session_token.is_empty() {
        key_part(
            &of("session_token"),
            &key.session_token,
            MAX_SESSION_TOKEN,
            fields,
        );
    }
    let token = Some(&key.session_token).filter(|t| !t.is_empty());
    (fields.0.len() == before).then(|| AccessKey {
        access_key_id: key.access_key_id.clone(),
        secret_access_key: Secret::new(key.secret_access_key.clone()),
        session_token: token.map(|t| Secret::new(t.clone())),
    })
}

/// A part of a key is visible ASCII. The message never repeats it.
fn key_part(field: &str, value: &str, max: usize, fields: &mut Fields) {
    if value.is_empty() {
        fields.refuse(field, "is required; send both parts of the access key");
    } else if value.len() > max {
        fields.refuse(
            field,
            format!("has {} bytes; at most {max} are taken", value.len()),
        );
    } else if !value.bytes().all(|b| b.is_ascii_graphic()) {
        let message =
            "has a space, a line break or another character that keys do not have; copy it again";
        fields.refuse(field, message);
    }
}
