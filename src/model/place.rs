//! Where a datastore's objects are, in a form that tells whether two of them get into each other's way.

use super::datastore::S3Config;

/// The beginning of every key of a datastore, in its store. Two places are the same exactly when their keys are.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The host and port of a compatible store; for Amazon S3 the partition, in which a bucket's name is enough.
    store: String,
    /// `bucket/` or `bucket/prefix/`.
    path: String,
}

impl Place {
    /// The place of a configuration. `http` and `https` at one host and port are one store, and Amazon's own endpoints are Amazon S3.
    ///
    /// A bucket's name is unique in its partition ("General purpose bucket naming rules" in the Amazon S3 User Guide).
    #[must_use]
    pub fn of(s3: &S3Config) -> Self {
        let store = s3.endpoint.as_ref().filter(|e| !e.is_amazon());
        Self {
            store: match store {
                Some(endpoint) => endpoint.authority(),
                None => s3.region.partition().to_string(),
            },
            path: format!("{}/{}", s3.bucket.as_str(), s3.prefix.as_str()),
        }
    }

    /// Whether the two are the same place, or one lies in the other.
    #[must_use]
    pub fn overlaps(&self, other: &Self) -> bool {
        self.store == other.store
            && (self.path.starts_with(&other.path) || other.path.starts_with(&self.path))
    }

    /// A text that begins with that of another place exactly when it lies in that place. It has no NUL but one, after the store.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}\0{}", self.store, self.path)
    }

    /// The bucket alone.
    #[must_use]
    pub fn bucket(&self) -> Self {
        let (bucket, _) = self.path.split_once('/').unwrap_or((&self.path, ""));
        Self {
            store: self.store.clone(),
            path: format!("{bucket}/"),
        }
    }

    /// Every place that this one lies in, from the bucket inwards, itself left out.
    pub fn around(&self) -> impl Iterator<Item = Self> {
        let slashes = self.path.match_indices('/').map(|(at, _)| at + 1);
        let outer = slashes.filter(|end| *end < self.path.len());
        outer.map(|end| Self {
            store: self.store.clone(),
            path: self.path[..end].to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use crate::model::credentials::Credentials;
    use crate::model::datastore::S3Config;
    use crate::model::endpoint::Endpoint;
    use crate::model::location::Location;
    use crate::model::region::Region;

    fn place(uri: &str, endpoint: &str) -> Place {
        let location = Location::parse(uri).unwrap();
        Place::of(&S3Config {
            bucket: location.bucket().clone(),
            prefix: location.prefix().clone(),
            region: Region::default(),
            endpoint: (!endpoint.is_empty()).then(|| Endpoint::parse(endpoint).unwrap()),
            addressing_style: None,
            ca_certificates: None,
            credentials: Credentials::Anonymous,
        })
    }

    fn overlap(a: &str, b: &str) -> bool {
        let (a, b) = (place(a, ""), place(b, ""));
        assert_eq!(a.overlaps(&b), b.overlaps(&a));
        let nested = a.key().starts_with(&b.key()) || b.key().starts_with(&a.key());
        assert_eq!(a.overlaps(&b), nested);
        a.overlaps(&b)
    }

    #[test]
    fn equal_and_nested_places_overlap_and_names_that_begin_alike_do_not() {
        assert!(overlap("s3://logs", "s3://logs"));
        assert!(overlap("s3://logs", "s3://logs/a"));
        assert!(overlap("s3://logs/a", "s3://logs/a/b/c"));
        assert!(overlap("s3://logs/a/", "s3://logs/a"));
        assert!(!overlap("s3://logs/a", "s3://logs/ab"));
        assert!(!overlap("s3://logs/a", "s3://logs/b"));
        assert!(!overlap("s3://logs", "s3://logs-old"));
        assert!(!overlap("s3://logs/a", "s3://other/a"));
    }

    #[test]
    fn one_store_is_one_host_and_port() {
        let at = |endpoint| place("s3://logs/a", endpoint);
        let minio = at("http://minio:9000");
        assert_eq!(minio, at("https://minio:9000"));
        assert_ne!(minio, at("http://minio:9001"));
        assert_ne!(minio, at(""));
        assert_eq!(at(""), at("https://s3.eu-central-1.amazonaws.com"));
        assert_eq!(at(""), at("https://s3.amazonaws.com."));
        assert_eq!(
            at(""),
            at("https://s3-fips.dualstack.us-east-1.amazonaws.com")
        );
        assert_ne!(at(""), at("https://s3.amazonaws.com.example.org"));
        assert_ne!(
            at("http://a.elb.amazonaws.com"),
            at("http://b.elb.amazonaws.com")
        );
        assert_eq!(at("https://minio"), at("http://minio.:443"));
        assert_eq!(
            at("http://[::ffff:10.0.0.1]:9000"),
            at("http://10.0.0.1:9000")
        );
    }

    #[test]
    fn a_bucket_of_another_partition_is_another_bucket() {
        let location = Location::parse("s3://logs").unwrap();
        let of = |region: &str| {
            Place::of(&S3Config {
                bucket: location.bucket().clone(),
                prefix: location.prefix().clone(),
                region: Region::parse(region).unwrap(),
                endpoint: None,
                addressing_style: None,
                ca_certificates: None,
                credentials: Credentials::Anonymous,
            })
        };
        assert_eq!(of("us-east-1"), of("eu-central-1"));
        assert_ne!(of("us-east-1"), of("cn-north-1"));
    }

    #[test]
    fn a_place_lies_in_its_bucket_and_every_folder_above_it() {
        let inner = place("s3://logs/a//b", "");
        let around: Vec<Place> = inner.around().collect();
        let outer = ["s3://logs", "s3://logs/a/", "s3://logs/a//"];
        assert_eq!(around, outer.map(|uri| place(uri, "")));
        assert_eq!(inner.bucket(), place("s3://logs", ""));
        assert_eq!(place("s3://logs", "").around().count(), 0);
    }
}
