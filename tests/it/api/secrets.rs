//! Secrets stay secret: no answer, no log line at any level, no Debug, no command line and no stored byte shows one.

use std::fmt::Debug;
use std::path::Path;

use base64::Engine;
use datastored::pb;
use datastored::pb::s3_config::Credentials;
use datastored::pb::test_connection_request::Target;
use prost::Message;
use tempfile::TempDir;
use tonic::{Response, Status};

use super::{
    Client, access_key, change, creation, labels, new_request_id, removal, s3_mut, sent, source,
};
use crate::lab::proxy::{EVERY, Proxy, Reply};
use crate::server::{Datastored, command};

/// What a log, an answer or a Debug must not have in it.
const PLANTED: [&str; 8] = [
    "hunter2SECRETwJalrXUtnFEMI",
    "hunter2TOKENIQoJb3JpZ2luX2Vj",
    "hunter2REPLACEMENTbPxRfiCYEXAMPLE",
    "hunter2ENDPOINTPASSWORD",
    "hunter2BASESECRETwJalrXUtnFEMIK7",
    "hunter2BASETOKENFwoGZXIvYXdzEBYa",
    "hunter2ROLESECRETje7MtGbClwBFMDp",
    "hunter2ROLETOKENAQoDYXdzEJr1K8Qz",
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

/// A datastore with a role that is assumed at `sts` with planted credentials.
fn planted_role(sts: &str) -> pb::Datastore {
    let Credentials::AccessKey(key) = access_key("AKIA1", PLANTED[4], PLANTED[5]) else {
        unreachable!("it is an access key");
    };
    let mut datastore = source("Role");
    let s3 = s3_mut(&mut datastore);
    sts.clone_into(&mut s3.endpoint);
    s3.credentials = Some(Credentials::AssumeRole(pb::AssumeRole {
        role_arn: "arn:aws:iam::123456789012:role/reader".to_owned(),
        sts_endpoint: sts.to_owned(),
        base: Some(pb::assume_role::Base::AccessKey(key)),
        ..pb::AssumeRole::default()
    }));
    datastore
}

/// An answer of STS with planted credentials.
fn planted_answer() -> Reply {
    let body = format!(
        "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken>{}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>",
        PLANTED[6], PLANTED[7]
    );
    Reply {
        status: 200,
        content_type: "text/xml",
        body,
    }
}

/// Every way in which the secrets of a role travel: to STS, from STS and on to S3, and back in the words of either.
async fn every_call_with_a_role(client: &mut Client) {
    let echo = format!("{} {}", PLANTED[5], PLANTED[7]);
    let s3_refusal = Reply::error(403, "AccessDenied", &echo);
    for sts_answer in [
        planted_answer(),
        Reply::sts_error(403, "AccessDenied", &echo),
        Reply::sts_error(400, "RegionDisabledException", &echo),
    ] {
        let proxy = Proxy::start("http://nothing.invalid").await;
        proxy.answer("AssumeRole", sts_answer);
        proxy.answer(EVERY, s3_refusal.clone());
        let datastore = planted_role(proxy.endpoint());
        let request = creation(datastore.clone());
        let created = client.create_datastore(debug(request)).await;
        let name = created.as_ref().map(|c| c.get_ref().name.clone());
        let name = name.expect("it is created");
        clean_answer("create", created);
        let list = pb::ListDatastoresRequest::default();
        clean_answer("list", client.list_datastores(list).await);
        for target in [Target::Datastore(datastore), Target::Name(name.clone())] {
            test(client, target).await;
        }
        assert!(proxy.calls("AssumeRole") > 0, "STS is asked");
        clean_answer("delete", client.delete_datastore(removal(&name)).await);
    }
    let mut bad = planted_role("http://127.0.0.1:1");
    if let Some(Credentials::AssumeRole(role)) = &mut s3_mut(&mut bad).credentials {
        role.role_arn = format!("arn:aws:iam::1:user/{}", PLANTED[4]);
        role.external_id = format!("{} ", PLANTED[4]);
        role.session_name = format!("{}/", PLANTED[5]);
        role.sts_endpoint = format!("https://user:{}@sts", PLANTED[3]);
        if let Some(pb::assume_role::Base::AccessKey(key)) = &mut role.base {
            key.secret_access_key.push(' ');
        }
    }
    clean_answer("bad", client.create_datastore(creation(bad)).await);
}

async fn test(client: &mut Client, target: Target) {
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
    test(client, Target::Datastore(planted())).await;
    test(client, Target::Name(stored.name.clone())).await;
    stored.name
}

#[tokio::test]
async fn no_answer_log_line_command_line_or_stored_byte_shows_a_secret_at_any_log_level() {
    for (format, filter) in [
        ("json", "trace"),
        ("text", "trace"),
        (
            "json",
            "trace,sled=trace,h2=trace,hyper=trace,aws_smithy_runtime=trace,log=trace",
        ),
    ] {
        let options = ["--log-format", format, "--check-timeout", "2s"];
        let folder = TempDir::new().unwrap();
        let mut command = command(folder.path(), &options);
        command.env("RUST_LOG", filter);
        let server = Datastored::start_command(command, folder.path());
        let mut client = server.client().await;
        let name = every_call(&mut client).await;
        every_call_with_a_role(&mut client).await;
        stored_bytes_are_clean(folder.path());
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
        stored_bytes_are_clean(folder.path());
    }
}

/// No file of the data folder has a secret in it. What may be shown is found there, so that a secret would be.
fn stored_bytes_are_clean(folder: &Path) {
    let mut shown = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).expect("a data folder can be read") {
            let path = file.expect("a data folder can be read").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            // The socket for backups has no bytes.
            if !path.is_file() {
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file of the data folder can be read");
            clean(&path.display().to_string(), &bytes);
            shown += bytes.windows(5).filter(|part| part == b"AKIA1").count();
        }
    }
    assert!(shown > 0, "the records are looked at");
}

#[test]
fn what_is_looked_for_would_be_found_in_any_form() {
    for form in forms(PLANTED[1]) {
        assert_eq!(leaked(format!("a {form} b").as_bytes()), Some(PLANTED[1]));
    }
    assert_eq!(leaked(b"hunter2"), None);
}
