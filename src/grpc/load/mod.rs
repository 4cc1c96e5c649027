//! What is bounded: calls and streams in flight, how often a caller calls, and how long a call takes. What is too much is refused before its message is read.

mod accounts;
mod bound;
mod deadline;

pub(super) use accounts::Seat;
pub use bound::Bounds;
pub(super) use bound::Place;
pub(super) use deadline::{Deadline, End};

/// What a call is, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// One answer.
    Call,
    /// Answers until one end has enough.
    Stream,
    /// The question whether the server is well. It is answered however much else there is, since who asks would otherwise take the server for ill.
    Health,
}

impl Kind {
    pub(super) fn of(path: &str) -> Self {
        match path {
            "/grpc.health.v1.Health/Check" => Self::Health,
            "/grpc.health.v1.Health/Watch" | "/datastore.v1.DatastoreService/TestConnection" => {
                Self::Stream
            }
            _ if path.starts_with("/grpc.reflection.") => Self::Stream,
            _ => Self::Call,
        }
    }
}

#[cfg(test)]
mod tests {
    use prost::Message;
    use prost_types::FileDescriptorSet;

    use super::Kind;
    use crate::pb;

    #[test]
    fn every_rpc_of_ours_that_streams_counts_as_a_stream_and_no_other() {
        let set = FileDescriptorSet::decode(pb::DESCRIPTORS).unwrap();
        let mut seen = 0;
        for file in set.file {
            for service in &file.service {
                for method in &service.method {
                    let (package, service) = (file.package(), service.name());
                    let path = format!("/{package}.{service}/{}", method.name());
                    let streams = method.server_streaming() || method.client_streaming();
                    assert_eq!(Kind::of(&path) == Kind::Stream, streams, "{path}");
                    seen += 1;
                }
            }
        }
        assert!(seen >= 15, "{seen}");
    }
}
