//! Page tokens: where a page ended, bound to the query it belongs to. Opaque to callers (AIP-158).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use crate::pb::ListDatastoresRequest;

const DIGEST: usize = 8;

/// The token of the next page of a query.
pub(super) fn encode(query: &ListDatastoresRequest, next: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&digest(query)[..], next].concat())
}

/// Where the page before ended; `None` if the token is none of ours, or of another query.
pub(super) fn decode(query: &ListDatastoresRequest) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(&query.page_token).ok()?;
    let (found, next) = bytes.split_at_checked(DIGEST)?;
    (found == digest(query) && !next.is_empty()).then(|| next.to_vec())
}

/// A digest of what must stay the same from page to page.
fn digest(query: &ListDatastoresRequest) -> [u8; DIGEST] {
    let mut hasher = Sha256::new();
    hasher.update(query.filter.as_bytes());
    hasher.update([0]);
    hasher.update(query.order_by.as_bytes());
    let mut short = [0; DIGEST];
    short.copy_from_slice(&hasher.finalize()[..DIGEST]);
    short
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};
    use crate::pb::ListDatastoresRequest;

    fn query(filter: &str, page_token: String) -> ListDatastoresRequest {
        ListDatastoresRequest {
            filter: filter.to_owned(),
            page_token,
            ..ListDatastoresRequest::default()
        }
    }

    #[test]
    fn a_token_works_with_its_own_query_and_no_other() {
        let token = encode(&query("role = SOURCE", String::new()), b"orders");
        let same = query("role = SOURCE", token.clone());
        assert_eq!(decode(&same).as_deref(), Some(&b"orders"[..]));
        assert_eq!(decode(&query("role = ENRICHMENT", token)), None);
        assert_eq!(decode(&query("", "nonsense!".to_owned())), None);
        assert_eq!(decode(&query("", "AAAA".to_owned())), None);
    }
}
