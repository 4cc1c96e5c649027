//! The words of IAM: actions, resource names, policies, and what AWS's denials say. Pure.

mod action;
mod arn;
mod denial;
mod document;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guide;
mod key_arn;
mod policy;
mod principal;
mod role_policy;
mod trust;

pub use action::Action;
pub use arn::{bucket_arn, object_arn};
pub use denial::{Denial, Layer};
pub use guide::guide_policy;
pub use key_arn::{KeyArn, KeyArnError};
pub use policy::granting;
pub use principal::{Principal, PrincipalError};
pub use role_policy::role_policy;
pub use trust::{ExternalId, ExternalIdError, trust_policy};
