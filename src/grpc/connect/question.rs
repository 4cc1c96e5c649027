//! A request of Connect as one of gRPC.

use futures_util::stream::once;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, TE};
use http::{HeaderMap, HeaderName, HeaderValue, Request, Version};
use http_body::Frame;
use http_body_util::{BodyExt, LengthLimitError, Limited, StreamBody};
use prost::bytes::{BufMut, Bytes, BytesMut};
use prost_reflect::MessageDescriptor;
use tonic::Status;
use tonic::body::Body;

use super::form::Form;
use super::schema::{from_json, malformed};
use crate::grpc::transport_errors::{max_bytes, too_large};

/// What a message has before it, in gRPC and in the streams of Connect: flags, and its length in four bytes.
pub(super) const PREFIX: usize = 5;

const VERSION: HeaderName = HeaderName::from_static("connect-protocol-version");
const TIMEOUT: HeaderName = HeaderName::from_static("connect-timeout-ms");
const STREAM_ENCODING: HeaderName = HeaderName::from_static("connect-content-encoding");

/// The request as gRPC has it. What is wrong with it comes out of its body, so it is answered like all errors of a call.
pub(super) fn translated(
    request: Request<Body>,
    form: Form,
    input: Option<MessageDescriptor>,
) -> Request<Body> {
    let (mut parts, body) = request.into_parts();
    let headers = headers(&mut parts.headers, form);
    let most = max_bytes(parts.uri.path());
    let body = match (headers, input) {
        // Where no method is, nobody reads the body.
        (_, None) => Body::empty(),
        // The envelopes are those of gRPC.
        (Ok(()), Some(_)) if form.is_stream && !form.is_json => body,
        (headers, Some(input)) => Body::new(StreamBody::new(Box::pin(once(async move {
            headers?;
            let message = message(body, form, input, most).await?;
            Ok::<_, Status>(Frame::data(framed(0, &message)))
        })))),
    };
    // gRPC-Web takes nothing else over HTTP/1.1 to be gRPC.
    parts.version = Version::HTTP_2;
    Request::from_parts(parts, body)
}

/// Makes the headers those of gRPC.
fn headers(headers: &mut HeaderMap, form: Form) -> Result<(), Status> {
    let encoding = if form.is_stream {
        STREAM_ENCODING
    } else {
        CONTENT_ENCODING
    };
    let version = headers.remove(VERSION);
    let encoding = headers.remove(encoding);
    let timeout = headers.remove(TIMEOUT);
    headers.remove(CONTENT_LENGTH);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.remove("grpc-timeout");
    if let Some(timeout) = timeout {
        let wrong =
            || malformed("connect-timeout-ms is no number of milliseconds of at most ten digits");
        let timeout = grpc_timeout(&timeout).ok_or_else(wrong)?;
        headers.insert("grpc-timeout", timeout);
    }
    if version.is_some_and(|version| version != "1") {
        return Err(malformed(
            "connect-protocol-version is another one than 1; send 1",
        ));
    }
    match encoding {
        Some(encoding) if encoding != "identity" => Err(Status::unimplemented(
            "requests are not decompressed; send identity, the only encoding that is supported",
        )),
        _ => Ok(()),
    }
}

/// `connect-timeout-ms` as `grpc-timeout`, which has no more than eight digits.
fn grpc_timeout(milliseconds: &HeaderValue) -> Option<HeaderValue> {
    let digits = milliseconds.to_str().ok()?;
    if digits.is_empty() || digits.len() > 10 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    let text = if number < 100_000_000 {
        format!("{number}m")
    } else {
        format!("{}S", number / 1000)
    };
    HeaderValue::from_str(&text).ok()
}

/// The one message of a request, in protobuf; `most`: how large it may be.
async fn message(
    body: Body,
    form: Form,
    input: MessageDescriptor,
    most: usize,
) -> Result<Bytes, Status> {
    let framed = most + if form.is_stream { PREFIX } else { 0 };
    let read = Limited::new(body, framed).collect().await;
    let read = read.map_err(|error| {
        if error.is::<LengthLimitError>() {
            too_large(most)
        } else {
            malformed("the request's body has not come to its end")
        }
    });
    let mut bytes = read?.to_bytes();
    if form.is_stream {
        bytes = opened(bytes)?;
    }
    if form.is_json {
        from_json(input, &bytes).map(Bytes::from)
    } else {
        Ok(bytes)
    }
}

/// What is in the one envelope of a request.
fn opened(mut bytes: Bytes) -> Result<Bytes, Status> {
    let wrong = || malformed("the request is not one message in one envelope, not compressed");
    let prefix: [u8; PREFIX] = *bytes.first_chunk().ok_or_else(wrong)?;
    let [flags, length @ ..] = prefix;
    let message = bytes.split_off(PREFIX);
    let is_whole = u32::from_be_bytes(length) as usize == message.len();
    (flags == 0 && is_whole)
        .then_some(message)
        .ok_or_else(wrong)
}

/// A message after its flags and its length.
pub(super) fn framed(flags: u8, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(PREFIX + message.len());
    frame.put_u8(flags);
    // None is near 4 GiB: requests are bounded, and so is what this server keeps.
    frame.put_u32(u32::try_from(message.len()).unwrap_or(u32::MAX));
    frame.put_slice(message);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::grpc_timeout;

    #[test]
    fn a_timeout_in_milliseconds_is_one_of_grpc() {
        for (sent, expected) in [
            ("0", Some("0m")),
            ("1500", Some("1500m")),
            ("99999999", Some("99999999m")),
            ("100000000", Some("100000S")),
            ("9999999999", Some("9999999S")),
            ("10000000000", None),
            ("", None),
            ("-1", None),
            ("1.5", None),
        ] {
            let timeout = grpc_timeout(&HeaderValue::from_static(sent));
            let expected = expected.map(HeaderValue::from_static);
            assert_eq!(timeout, expected, "{sent}");
        }
    }
}
