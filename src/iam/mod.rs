//! The words of IAM: actions, resource names, policies, and what AWS's denials say. Pure.

mod action;
mod arn;
mod denial;
mod document;
mod policy;

pub use action::Action;
pub use arn::{bucket_arn, object_arn};
pub use denial::{Denial, Layer};
pub use policy::granting;
