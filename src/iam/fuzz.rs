//! What S3 says of a denial, as a target of fuzzing.

use super::denial::Denial;
use crate::fuzz::text;

/// The longest name that AWS gives to anything in a message of denial, in bytes.
const MAX_NAME: usize = 2_048;

/// Whatever is repeated of a message is short, plain ASCII, and reads back as the same.
pub(crate) fn denial(bytes: &[u8]) {
    let message = text(bytes);
    let Some(denial) = Denial::parse(&message) else {
        return;
    };
    let resource = denial.resource.as_deref().unwrap_or("?");
    for name in [&denial.principal, &denial.action, resource] {
        let is_plain = name.bytes().all(|b| b.is_ascii_graphic() && b != b'<');
        assert!(is_plain && (1..=MAX_NAME).contains(&name.len()), "{name}");
    }
    let (layer, verb) = match denial.layer {
        Some(layer) => (layer.as_str(), "with an explicit deny in a"),
        None => ("", "with an explicit deny"),
    };
    let (user, action) = (&denial.principal, &denial.action);
    let written = format!(
        "User: {user} is not authorized to perform: {action} on resource: \"{resource}\" {verb} {layer}"
    );
    let expected = Denial {
        is_explicit: true,
        ..denial.clone()
    };
    assert_eq!(Denial::parse(&written), Some(expected), "{message:?}");
}
