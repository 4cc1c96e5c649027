//! What reflection serves: the whole API with its google.api options; every RPC refuses as the proto says.

use std::collections::BTreeSet;

use datastored::pb::{self, ErrorReason};
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};
use prost_types::{FileDescriptorProto, FileDescriptorSet, ServiceDescriptorProto};
use tonic::transport::Channel;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::v1::{ServerReflectionRequest, ServerReflectionResponse};

use super::{CODES, raw, refused, start};

const SERVICE: &str = "datastore.v1.DatastoreService";
const VERSIONS: [&str; 2] = ["v1", "v1alpha"];

/// Asks one question of reflection; both versions have the same messages.
async fn ask(channel: &Channel, version: &str, question: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(question),
    };
    let path = format!("/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo");
    let path = http::uri::PathAndQuery::try_from(path).expect("a path");
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("the server takes calls");
    let codec =
        tonic_prost::ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
    let requests = tonic::Request::new(tokio_stream::once(request));
    let answers = grpc.streaming(requests, path, codec).await;
    let mut answers = answers.expect("reflection is served").into_inner();
    let answer = answers.message().await.expect("it ends well");
    let answer = answer.and_then(|a| a.message_response);
    answer.expect("a question has an answer")
}

/// The bytes of the file that defines a symbol.
async fn file(channel: &Channel, version: &str, symbol: &str) -> Vec<u8> {
    let question = MessageRequest::FileContainingSymbol(symbol.to_owned());
    match ask(channel, version, question).await {
        MessageResponse::FileDescriptorResponse(files) => files.file_descriptor_proto[0].clone(),
        other => panic!("{version} {symbol}: {other:?}"),
    }
}

/// The fields of a message, by number; numbers that are not length-delimited have no bytes.
fn fields(mut bytes: &[u8]) -> Vec<(u32, &[u8])> {
    let mut fields = Vec::new();
    while !bytes.is_empty() {
        let (number, wire) = decode_key(&mut bytes).expect("a key");
        let length = match wire {
            WireType::Varint => decode_varint(&mut bytes).map(|_| 0).expect("a number"),
            WireType::LengthDelimited => decode_varint(&mut bytes).expect("a length"),
            WireType::ThirtyTwoBit => 4,
            WireType::SixtyFourBit => 8,
            WireType::StartGroup | WireType::EndGroup => panic!("descriptors have no groups"),
        };
        let (field, rest) = bytes.split_at(usize::try_from(length).expect("it fits"));
        fields.push((number, field));
        bytes = rest;
    }
    fields
}

/// The sub-messages under a field number.
fn under(bytes: &[u8], number: u32) -> Vec<&[u8]> {
    let fields = fields(bytes).into_iter();
    fields.filter(|f| f.0 == number).map(|f| f.1).collect()
}

fn name(descriptor: &[u8]) -> String {
    let name = under(descriptor, 1)[0];
    String::from_utf8(name.to_vec()).expect("a name is UTF-8")
}

/// The numbers of the options that are set, where `options` is the field that has them.
fn options(descriptor: &[u8], options: u32) -> BTreeSet<u32> {
    let messages = under(descriptor, options);
    let set = messages.into_iter().flat_map(fields);
    set.map(|(number, _)| number).collect()
}

// The numbers of descriptor.proto, and of the extensions in google/api.
const MESSAGES: u32 = 4;
const FIELDS: u32 = 2;
const MESSAGE_OPTIONS: u32 = 7;
const FIELD_OPTIONS: u32 = 8;
const FIELD_ONEOF: u32 = 9;
const FIELD_BEHAVIOR: u32 = 1052;
const RESOURCE: u32 = 1053;
const RESOURCE_REFERENCE: u32 = 1055;
const FIELD_INFO: u32 = 291_403_980;

/// `Message.field` of every field that has the option.
fn with_option(file: &[u8], option: u32) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for message in under(file, MESSAGES) {
        for field in under(message, FIELDS) {
            if options(field, FIELD_OPTIONS).contains(&option) {
                found.insert(format!("{}.{}", name(message), name(field)));
            }
        }
    }
    found
}

#[tokio::test]
async fn reflection_lists_every_service_in_both_versions() {
    let (server, _client) = start().await;
    let channel = server.channel().await;
    for version in VERSIONS {
        let question = MessageRequest::ListServices(String::new());
        let MessageResponse::ListServicesResponse(list) = ask(&channel, version, question).await
        else {
            panic!("{version} answers something else");
        };
        let names: BTreeSet<String> = list.service.into_iter().map(|s| s.name).collect();
        let reflection = format!("grpc.reflection.{version}.ServerReflection");
        for service in [SERVICE, "grpc.health.v1.Health", &reflection] {
            assert!(names.contains(service), "{version}: {names:?}");
        }
    }
}

#[tokio::test]
async fn the_served_descriptors_keep_the_google_api_options() {
    let (server, _client) = start().await;
    let channel = server.channel().await;
    for version in VERSIONS {
        let datastore = file(&channel, version, "datastore.v1.Datastore").await;
        let messages = under(&datastore, MESSAGES);
        let resource = messages.iter().find(|m| name(m) == "Datastore");
        let set = options(resource.expect("it is there"), MESSAGE_OPTIONS);
        assert!(set.contains(&RESOURCE), "{version}: {set:?}");
        let info = with_option(&datastore, FIELD_INFO);
        assert!(info.contains("Datastore.uid"), "{version}: {info:?}");

        let service = file(&channel, version, SERVICE).await;
        let info = with_option(&service, FIELD_INFO);
        assert!(info.contains("CreateDatastoreRequest.request_id"));
        let references = with_option(&service, RESOURCE_REFERENCE);
        for request in ["GetDatastoreRequest", "DeleteDatastoreRequest"] {
            assert!(references.contains(&format!("{request}.name")));
        }
        let policy = file(&channel, version, "datastore.v1.TrustPolicy").await;
        let audit = file(&channel, version, "datastore.v1.AuditEvent").await;
        for (file, is_input) in [
            (&datastore, true),
            (&audit, true),
            (&service, false),
            (&policy, false),
        ] {
            let behaviors = with_option(file, FIELD_BEHAVIOR);
            for message in under(file, MESSAGES) {
                let message_name = name(message);
                if !is_input && !message_name.ends_with("Request") {
                    continue;
                }
                for field in under(message, FIELDS) {
                    let path = format!("{message_name}.{}", name(field));
                    let in_oneof = fields(field).iter().any(|f| f.0 == FIELD_ONEOF);
                    let is_entry = message_name.ends_with("Entry");
                    assert!(in_oneof || is_entry || behaviors.contains(&path), "{path}");
                }
            }
        }
    }
}

#[tokio::test]
async fn reflection_knows_the_types_of_error_details() {
    let (server, _client) = start().await;
    let channel = server.channel().await;
    for version in VERSIONS {
        for detail in [
            "ErrorInfo",
            "BadRequest",
            "PreconditionFailure",
            "ResourceInfo",
            "RetryInfo",
        ] {
            file(&channel, version, &format!("google.rpc.{detail}")).await;
        }
        let reasons = file(&channel, version, "datastore.v1.ErrorReason").await;
        assert!(!reasons.is_empty());
    }
}

/// Each RPC with a request that must be refused, and why it must.
fn refusals() -> Vec<Row> {
    [datastore_refusals(), other_refusals()].concat()
}

type Row = (&'static str, Vec<u8>, ErrorReason);

fn datastore_refusals() -> Vec<Row> {
    let gone = "datastores/gone".to_owned();
    let datastore = pb::Datastore {
        name: gone.clone(),
        display_name: "Gone".to_owned(),
        ..pb::Datastore::default()
    };
    let target = pb::test_connection_request::Target::Name(gone.clone());
    vec![
        (
            "CreateDatastore",
            pb::CreateDatastoreRequest::default().encode_to_vec(),
            ErrorReason::InvalidFields,
        ),
        (
            "GetDatastore",
            pb::GetDatastoreRequest { name: gone.clone() }.encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "ListDatastores",
            pb::ListDatastoresRequest {
                page_size: -1,
                ..pb::ListDatastoresRequest::default()
            }
            .encode_to_vec(),
            ErrorReason::InvalidFields,
        ),
        (
            "UpdateDatastore",
            super::change(datastore, &[]).encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "DeleteDatastore",
            super::removal(&gone).encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "TestConnection",
            pb::TestConnectionRequest {
                target: Some(target),
                role: 0,
                ..pb::TestConnectionRequest::default()
            }
            .encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
    ]
}

fn other_refusals() -> Vec<Row> {
    let gone = "datastores/gone".to_owned();
    vec![
        (
            "GetConnectionTest",
            pb::GetConnectionTestRequest {
                name: format!("connectionTests/{}", super::new_request_id()),
            }
            .encode_to_vec(),
            ErrorReason::ConnectionTestNotFound,
        ),
        (
            "ListConnectionTests",
            pb::ListConnectionTestsRequest {
                parent: gone.clone(),
                ..pb::ListConnectionTestsRequest::default()
            }
            .encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "LinkEnrichment",
            pb::LinkEnrichmentRequest {
                name: gone.clone(),
                enrichment_datastore: gone.clone(),
                ..pb::LinkEnrichmentRequest::default()
            }
            .encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "UnlinkEnrichment",
            pb::UnlinkEnrichmentRequest {
                name: gone.clone(),
                ..pb::UnlinkEnrichmentRequest::default()
            }
            .encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "ResolveEnrichment",
            pb::ResolveEnrichmentRequest { name: gone.clone() }.encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "ClaimPrefix",
            pb::ClaimPrefixRequest { name: gone.clone() }.encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "ReleasePrefix",
            pb::ReleasePrefixRequest { name: gone }.encode_to_vec(),
            ErrorReason::DatastoreNotFound,
        ),
        (
            "GenerateIamPolicy",
            pb::GenerateIamPolicyRequest::default().encode_to_vec(),
            ErrorReason::InvalidFields,
        ),
        (
            "ListAuditEvents",
            pb::ListAuditEventsRequest {
                page_size: -1,
                ..pb::ListAuditEventsRequest::default()
            }
            .encode_to_vec(),
            ErrorReason::InvalidFields,
        ),
    ]
}

#[tokio::test]
async fn every_rpc_refuses_with_a_reason_of_ours_also_bytes_that_are_no_message() {
    let (server, _client) = start().await;
    let channel = server.channel().await;
    let service = file(&channel, "v1", SERVICE).await;
    let service = FileDescriptorProto::decode(&*service).expect("a descriptor");
    let methods = service.service[0].method.iter();
    let rows = refusals();
    for method in methods.map(|m| m.name().to_owned()) {
        let row = rows.iter().find(|row| row.0 == method);
        let (_, request, reason) = row.unwrap_or_else(|| panic!("{method} has no row"));
        let path = raw::path(&method);
        let status = raw::call(&channel, &path, raw::frame(request)).await;
        refused::<()>(Err(status), *reason);
        let status = raw::call(&channel, &path, raw::frame(b"\xff\xff\xff")).await;
        refused::<()>(Err(status), ErrorReason::MalformedMessage);
        let large = raw::frame(&vec![0; 2 << 20]);
        let status = raw::call(&channel, &path, large).await;
        refused::<()>(Err(status), ErrorReason::MessageTooLarge);
    }
}

fn described(name: &str) -> FileDescriptorProto {
    let set = FileDescriptorSet::decode(pb::DESCRIPTORS).expect("our own descriptors");
    let found = set.file.into_iter().find(|f| f.name() == name);
    found.unwrap_or_else(|| panic!("{name} is not described"))
}

/// The comment at a path of a file's source info.
fn comment(file: &FileDescriptorProto, path: &[i32]) -> String {
    let info = file.source_code_info.as_ref().expect("source info is kept");
    let location = info.location.iter().find(|l| l.path == path);
    location.map_or(String::new(), |l| l.leading_comments().to_owned())
}

#[test]
fn every_reason_is_named_by_a_comment_of_the_service_and_explained_with_its_code() {
    let file = described("datastore/v1/datastore_service.proto");
    let service: &ServiceDescriptorProto = &file.service[0];
    let mut text = comment(&file, &[6, 0]);
    for index in 0..service.method.len() {
        let index = i32::try_from(index).unwrap();
        let rpc = comment(&file, &[6, 0, 2, index]);
        assert!(rpc.contains("Reasons: "), "{rpc}");
        text.push_str(&rpc);
    }
    let words: BTreeSet<&str> = text
        .split(|c: char| !c.is_ascii_uppercase() && c != '_')
        .collect();

    let reasons = described("datastore/v1/error_reason.proto");
    let values = &reasons.enum_type[0].value;
    assert_eq!(
        values.len(),
        CODES.len() + 1,
        "a new reason needs its code in the tests"
    );
    for (index, value) in values.iter().enumerate().skip(1) {
        let name = value.name().trim_start_matches("ERROR_REASON_");
        assert!(words.contains(name), "no RPC's comment names {name}");
        let explained = comment(&reasons, &[5, 0, 2, i32::try_from(index).unwrap()]);
        let reason = ErrorReason::try_from(value.number()).unwrap();
        let code = CODES.iter().find(|(r, _)| *r == reason).unwrap().1;
        let begins = explained
            .trim_start()
            .split('.')
            .next()
            .unwrap()
            .replace('_', "");
        assert_eq!(begins.to_lowercase(), format!("{code:?}").to_lowercase());
        assert!(explained.contains("Example: {"), "{name} has no example");
    }
}
