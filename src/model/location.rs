//! Where a datastore is: a bucket, a prefix in it, and the region if the URI told it.

mod bucket;
mod object_url;
mod prefix;

pub use bucket::{Bucket, BucketError};
pub use prefix::{Prefix, PrefixError};

use crate::model::region::Region;
use std::fmt;

/// A place in S3, read from a URI.
///
/// Normal form: `s3://bucket` for a whole bucket, `s3://bucket/prefix/` for a part of it. It does not hold the region.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Location {
    bucket: Bucket,
    prefix: Prefix,
    region: Option<Region>,
}

/// Why a URI is refused. No message repeats the URI: it may carry credentials or a signature.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// Nothing was given.
    #[error("the URI is empty: write s3://bucket or s3://bucket/prefix")]
    Empty,
    /// No `scheme://`.
    #[error("the URI has no scheme: write s3:// before the bucket, as in s3://bucket/prefix")]
    NoScheme,
    /// The scheme of something else.
    #[error(
        "this is not the URI of an S3 location: write s3://bucket/prefix, or paste the https URL that the S3 \
         console copies"
    )]
    UnknownScheme,
    /// The ARN of a bucket or of objects; holds the URI of the same place.
    #[error("this is an ARN: write its URI instead, {0}")]
    Arn(String),
    /// The ARN of something else: an access point, another service.
    #[error(
        "this is an ARN, and not one of a general purpose bucket: write the bucket's URI, s3://bucket/prefix"
    )]
    OtherArn,
    /// Credentials before the bucket, as in `s3a://key:secret@bucket`.
    #[error(
        "credentials do not belong in the URI: write s3://bucket/prefix, and send the keys as credentials"
    )]
    Credentials,
    /// A query or a fragment in an https URL.
    #[error(
        "paste the object's URL without its query: remove everything from the first `?` or `#` on"
    )]
    Query,
    /// The address of a page of the AWS console.
    #[error(
        "this is the address of a console page: use the console's Copy S3 URI or Copy URL, or write s3://bucket/prefix"
    )]
    ConsolePage,
    /// An https URL of another host.
    #[error(
        "this is not the URL of an object in Amazon S3: write s3://bucket/prefix, and for another store its URL \
         as the endpoint"
    )]
    NotAmazon,
    /// A `%` without two hexadecimal digits after it.
    #[error(
        "the URL has a `%` that is not followed by two hexadecimal digits: copy it again, or write s3://bucket/prefix"
    )]
    Escape,
    /// Escapes that do not make UTF-8.
    #[error(
        "the URL's path is not UTF-8 once decoded, as S3's keys are: copy it again, or write s3://bucket/prefix"
    )]
    NotUtf8,
    /// The bucket's name is not valid.
    #[error(transparent)]
    Bucket(#[from] BucketError),
    /// The prefix is not valid.
    #[error(transparent)]
    Prefix(#[from] PrefixError),
}

impl Location {
    /// A location from its parts.
    #[must_use]
    pub fn new(bucket: Bucket, prefix: Prefix, region: Option<Region>) -> Self {
        Self {
            bucket,
            prefix,
            region,
        }
    }

    /// Reads the URI of a bucket or a prefix. White space around it is ignored, since it comes with pasting.
    ///
    /// - `s3://`, `s3a://` and `s3n://`, in any letter case: what follows the bucket is taken literally.
    /// - `https://` (and `http://`, which names the same object) as the S3 console copies it, virtual-hosted or path
    ///   style, with the region or without, dual-stack and FIPS too: the path is percent-decoded.
    ///
    /// # Errors
    /// Anything else, each mistake with its own variant.
    pub fn parse(uri: &str) -> Result<Self, LocationError> {
        let uri = uri.trim();
        if uri.is_empty() {
            return Err(LocationError::Empty);
        }
        if is_arn(uri) {
            return Err(from_arn(uri));
        }
        let (scheme, rest) = uri.split_once("://").ok_or(LocationError::NoScheme)?;
        let is = |names: &[&str]| names.iter().any(|name| scheme.eq_ignore_ascii_case(name));
        if is(&["s3", "s3a", "s3n"]) {
            Self::from_bucket_and_key(rest)
        } else if is(&["https", "http"]) {
            object_url::parse(rest)
        } else if is_scheme(scheme) {
            Err(LocationError::UnknownScheme)
        } else {
            Err(LocationError::NoScheme)
        }
    }

    fn from_bucket_and_key(rest: &str) -> Result<Self, LocationError> {
        if is_arn(rest) {
            return Err(from_arn(rest));
        }
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        // A secret key may have a `/` in it, which then ends what looks like the bucket.
        if bucket.contains('@') || (bucket.contains(':') && key.contains('@')) {
            return Err(LocationError::Credentials);
        }
        Ok(Self {
            bucket: Bucket::parse(bucket)?,
            prefix: Prefix::parse(key)?,
            region: None,
        })
    }

    /// The bucket, the directory in it, and the region, when the URI named it.
    #[must_use]
    pub fn into_parts(self) -> (Bucket, Prefix, Option<Region>) {
        (self.bucket, self.prefix, self.region)
    }

    /// The URI of a directory of a bucket, in normal form.
    #[must_use]
    pub fn uri(bucket: &Bucket, prefix: &Prefix) -> String {
        let slash = if prefix.is_root() { "" } else { "/" };
        ["s3://", bucket.as_str(), slash, prefix.as_str()].concat()
    }

    /// The bucket.
    #[must_use]
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// The directory in the bucket.
    #[must_use]
    pub fn prefix(&self) -> &Prefix {
        &self.prefix
    }

    /// The region, when the URI named it.
    #[must_use]
    pub fn region(&self) -> Option<&Region> {
        self.region.as_ref()
    }
}

fn is_arn(text: &str) -> bool {
    text.get(..4)
        .is_some_and(|start| start.eq_ignore_ascii_case("arn:"))
}

/// Whether this is a scheme (RFC 3986, section 3.1), and not a path with `://` somewhere in it.
fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// The error for `arn:partition:s3:region:account:resource`, with the URI to write if the resource has one.
fn from_arn(arn: &str) -> LocationError {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let [_, _, service, "", "", resource] = parts.as_slice() else {
        return LocationError::OtherArn;
    };
    let place = resource.trim_end_matches('*');
    match Location::from_bucket_and_key(place) {
        Ok(location) if service.eq_ignore_ascii_case("s3") => {
            LocationError::Arn(location.to_string())
        }
        _ => LocationError::OtherArn,
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&Self::uri(&self.bucket, &self.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    const KEY: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/');

    fn parsed(uri: &str) -> (String, Option<String>) {
        let location = Location::parse(uri).unwrap_or_else(|error| panic!("{uri:?}: {error}"));
        (
            location.to_string(),
            location.region.map(|region| region.to_string()),
        )
    }

    #[test]
    fn an_s3_uri_is_brought_into_its_normal_form() {
        for (uri, normal) in [
            ("s3://logs", "s3://logs"),
            ("s3://logs/", "s3://logs"),
            ("S3://logs/tests", "s3://logs/tests/"),
            ("s3a://logs/tests/", "s3://logs/tests/"),
            ("S3N://logs/a/b", "s3://logs/a/b/"),
            (" \ts3://logs/tests \n", "s3://logs/tests/"),
            ("s3://my.dotted.bucket/a", "s3://my.dotted.bucket/a/"),
            ("s3://logs//a//b", "s3://logs//a//b/"),
            ("s3://logs/a?b#c%41+d e", "s3://logs/a?b#c%41+d e/"),
            ("s3://logs/user@host:1", "s3://logs/user@host:1/"),
            ("s3://logs/s3://logs", "s3://logs/s3://logs/"),
            (
                "s3://logs/dt=2024-01-01/été",
                "s3://logs/dt=2024-01-01/été/",
            ),
        ] {
            assert_eq!(parsed(uri), (normal.to_owned(), None), "{uri:?}");
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        for (uri, error) in [
            ("", LocationError::Empty),
            (" \n", LocationError::Empty),
            ("s3://", LocationError::Bucket(BucketError::Empty)),
            ("s3:///key", LocationError::Bucket(BucketError::Empty)),
            ("logs/tests", LocationError::NoScheme),
            ("s3:logs", LocationError::NoScheme),
            ("s3:/logs", LocationError::NoScheme),
            ("logs/a://b", LocationError::NoScheme),
            ("://logs", LocationError::NoScheme),
            ("gs://logs", LocationError::UnknownScheme),
            ("file:///tmp", LocationError::UnknownScheme),
            ("s3s://logs", LocationError::UnknownScheme),
            ("arn:aws:s3:::logs", LocationError::Arn("s3://logs".into())),
            (
                "ARN:aws-cn:s3:::logs/a/*",
                LocationError::Arn("s3://logs/a/".into()),
            ),
            (
                "s3://arn:aws:s3:::logs",
                LocationError::Arn("s3://logs".into()),
            ),
            (
                "s3://arn:aws:s3:us-east-1:111122223333:accesspoint/mine",
                LocationError::OtherArn,
            ),
            ("arn:aws:s3:::*", LocationError::OtherArn),
            ("arn:aws:sqs:::logs", LocationError::OtherArn),
            ("arn:", LocationError::OtherArn),
            ("s3://key:secret@logs", LocationError::Credentials),
            ("s3n://key:sec/ret@logs", LocationError::Credentials),
            ("s3://key@logs/a", LocationError::Credentials),
            (
                "s3://logs:9000/a",
                LocationError::Bucket(BucketError::Character(':')),
            ),
            (
                "s3://my_logs",
                LocationError::Bucket(BucketError::Character('_')),
            ),
            (
                "s3://Logs/A",
                LocationError::Bucket(BucketError::UpperCase("logs".into())),
            ),
            (
                "s3://logs/a/../b",
                LocationError::Prefix(PrefixError::DotSegment),
            ),
            (
                "s3://logs/a\0",
                LocationError::Prefix(PrefixError::Control('\0')),
            ),
        ] {
            assert_eq!(Location::parse(uri), Err(error), "{uri:?}");
        }
    }

    #[test]
    fn no_message_repeats_a_secret() {
        for uri in [
            "s3a://AKIA:hunter2@logs",
            "s3a://AKIA:hun/ter2@logs",
            "https://AKIA:hunter2@logs.s3.amazonaws.com/",
            "https://AKIA:hun/ter2@logs.s3.amazonaws.com/",
            "https://logs.s3.amazonaws.com/a?X-Amz-Signature=hunter2",
            "https://logs.s3.amazonaws.com/a#hunter2",
            "https://hunter2.example.com/hunter2?hunter2",
            "hunter2://AKIA@logs",
            "s3://hunter2+/a",
        ] {
            let error = Location::parse(uri).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("ter2"),
                "{uri}: {error}"
            );
        }
    }

    /// What people paste, with something wrong in it.
    fn nearly_a_uri() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<String>(),
            "(?i:s3[an]?)://[a-zA-Z0-9._-]{0,8}/?\\PC{0,20}",
            "https?://([a-z0-9-]{1,6}\\.){0,2}s3[.-](dualstack\\.|us-east-1\\.)?amazonaws\\.com(/\\PC{0,12}|/[a-z0-9/%.+]{0,20})",
            "arn:aws:s3:[a-z]?:[0-9]?:[a-z/*.]{0,12}",
        ]
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic_and_what_is_accepted_prints_to_a_form_that_parses_back(
            uri in nearly_a_uri(),
        ) {
            if let Ok(location) = Location::parse(&uri) {
                let printed = location.to_string();
                let again = Location::parse(&printed);
                prop_assert_eq!(again, Ok(Location { region: None, ..location.clone() }));
                prop_assert!(location.prefix.is_root() || printed.ends_with('/'));
            }
        }

        #[test]
        fn the_same_place_is_read_from_every_spelling(
            bucket in "[a-z][a-z0-9]{1,8}([.-][a-z0-9]{1,8}){0,2}[a-z]",
            key in "([^\\p{Cc}/.][^\\p{Cc}]{0,3}/){0,4}[a-z?#%+ ]{0,6}[a-z0-9]",
        ) {
            prop_assume!(!key.split('/').any(|segment| segment == "." || segment == ".."));
            let expected = Location::parse(&format!("s3://{bucket}/{key}/")).unwrap();
            prop_assert_eq!(expected.bucket.as_str(), bucket.as_str());
            prop_assert_eq!(expected.prefix.as_str(), format!("{key}/"));
            let escaped = utf8_percent_encode(&key, KEY).to_string();
            for uri in [
                format!("s3a://{bucket}/{key}"),
                format!("S3N://{bucket}/{key}"),
                format!("https://{bucket}.s3.eu-west-1.amazonaws.com/{escaped}"),
                format!("https://{bucket}.s3.amazonaws.com/{}", escaped.replace("%20", "+")),
                format!("https://s3.dualstack.eu-west-1.amazonaws.com/{bucket}/{escaped}/"),
            ] {
                let location = Location::parse(&uri).unwrap();
                let region = location.region.as_ref().map(Region::as_str);
                prop_assert_eq!(region, uri.contains("eu-west-1").then_some("eu-west-1"));
                prop_assert_eq!(Location { region: None, ..location }, expected.clone(), "{}", uri);
            }
        }
    }
}
