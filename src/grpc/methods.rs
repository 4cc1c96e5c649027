//! The methods that there are, by the paths they are called at.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message;
use prost_types::FileDescriptorSet;

/// What stands for every method that no descriptor has.
const OTHER: &str = "other";

/// The names of methods.
#[derive(Debug)]
pub(super) struct Methods {
    by_path: HashMap<String, Arc<str>>,
    other: Arc<str>,
}

impl Methods {
    /// Those of these descriptor sets.
    pub(super) fn of(descriptors: &[&[u8]]) -> Self {
        let sets = descriptors.iter().flat_map(|d| methods_of(d));
        Self {
            by_path: sets.collect(),
            other: OTHER.into(),
        }
    }

    /// The name of the method at a path, `package.Service/Method`; one name for all that there are not.
    pub(super) fn at(&self, path: &str) -> &Arc<str> {
        self.by_path.get(path).unwrap_or(&self.other)
    }
}

fn methods_of(descriptors: &[u8]) -> Vec<(String, Arc<str>)> {
    // One that cannot be read has none. Reflection does not serve it either, and says so at the start.
    let set = FileDescriptorSet::decode(descriptors).unwrap_or_default();
    let mut methods = Vec::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                let (package, service) = (file.package(), service.name());
                let name = format!("{package}.{service}/{}", method.name());
                methods.push((format!("/{name}"), name.into()));
            }
        }
    }
    methods
}
