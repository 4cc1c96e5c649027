//! The words of a report, as the protos write them.

use std::fmt::Debug;

/// The name of a variant as the protos write it: `AccessDenied` is `ACCESS_DENIED`.
#[must_use]
pub fn word(variant: &impl Debug) -> String {
    let mut word = String::new();
    for letter in format!("{variant:?}").chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_uppercase());
    }
    word
}
