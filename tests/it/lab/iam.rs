//! IAM Query API calls, signed with Signature Version 4.
//!
//! A handful of calls by hand, because compiling `aws-sdk-iam` takes minutes.

use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4::SigningParams;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Collected, Full};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::Keys;

const FORM: &str = "application/x-www-form-urlencoded";

/// What Python's `urlencode` encodes. moto verifies the signature of a form that it encoded anew in
/// this way, whatever the body looked like.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Creates a user with one managed policy and returns its new access key.
///
/// # Panics
/// When the server refuses one of the calls.
pub async fn create_user(endpoint: &str, admin: &Keys, name: &str, policy: &str) -> Keys {
    let call = |action, parameters: &[(&str, &str)]| {
        ask(action, signed(request(endpoint, action, parameters), admin))
    };
    call("CreateUser", &[("UserName", name)]).await;
    let policy = call(
        "CreatePolicy",
        &[("PolicyName", name), ("PolicyDocument", policy)],
    )
    .await;
    let arn = element(&policy, "Arn");
    call(
        "AttachUserPolicy",
        &[("UserName", name), ("PolicyArn", &arn)],
    )
    .await;
    // The key comes last, so that it never works without its policy.
    let key = call("CreateAccessKey", &[("UserName", name)]).await;
    Keys {
        access_key_id: element(&key, "AccessKeyId"),
        secret_access_key: element(&key, "SecretAccessKey"),
    }
}

/// Creates a role that may be assumed as `trust` says, with one managed policy, and returns its ARN.
///
/// # Panics
/// When the server refuses one of the calls.
pub async fn create_role(
    endpoint: &str,
    admin: &Keys,
    name: &str,
    trust: &str,
    policy: &str,
) -> String {
    let call = |action, parameters: &[(&str, &str)]| {
        ask(action, signed(request(endpoint, action, parameters), admin))
    };
    let policy = call(
        "CreatePolicy",
        &[("PolicyName", name), ("PolicyDocument", policy)],
    )
    .await;
    let role = call(
        "CreateRole",
        &[("RoleName", name), ("AssumeRolePolicyDocument", trust)],
    )
    .await;
    let arn = element(&policy, "Arn");
    call(
        "AttachRolePolicy",
        &[("RoleName", name), ("PolicyArn", &arn)],
    )
    .await;
    element(&role, "Arn")
}

/// Makes one call and returns the XML of its answer.
async fn ask(action: &'static str, request: Request<String>) -> String {
    let sent = |request| async {
        let sent = send(request).await;
        sent.unwrap_or_else(|error| panic!("{action} did not arrive: {error}"))
    };
    let (mut status, mut answer) = sent(request.clone()).await;
    // moto walks through its users to attach a policy, and fails when one is made meanwhile.
    for _ in 0..5 {
        if action == "AttachUserPolicy" && status.is_server_error() {
            (status, answer) = sent(request.clone()).await;
        }
    }
    assert!(
        status.is_success(),
        "{action} was refused with {status}: {answer}"
    );
    answer
}

fn request(endpoint: &str, action: &str, parameters: &[(&str, &str)]) -> Request<String> {
    let mut body = format!("Action={action}&Version=2010-05-08");
    for (name, value) in parameters {
        body.extend(["&", name, "=", &form_encoded(value)]);
    }
    Request::post(format!("{endpoint}/"))
        .header("content-type", FORM)
        .body(body)
        .expect("an IAM call is a valid request")
}

/// Sends a request on a connection of its own and returns the status and body of the answer.
pub async fn send(
    request: Request<String>,
) -> Result<(StatusCode, String), hyper_util::client::legacy::Error> {
    let client = Client::builder(TokioExecutor::new()).build_http::<Full<Bytes>>();
    let answer = client
        .request(request.map(|body| Full::new(Bytes::from(body))))
        .await?;
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .map(Collected::to_bytes)
        .unwrap_or_default();
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

fn signed(mut request: Request<String>, keys: &Keys) -> Request<String> {
    let identity = Credentials::new(
        &keys.access_key_id,
        &keys.secret_access_key,
        None,
        None,
        "lab",
    )
    .into();
    let parameters = SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name("iam")
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("every signing parameter is given")
        .into();
    let uri = request.uri().to_string();
    let headers = [("content-type", FORM)].into_iter();
    let signable = SignableRequest::new(
        "POST",
        &uri,
        headers,
        SignableBody::Bytes(request.body().as_bytes()),
    )
    .expect("an IAM call can be signed");
    let (instructions, _) = sign(signable, &parameters)
        .expect("an IAM call can be signed")
        .into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn form_encoded(value: &str) -> String {
    utf8_percent_encode(value, ENCODED)
        .to_string()
        .replace("%20", "+")
}

/// The text of the first element of that name.
fn element(xml: &str, name: &str) -> String {
    let (_, rest) = xml
        .split_once(&format!("<{name}>"))
        .unwrap_or_else(|| panic!("no <{name}> in {xml}"));
    let (text, _) = rest
        .split_once('<')
        .unwrap_or_else(|| panic!("<{name}> has no end in {xml}"));
    text.to_owned()
}
