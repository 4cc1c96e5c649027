//! Page tokens: where a page ended, bound to the query it belongs to. Opaque to callers (AIP-158).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

const DIGEST: usize = 8;

/// The token of the next page of a query, of which these parts must stay the same from page to page.
pub(super) fn encode(query: &[&str], next: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode([&digest(query)[..], next].concat())
}

/// Where the page before ended; `None` if the token is none of ours, or of another query.
pub(super) fn decode(query: &[&str], token: &str) -> Option<Vec<u8>> {
    let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
    let (found, next) = bytes.split_at_checked(DIGEST)?;
    (found == digest(query) && !next.is_empty()).then(|| next.to_vec())
}

/// A digest of what must stay the same.
fn digest(query: &[&str]) -> [u8; DIGEST] {
    let mut hasher = Sha256::new();
    hasher.update(query.join("\0").as_bytes());
    let mut short = [0; DIGEST];
    short.copy_from_slice(&hasher.finalize()[..DIGEST]);
    short
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn a_token_works_with_its_own_query_and_no_other() {
        let token = encode(&["role = SOURCE", ""], b"orders");
        let found = decode(&["role = SOURCE", ""], &token);
        assert_eq!(found.as_deref(), Some(&b"orders"[..]));
        assert_eq!(decode(&["role = ENRICHMENT", ""], &token), None);
        assert_eq!(decode(&["role = SOURCE", "name"], &token), None);
        assert_eq!(decode(&["", ""], "nonsense!"), None);
        assert_eq!(decode(&["", ""], "AAAA"), None);
    }
}
