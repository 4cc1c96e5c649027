//! Secrets stay secret: no answer, no log line at any level, no Debug and no command line shows one.

use std::fmt::Debug;

use base64::Engine;
use datastored::pb;
use prost::Message;
use tonic::{Response, Status};

use super::{
    Client, access_key, change, creation, labels, new_request_id, removal, s3_mut, sent, source,
};
use crate::server::Datastored;

/// What a log, an answer or a Debug must not have in it.
const PLANTED: [&str; 4] = [
    "hunter2SECRETwJalrXUtnFEMI",
    "hunter2TOKENIQoJb3JpZ2luX2Vj",
    "hunter2REPLACEMENTbPxRfiCYEXAMPLE",
    "hunter2ENDPOINTPASSWORD",
];

/// A text in the forms in which bytes get printed.
fn forms(secret: &str) -> Vec<String> {
    let bytes = secret.as_bytes();
    let list = |format: fn(&u8) -> String| bytes.iter().map(format).collect::<Vec<_>>();
    vec![
        secret.to_owned(),
        list(ToString::to_string).join(", "),
        list(|b| format!("{b:02x}")).concat(),
        list(|b| format!("{b:#x}")).join(", "),
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes),
    ]
}

/// Which secret is in a text, in whatever form.
fn leaked(text: &[u8]) -> Option<&'static str> {
    let has = |form: &String| text.windows(form.len()).any(|w| w == form.as_bytes());
    PLANTED.into_iter().find(|s| forms(s).iter().any(has))
}

#[track_caller]
fn clean(what: &str, text: &[u8]) {
    assert_eq!(
        leaked(text),
        None,
        "{what}: {}",
        String::from_utf8_lossy(text)
    );
}

#[track_caller]
fn clean_answer<T: Message + Debug>(what: &str, answer: Result<Response<T>, Status>) {
    let bytes = match answer {
        Ok(response) => {
            clean(what, format!("{response:?}").as_bytes());
            response.into_inner().encode_to_vec()
        }
        Err(status) => {
            clean(what, format!("{status:?}").as_bytes());
            status.details().to_vec()
        }
    };
    clean(what, &bytes);
}

/// A request is clean as Debug prints it, even if it holds the secrets.
#[track_caller]
fn debug<T: Debug>(request: T) -> T {
    clean("Debug", format!("{request:?} {request:#?}").as_bytes());
    request
}

fn planted() -> pb::Datastore {
    let mut datastore = source("Orders");
    s3_mut(&mut datastore).credentials = Some(access_key("AKIA1", PLANTED[0], PLANTED[1]));
    // Nobody answers there, so that a test of the connection signs a request and fails.
    "http://127.0.0.1:1".clone_into(&mut s3_mut(&mut datastore).endpoint);
    datastore
}

async fn test(client: &mut Client, target: pb::test_connection_request::Target) {
    let request = pb::TestConnectionRequest {
        target: Some(target),
        role: pb::Role::Enrichment.into(),
        ..pb::TestConnectionRequest::default()
    };
    let mut events = sent(client.test_connection(debug(request)).await);
    let mut last = None;
    while let Some(event) = events.message().await.expect("the stream ends well") {
        clean("event", &event.encode_to_vec());
        last = event.event;
    }
    let completed = pb::test_connection_response::Event::Completed;
    assert!(last.is_some_and(|e| std::mem::discriminant(&e)
        == std::mem::discriminant(&completed(pb::ConnectionTestReport::default()))));
}

/// Every call, with secrets in all that can hold them; returns the name of what is stored in the end.
async fn every_call(client: &mut Client) -> String {
    let mut request = creation(planted());
    request.request_id = new_request_id();
    request.validate_only = true;
    clean_answer(
        "validate",
        client.create_datastore(debug(request.clone())).await,
    );
    request.validate_only = false;
    clean_answer(
        "create",
        client.create_datastore(debug(request.clone())).await,
    );
    clean_answer("retry", client.create_datastore(request.clone()).await);
    "other".clone_into(&mut request.datastore_id);
    clean_answer("reused", client.create_datastore(request).await);
    clean_answer("taken", client.create_datastore(creation(planted())).await);
    let list = pb::ListDatastoresRequest::default();
    let stored = sent(client.list_datastores(list.clone()).await)
        .datastores
        .remove(0);
    clean_answer("list", client.list_datastores(list).await);
    let mut wanted = planted();
    wanted.name.clone_from(&stored.name);
    wanted.labels = labels(&[("env", "prod")]);
    s3_mut(&mut wanted).credentials = Some(access_key("AKIA1", PLANTED[2], ""));
    "s3://elsewhere".clone_into(&mut s3_mut(&mut wanted).uri);
    clean_answer(
        "refused",
        client
            .update_datastore(change(wanted.clone(), &["s3.uri"]))
            .await,
    );
    let mut update = change(wanted.clone(), &["*"]);
    update.validate_only = true;
    clean_answer("validate", client.update_datastore(update.clone()).await);
    update.validate_only = false;
    update.request_id = new_request_id();
    clean_answer(
        "update",
        client.update_datastore(debug(update.clone())).await,
    );
    clean_answer("retry", client.update_datastore(update).await);
    let name = stored.name.clone();
    clean_answer(
        "get",
        client.get_datastore(pb::GetDatastoreRequest { name }).await,
    );
    let mut bad = planted();
    s3_mut(&mut bad).endpoint = format!("https://user:{}@minio", PLANTED[3]);
    s3_mut(&mut bad).credentials = Some(access_key("", &format!("{} ", PLANTED[0]), PLANTED[1]));
    clean_answer("bad", client.create_datastore(creation(bad)).await);
    test(
        client,
        pb::test_connection_request::Target::Datastore(planted()),
    )
    .await;
    test(
        client,
        pb::test_connection_request::Target::Name(stored.name.clone()),
    )
    .await;
    stored.name
}

#[tokio::test]
async fn no_answer_log_line_or_command_line_shows_a_secret_at_any_log_level() {
    for (format, filter) in [
        ("json", "trace"),
        ("text", "trace"),
        (
            "json",
            "trace,sled=trace,h2=trace,hyper=trace,aws_smithy_runtime=trace,log=trace",
        ),
    ] {
        let options = ["--log-format", format, "--check-timeout", "2s"];
        let server = Datastored::start_with(&options, &[("RUST_LOG", filter)]);
        let mut client = server.client().await;
        let name = every_call(&mut client).await;
        clean_answer("delete", client.delete_datastore(removal(&name)).await);
        for file in ["cmdline", "environ"] {
            let text = std::fs::read(format!("/proc/{}/{file}", server.pid()));
            clean(file, &text.expect("our own process can be looked at"));
        }
        server.signal(rustix::process::Signal::TERM);
        let (_, log) = server.ended_with_log().await;
        assert!(log.contains("stopped"), "the log is whole: {log}");
        for line in log.lines() {
            clean("log", line.as_bytes());
        }
    }
}

#[test]
fn what_is_looked_for_would_be_found_in_any_form() {
    for form in forms(PLANTED[1]) {
        assert_eq!(leaked(format!("a {form} b").as_bytes()), Some(PLANTED[1]));
    }
    assert_eq!(leaked(b"hunter2"), None);
}
