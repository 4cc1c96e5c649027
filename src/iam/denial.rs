//! AWS's long 403 message, taken apart: who was denied what, on what, and by which layer of policies.
//!
//! Its forms are those of "Troubleshoot access denied error messages" in the IAM User Guide. Compatible stores send other words, of which
//! nothing is read.

use serde::{Deserialize, Serialize};

/// The layer of policies that an action was denied by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Layer {
    /// A policy of the user or the role.
    IdentityBased,
    /// A policy of the bucket, the key or another resource.
    ResourceBased,
    /// A service control policy of the organization.
    ServiceControl,
    /// A resource control policy of the organization.
    ResourceControl,
    /// A permissions boundary of the user or the role.
    PermissionsBoundary,
    /// The policy of the session.
    Session,
    /// The policy of the VPC endpoint that the request came through.
    VpcEndpoint,
}

/// What a long 403 message says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Denial {
    /// The ARN of who asked.
    pub principal: String,
    /// The action that was denied: `s3:PutObject`, or one of another service.
    pub action: String,
    /// The ARN it was denied on.
    pub resource: Option<String>,
    /// Which layer denied it, if the message says so.
    pub layer: Option<Layer>,
    /// Whether a policy denies it, rather than none allowing it.
    pub is_explicit: bool,
}

/// The words that name a layer, lower case. AWS writes "no identity-based policy allows" and "an explicit deny in an identity-based policy".
const LAYERS: [(&str, Layer); 7] = [
    ("identity-based polic", Layer::IdentityBased),
    ("resource-based polic", Layer::ResourceBased),
    ("service control polic", Layer::ServiceControl),
    ("resource control polic", Layer::ResourceControl),
    ("permissions boundary", Layer::PermissionsBoundary),
    ("session polic", Layer::Session),
    ("vpc endpoint polic", Layer::VpcEndpoint),
];

impl Layer {
    /// The layer in AWS's words: `service control policy`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::IdentityBased => "identity-based policy",
            Self::ResourceBased => "resource-based policy",
            Self::ServiceControl => "service control policy",
            Self::ResourceControl => "resource control policy",
            Self::PermissionsBoundary => "permissions boundary",
            Self::Session => "session policy",
            Self::VpcEndpoint => "VPC endpoint policy",
        }
    }
}

impl Denial {
    /// Reads AWS's long message. `None` for any other text, the short `Access Denied` among them.
    #[must_use]
    pub fn parse(message: &str) -> Option<Self> {
        let (_, rest) = message.split_once("User: ")?;
        let (principal, rest) = rest.split_once(" is not authorized to perform: ")?;
        let (action, rest) = split_word(rest);
        let (resource, why) = match rest.split_once("on resource: ") {
            Some((_, rest)) => split_resource(rest),
            None => ("", rest),
        };
        let why = why.to_ascii_lowercase();
        let layer = LAYERS.iter().find(|(words, _)| why.contains(words));
        Some(Self {
            principal: plain(principal)?,
            action: plain(action)?,
            resource: plain(resource),
            layer: layer.map(|(_, layer)| *layer),
            is_explicit: why.contains("explicit deny"),
        })
    }
}

/// The ARN, quoted as a rule, and what comes after it.
fn split_resource(text: &str) -> (&str, &str) {
    let quoted = text.strip_prefix('"').and_then(|t| t.split_once('"'));
    quoted.unwrap_or_else(|| split_word(text))
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_once(' ').unwrap_or((text, ""))
}

/// The text, if it is an ARN or an action as AWS writes them: what is repeated to people must not be whatever an endpoint sends.
fn plain(text: &str) -> Option<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ":/-_.+=,@*".contains(c);
    let fits = !text.is_empty() && text.len() <= 2_048 && text.chars().all(allowed);
    fits.then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{Denial, Layer};

    const USER: &str = "arn:aws:iam::111122223333:user/probe";

    #[test]
    fn an_implicit_denial_names_the_layer_that_does_not_allow() {
        let message = format!(
            "User: {USER} is not authorized to perform: s3:PutObject on resource: \"arn:aws:s3:::logs/a b\" because no identity-based policy allows the s3:PutObject action"
        );
        let denial = Denial::parse(&message).unwrap();
        assert_eq!(denial.principal, USER);
        assert_eq!(denial.action, "s3:PutObject");
        assert_eq!(denial.layer, Some(Layer::IdentityBased));
        assert!(!denial.is_explicit);
    }

    #[test]
    fn an_explicit_denial_names_the_layer_that_denies() {
        for (words, layer) in [
            ("an identity-based policy", Layer::IdentityBased),
            ("a resource-based policy", Layer::ResourceBased),
            ("a service control policy", Layer::ServiceControl),
            ("a resource control policy", Layer::ResourceControl),
            ("a permissions boundary", Layer::PermissionsBoundary),
            ("a session policy", Layer::Session),
            ("a VPC endpoint policy", Layer::VpcEndpoint),
        ] {
            let message = format!(
                "User: {USER} is not authorized to perform: s3:GetObject on resource: \"arn:aws:s3:::logs/k\" with an explicit deny in {words}"
            );
            let denial = Denial::parse(&message).unwrap();
            assert_eq!(denial.layer, Some(layer), "{words}");
            assert!(denial.is_explicit);
            assert_eq!(denial.resource.as_deref(), Some("arn:aws:s3:::logs/k"));
        }
    }

    #[test]
    fn other_words_say_nothing() {
        assert_eq!(Denial::parse("Access Denied"), None);
        let markup = "User: <script> is not authorized to perform: s3:PutObject on resource: x";
        assert_eq!(Denial::parse(markup), None);
    }
}
