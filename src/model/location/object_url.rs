//! The https URLs under which Amazon S3 serves an object, as the console's "Copy URL" gives them.
//!
//! Sources: "Virtual hosting of general purpose buckets",
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html>, "Using Amazon S3 dual-stack endpoints",
//! and the S3 endpoints of the AWS General Reference, <https://docs.aws.amazon.com/general/latest/gr/s3.html>.
//! URLs are split by hand: a general parser would resolve `..`, which is a part of a key's name.

use super::{Bucket, Location, LocationError, Prefix};
use crate::model::region::Region;
use percent_encoding::percent_decode_str;

const SUFFIXES: [&str; 3] = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"];

/// Reads what follows `https://`.
pub(super) fn parse(rest: &str) -> Result<Location, LocationError> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err(LocationError::Credentials);
    }
    let (host_bucket, region) = split_host(authority)?;
    if path.contains(['?', '#']) {
        return Err(LocationError::Query);
    }
    let path = path.strip_prefix('/').unwrap_or(path);
    let (bucket, key) = match &host_bucket {
        Some(bucket) => (bucket.as_str(), path),
        None => path.split_once('/').unwrap_or((path, "")),
    };
    let bucket = Bucket::parse(bucket)?;
    let prefix = Prefix::parse(&decode(key)?)?;
    Ok(Location {
        bucket,
        prefix,
        region,
    })
}

/// The bucket, unless it is in the path, and the region, unless the host is the global one.
fn split_host(authority: &str) -> Result<(Option<String>, Option<Region>), LocationError> {
    let host = authority.to_ascii_lowercase();
    let host = host
        .strip_suffix(":443")
        .or(host.strip_suffix(":80"))
        .unwrap_or(&host);
    let Some(name) = SUFFIXES.iter().find_map(|suffix| host.strip_suffix(suffix)) else {
        let console = host.split('.').any(|label| label == "console");
        return Err(if console {
            LocationError::ConsolePage
        } else {
            LocationError::NotAmazon
        });
    };
    let mut labels: Vec<&str> = name.split('.').collect();
    let region = match take_service(&mut labels) {
        Some("") => None,
        Some(region) => Some(Region::parse(region).map_err(|_| LocationError::NotAmazon)?),
        None => return Err(LocationError::NotAmazon),
    };
    let bucket = (!labels.is_empty()).then(|| labels.join("."));
    Ok((bucket, region))
}

/// Takes the labels of the service off the end, leaving those of the bucket, and gives the region, empty for
/// the global host. `None` is another service, or S3 but for something else than objects (`s3-website`...).
fn take_service<'a>(labels: &mut Vec<&'a str>) -> Option<&'a str> {
    let last = labels.pop()?;
    if is_region(last) {
        labels.pop_if(|label| *label == "dualstack");
        return labels
            .pop_if(|label| matches!(*label, "s3" | "s3-fips"))
            .map(|_| last);
    }
    match last {
        "s3" => Some(""),
        "s3-external-1" => Some("us-east-1"),
        _ => {
            let dashed = last.strip_prefix("s3-")?;
            let region = dashed.strip_prefix("fips-").unwrap_or(dashed);
            is_region(region).then_some(region)
        }
    }
}

/// Whether a label has the form of an AWS region: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
fn is_region(label: &str) -> bool {
    let parts: Vec<&str> = label.split('-').collect();
    let letters = |part: &&str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_lowercase());
    match parts.as_slice() {
        [area, middle @ .., number] => {
            (1..=2).contains(&middle.len())
                && (2..=4).contains(&area.len())
                && [*area].iter().chain(middle).all(letters)
                && !number.is_empty()
                && number.bytes().all(|b| b.is_ascii_digit())
        }
        _ => false,
    }
}

/// The key that a URL's path names. S3 reads `+` in a path as a space, and the console's URLs rely on it
/// (a plus is `%2B`): <https://github.com/nginx/nginx-s3-gateway/issues/77>.
fn decode(path: &str) -> Result<String, LocationError> {
    let hex = |bytes: &[u8]| bytes.len() == 2 && bytes.iter().all(u8::is_ascii_hexdigit);
    let escaped = path
        .split('%')
        .skip(1)
        .all(|rest| rest.as_bytes().get(..2).is_some_and(hex));
    if !escaped {
        return Err(LocationError::Escape);
    }
    let spaced = path.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| LocationError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bucket_the_key_and_the_region_are_found_in_every_form_of_host() {
        for (url, normal, region) in [
            (
                "https://logs.s3.us-west-2.amazonaws.com/a/b.csv",
                "s3://logs/a/b.csv/",
                Some("us-west-2"),
            ),
            ("https://logs.s3.amazonaws.com/a/", "s3://logs/a/", None),
            ("https://logs.s3.amazonaws.com", "s3://logs", None),
            (
                "https://logs.s3-us-west-2.amazonaws.com/a",
                "s3://logs/a/",
                Some("us-west-2"),
            ),
            (
                "https://logs.s3.dualstack.eu-west-1.amazonaws.com/a",
                "s3://logs/a/",
                Some("eu-west-1"),
            ),
            (
                "https://logs.s3-fips.us-gov-west-1.amazonaws.com/a",
                "s3://logs/a/",
                Some("us-gov-west-1"),
            ),
            (
                "https://logs.s3-fips.dualstack.us-east-1.amazonaws.com/a",
                "s3://logs/a/",
                Some("us-east-1"),
            ),
            (
                "https://logs.s3-fips-us-gov-west-1.amazonaws.com/a",
                "s3://logs/a/",
                Some("us-gov-west-1"),
            ),
            (
                "https://logs.s3-external-1.amazonaws.com/a",
                "s3://logs/a/",
                Some("us-east-1"),
            ),
            (
                "https://s3.us-west-2.amazonaws.com/logs/a",
                "s3://logs/a/",
                Some("us-west-2"),
            ),
            ("https://s3.amazonaws.com/logs", "s3://logs", None),
            (
                "https://s3-eu-west-1.amazonaws.com/logs/",
                "s3://logs",
                Some("eu-west-1"),
            ),
            (
                "https://s3.dualstack.us-east-2.amazonaws.com/logs/a",
                "s3://logs/a/",
                Some("us-east-2"),
            ),
            (
                "https://logs.s3.cn-north-1.amazonaws.com.cn/a",
                "s3://logs/a/",
                Some("cn-north-1"),
            ),
            (
                "https://logs.s3.eusc-de-east-1.amazonaws.eu/a",
                "s3://logs/a/",
                Some("eusc-de-east-1"),
            ),
            (
                "HTTP://Logs.S3.US-West-2.AmazonAWS.com:80/a",
                "s3://logs/a/",
                Some("us-west-2"),
            ),
            (
                "https://my.dotted.bucket.s3.us-west-2.amazonaws.com/a",
                "s3://my.dotted.bucket/a/",
                Some("us-west-2"),
            ),
            (
                "https://my.s3.us-west-2.s3.amazonaws.com/a",
                "s3://my.s3.us-west-2/a/",
                None,
            ),
            (
                "https://my.console.logs.s3.amazonaws.com/a",
                "s3://my.console.logs/a/",
                None,
            ),
            (
                "https://my.s3.dualstack.s3.us-west-2.amazonaws.com/",
                "s3://my.s3.dualstack",
                Some("us-west-2"),
            ),
        ] {
            let location = Location::parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!(location.to_string(), normal, "{url}");
            assert_eq!(
                location.region.as_ref().map(Region::as_str),
                region,
                "{url}"
            );
        }
    }

    #[test]
    fn the_path_is_decoded_and_not_resolved() {
        for (path, prefix) in [
            ("my+file%20%2B%3F%23%25.csv", "my file +?#%.csv/"),
            ("%C3%A9t%c3%a9", "été/"),
            ("a%2Fb", "a/b/"),
            ("a@b:c//d", "a@b:c//d/"),
        ] {
            let location =
                Location::parse(&format!("https://logs.s3.amazonaws.com/{path}")).unwrap();
            assert_eq!(location.prefix.as_str(), prefix);
        }
    }

    #[test]
    fn what_is_not_the_url_of_an_object_is_refused() {
        use super::super::{BucketError, PrefixError};
        for (url, error) in [
            (
                "https://logs.s3.amazonaws.com/a?X-Amz-Signature=1",
                LocationError::Query,
            ),
            ("https://s3.amazonaws.com?list-type=2", LocationError::Query),
            ("https://logs.s3.amazonaws.com/a#b", LocationError::Query),
            (
                "https://key:secret@logs.s3.amazonaws.com/a",
                LocationError::Credentials,
            ),
            (
                "https://us-east-1.console.aws.amazon.com/s3/buckets/logs?prefix=a",
                LocationError::ConsolePage,
            ),
            (
                "https://console.amazonaws.cn/s3/home",
                LocationError::ConsolePage,
            ),
            (
                "https://storage.googleapis.com/logs/a",
                LocationError::NotAmazon,
            ),
            (
                "https://logs.s3.amazonaws.com.evil.example/a",
                LocationError::NotAmazon,
            ),
            (
                "https://logs.s3.amazonaws.com:8443/a",
                LocationError::NotAmazon,
            ),
            ("https://amazonaws.com/logs", LocationError::NotAmazon),
            (
                "https://us-east-1.amazonaws.com/logs",
                LocationError::NotAmazon,
            ),
            (
                "https://sqs.us-east-1.amazonaws.com/logs",
                LocationError::NotAmazon,
            ),
            (
                "https://logs.s3-website-us-east-1.amazonaws.com/a",
                LocationError::NotAmazon,
            ),
            (
                "https://logs.s3-website.us-east-2.amazonaws.com/a",
                LocationError::NotAmazon,
            ),
            (
                "https://logs.s3-accelerate.amazonaws.com/a",
                LocationError::NotAmazon,
            ),
            (
                "https://mine-111122223333.s3-accesspoint.us-west-2.amazonaws.com/a",
                LocationError::NotAmazon,
            ),
            (
                "https://logs.vpce-1a2b.s3.us-east-1.vpce.amazonaws.com/a",
                LocationError::NotAmazon,
            ),
            ("https://", LocationError::NotAmazon),
            (
                "https://s3.amazonaws.com/",
                LocationError::Bucket(BucketError::Empty),
            ),
            (
                "https://s3.amazonaws.com/Logs/a",
                LocationError::Bucket(BucketError::UpperCase("logs".into())),
            ),
            ("https://logs.s3.amazonaws.com/50%", LocationError::Escape),
            ("https://logs.s3.amazonaws.com/50%2", LocationError::Escape),
            ("https://logs.s3.amazonaws.com/%zz", LocationError::Escape),
            ("https://logs.s3.amazonaws.com/%+1", LocationError::Escape),
            ("https://logs.s3.amazonaws.com/%ff", LocationError::NotUtf8),
            (
                "https://logs.s3.amazonaws.com/a/%2e%2e/b",
                LocationError::Prefix(PrefixError::DotSegment),
            ),
            (
                "https://logs.s3.amazonaws.com/a/../b",
                LocationError::Prefix(PrefixError::DotSegment),
            ),
            (
                "https://logs.s3.amazonaws.com/a%00",
                LocationError::Prefix(PrefixError::Control('\0')),
            ),
        ] {
            assert_eq!(Location::parse(url), Err(error), "{url}");
        }
    }
}
