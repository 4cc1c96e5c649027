//! The subject of a certificate: read from the certificate, and from the text that an operator writes (RFC 4514).

use x509_parser::x509::X509Name;

/// Names that may stand for the type of an attribute (RFC 4514, section 3), and two that certificates have often.
const KEYWORDS: [(&str, &str); 11] = [
    ("CN", "2.5.4.3"),
    ("SERIALNUMBER", "2.5.4.5"),
    ("C", "2.5.4.6"),
    ("L", "2.5.4.7"),
    ("ST", "2.5.4.8"),
    ("STREET", "2.5.4.9"),
    ("O", "2.5.4.10"),
    ("OU", "2.5.4.11"),
    ("UID", "0.9.2342.19200300.100.1.1"),
    ("DC", "0.9.2342.19200300.100.1.25"),
    ("EMAILADDRESS", "1.2.840.113549.1.9.1"),
];

/// A subject: what is most particular first, as RFC 4514 writes it. Each part is a sorted list of a type, as an OID, and a value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Subject(Vec<Vec<(String, String)>>);

impl Subject {
    /// Reads what RFC 4514 writes: `CN=reports,O=Example`. Spaces around the parts are allowed.
    ///
    /// # Errors
    /// What is wrong with the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts = split(text, ',').into_iter();
        let parts = parts.map(|part| {
            let attributes = split(part, '+').into_iter().map(attribute);
            let mut attributes = attributes.collect::<Result<Vec<_>, _>>()?;
            attributes.sort();
            Ok(attributes)
        });
        Ok(Self(parts.collect::<Result<Vec<_>, String>>()?))
    }

    /// The subject of a certificate; `None` when a value of it is no text that can be compared.
    pub(super) fn of(name: &X509Name<'_>) -> Option<Self> {
        let mut parts = Vec::new();
        for part in name.iter_rdn() {
            let attributes = part.iter().map(|attribute| {
                let value = attribute.as_str().ok()?;
                Some((attribute.attr_type().to_id_string(), value.to_owned()))
            });
            let mut attributes = attributes.collect::<Option<Vec<_>>>()?;
            attributes.sort();
            parts.push(attributes);
        }
        // A certificate has what is most particular last.
        parts.reverse();
        Some(Self(parts))
    }
}

/// The parts between the separators that no backslash escapes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut is_escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        if c == separator && !is_escaped {
            parts.push(&text[start..at]);
            start = at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    parts.push(&text[start..]);
    parts
}

fn attribute(text: &str) -> Result<(String, String), String> {
    let pair = text.split_once('=');
    let (name, value) = pair.ok_or("write a subject as RFC 4514 does: CN=reports,O=Example")?;
    let name = name.trim();
    let keyword = KEYWORDS.iter().find(|k| k.0.eq_ignore_ascii_case(name));
    let is_oid = !name.is_empty() && name.chars().all(|c| c.is_ascii_digit() || c == '.');
    let of_type = match keyword {
        Some((_, oid)) => *oid,
        None if is_oid => name,
        None => {
            return Err(format!(
                "`{name}` is no attribute that is known here; write its OID"
            ));
        }
    };
    Ok((of_type.to_owned(), unescaped(value)?))
}

/// A value without the spaces around it and the backslashes in it.
fn unescaped(value: &str) -> Result<String, String> {
    let value = value.trim_start_matches(' ');
    if value.starts_with('#') {
        return Err("a value in hexadecimal cannot be compared; write it as text".to_owned());
    }
    let (mut bytes, mut rest, mut kept) = (Vec::new(), value.as_bytes(), 0);
    while let [first, more @ ..] = rest {
        let (byte, after) = match (first, more) {
            (b'\\', [high, low, after @ ..]) if is_hex(*high) && is_hex(*low) => {
                let digits = [*high, *low];
                let digits = str::from_utf8(&digits).unwrap_or_default();
                (u8::from_str_radix(digits, 16).unwrap_or_default(), after)
            }
            (b'\\', [escaped, after @ ..]) => (*escaped, after),
            (b'\\', []) => return Err("a value ends in a backslash; write \\\\".to_owned()),
            (byte, after) => (*byte, after),
        };
        bytes.push(byte);
        if *first != b' ' {
            kept = bytes.len();
        }
        rest = after;
    }
    bytes.truncate(kept);
    if bytes.is_empty() {
        return Err("an attribute has no value; write for example CN=reports".to_owned());
    }
    String::from_utf8(bytes).map_err(|_| "a value is not UTF-8".to_owned())
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
}

#[cfg(test)]
mod tests {
    use super::Subject;
    use proptest::prelude::*;

    fn parts(text: &str) -> Vec<Vec<(String, String)>> {
        Subject::parse(text).unwrap().0
    }

    fn part(of_type: &str, value: &str) -> (String, String) {
        (of_type.to_owned(), value.to_owned())
    }

    /// The examples of RFC 4514, section 4.
    #[test]
    fn a_subject_is_read_as_rfc_4514_says() {
        let cn = "2.5.4.3";
        for (text, first) in [
            (
                "UID=jsmith,DC=example,DC=net",
                part("0.9.2342.19200300.100.1.1", "jsmith"),
            ),
            (
                "CN=James \\\"Jim\\\" Smith\\, III,DC=net",
                part(cn, "James \"Jim\" Smith, III"),
            ),
            ("CN=Before\\0dAfter,DC=example", part(cn, "Before\rAfter")),
            ("CN=Lu\\C4\\8Di\\C4\\87", part(cn, "Lučić")),
            ("cn = a b , O=x", part(cn, "a b")),
            ("CN=\\ a\\ ,O=x", part(cn, " a ")),
            ("2.5.4.3=a=b", part(cn, "a=b")),
        ] {
            assert_eq!(parts(text)[0], [first], "{text}");
        }
        assert_eq!(parts("DC=example,DC=net").len(), 2);
        assert_eq!(parts("OU=Sales+CN=J. Smith"), parts("CN=J. Smith+OU=Sales"));
        assert_ne!(parts("CN=a,O=b"), parts("O=b,CN=a"));
    }

    #[test]
    fn what_is_no_subject_is_refused_and_told_why() {
        for (text, part) in [
            ("", "CN=reports"),
            ("reports", "CN=reports"),
            ("CN=", "no value"),
            ("CN=a,", "CN=reports"),
            ("CN=a\\", "backslash"),
            ("CN=#04024869", "as text"),
            ("XY=a", "OID"),
            ("CN=\\ff", "UTF-8"),
        ] {
            let problem = Subject::parse(text).unwrap_err();
            assert!(problem.contains(part), "{text}: {problem}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd_to_be_read_or_refused(text in "\\PC*|[CNO=,+\\\\ #a-f0-9]{0,20}") {
            let _ = Subject::parse(&text);
        }
    }
}
