//! Policy documents as text that IAM takes.

use std::fmt::Write as _;

use serde_json::{Value, json};

/// A statement that allows the actions on a resource.
pub(super) fn allow(actions: &[&str], resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": actions, "Resource": resource})
}

/// The document of these statements, pretty printed, in ASCII.
///
/// IAM takes no character above U+00FF in a document ("IAM and AWS STS quotas" in the IAM User Guide); JSON writes them as escapes.
pub(super) fn document(statements: &[Value]) -> String {
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    let text = format!("{document:#}");
    let mut ascii = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            ascii.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            // Writing to a String cannot fail.
            let _ = write!(ascii, "\\u{unit:04x}");
        }
    }
    ascii
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::{allow, document};

    #[test]
    fn a_document_is_ascii_and_means_what_was_meant() {
        let resource = "arn:aws:s3:::logs/été/日本/\u{1f4be}\"\\/*";
        let text = document(&[allow(&["s3:GetObject"], resource)]);
        assert!(text.is_ascii(), "{text}");
        assert!(text.contains(r"\u00e9t\u00e9/\u65e5\u672c/\ud83d\udcbe"));
        let read: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(read["Statement"][0]["Resource"], resource);
    }

    #[test]
    fn a_document_is_in_the_order_in_which_the_guide_writes_it() {
        let text = document(&[allow(&["s3:GetObject"], "arn:aws:s3:::logs/*")]);
        let expected = r#"{
  "Version": "2012-10-17",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "s3:GetObject"
      ],
      "Resource": "arn:aws:s3:::logs/*"
    }
  ]
}"#;
        assert_eq!(text, expected);
    }
}
