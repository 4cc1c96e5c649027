//! The methods and messages of the API, and the translation of a message between JSON and protobuf.

use std::collections::HashMap;

use prost::Message;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor, MethodDescriptor};
use tonic::Status;

use crate::grpc::status::unreadable;
use crate::pb::ErrorReason;

/// What the descriptors tell.
#[derive(Debug)]
pub(super) struct Schema {
    pool: DescriptorPool,
    methods: HashMap<String, MethodDescriptor>,
}

impl Schema {
    /// That of these descriptor sets.
    pub(super) fn of(descriptors: &[&[u8]]) -> Self {
        let mut pool = DescriptorPool::new();
        for set in descriptors {
            // One that cannot be read has no methods. Reflection does not serve it either, and says so at the start.
            let _ = pool.decode_file_descriptor_set(*set);
        }
        let methods = pool.services().flat_map(|service| {
            let name = service.full_name().to_owned();
            let methods: Vec<_> = service.methods().collect();
            methods
                .into_iter()
                .map(move |method| (format!("/{name}/{}", method.name()), method))
        });
        let methods = methods.collect();
        Self { pool, methods }
    }

    /// The method that is called at a path.
    pub(super) fn method(&self, path: &str) -> Option<MethodDescriptor> {
        self.methods.get(path).cloned()
    }

    /// A message of this name as JSON; none if it is not known, or not of that kind.
    pub(super) fn json(&self, name: &str, message: &[u8]) -> Option<serde_json::Value> {
        let kind = self.pool.get_message_by_name(name)?;
        let message = DynamicMessage::decode(kind, message).ok()?;
        serde_json::to_value(message).ok()
    }
}

/// The message that a JSON text is. What is wrong with it is not repeated: it may have a secret in it.
pub(super) fn from_json(kind: MessageDescriptor, text: &[u8]) -> Result<Vec<u8>, Status> {
    let name = kind.full_name().to_owned();
    let mut json = serde_json::Deserializer::from_slice(text);
    let read = DynamicMessage::deserialize(kind, &mut json);
    match read.and_then(|message| json.end().map(|()| message)) {
        Ok(message) => Ok(message.encode_to_vec()),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(malformed(&format!(
                "the JSON is no {name}, at line {line}, column {column}; this server's .proto files have the fields and their types"
            )))
        }
    }
}

/// A message of this server's as a JSON text.
pub(super) fn to_json(kind: MessageDescriptor, message: &[u8]) -> Result<Vec<u8>, Status> {
    let unlike = |_| Status::internal("the answer is no such message");
    let message = DynamicMessage::decode(kind, message).map_err(unlike)?;
    serde_json::to_vec(&message).map_err(|_| Status::internal("the answer cannot be written"))
}

/// The status of a request that cannot be read.
pub(super) fn malformed(message: &str) -> Status {
    unreadable(ErrorReason::MalformedMessage, message, None)
}
