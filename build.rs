//! Compiles `proto/` with protox, so that no protoc is needed, and writes the descriptor set that reflection serves.

use std::path::PathBuf;

const FILES: [&str; 7] = [
    "datastore/v1/audit_event.proto",
    "datastore/v1/connection_test.proto",
    "datastore/v1/datastore.proto",
    "datastore/v1/datastore_service.proto",
    "datastore/v1/error_reason.proto",
    "datastore/v1/iam_policy.proto",
    // Nothing imports it; reflection serves it, so that grpcurl can print error details.
    "google/rpc/error_details.proto",
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    println!("cargo:rerun-if-changed=proto");
    let mut compiler = protox::Compiler::new(["proto"])?;
    compiler
        .include_imports(true)
        .include_source_info(true)
        .open_files(FILES)?;

    // Encoded by protox: going through prost would drop the google.api options.
    let out = PathBuf::from(std::env::var("OUT_DIR")?);
    std::fs::write(
        out.join("descriptors.bin"),
        compiler.encode_file_descriptor_set(),
    )?;

    tonic_prost_build::configure()
        .build_server(std::env::var_os("CARGO_FEATURE_SERVER").is_some())
        .build_client(std::env::var_os("CARGO_FEATURE_CLIENT").is_some())
        .btree_map(".datastore.v1") // one encoding for one message, whatever the order of labels
        .skip_debug(["datastore.v1.AccessKey"]) // pb.rs writes one that hides the secrets
        .compile_fds(compiler.file_descriptor_set())?;
    Ok(())
}
