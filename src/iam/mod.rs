//! The words of IAM: actions and resource names. Pure.

mod action;
mod arn;

pub use action::Action;
pub use arn::{bucket_arn, object_arn};
