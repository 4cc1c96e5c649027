//! The body of a stream: the messages of gRPC in envelopes as they come, and the status in the last one ("Streaming-Response" of the protocol).

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http_body::Frame;
use prost::bytes::{Bytes, BytesMut};
use prost_reflect::MessageDescriptor;
use serde_json::json;
use tonic::body::Body;
use tonic::{Code, Status};

use super::answer::written;
use super::error;
use super::form::Form;
use super::question::{PREFIX, framed};
use super::schema::Schema;

/// The flag of the last envelope.
const END: u8 = 2;

/// The envelopes. Dropping them drops the stream, which ends the call.
#[derive(Debug)]
pub(super) struct Events {
    body: Body,
    /// What has come of a message that is not whole yet, and what came with it.
    buffer: BytesMut,
    /// What the stream has ended with, before its last envelope is sent.
    ended: Option<Status>,
    is_over: bool,
    form: Form,
    output: Option<MessageDescriptor>,
    schema: Arc<Schema>,
}

impl Events {
    /// Those of a body. `ended`: the status of an answer that has no messages.
    pub(super) fn new(
        body: Body,
        ended: Option<Status>,
        form: Form,
        output: Option<MessageDescriptor>,
        schema: Arc<Schema>,
    ) -> Self {
        Self {
            body,
            buffer: BytesMut::new(),
            ended,
            is_over: false,
            form,
            output,
            schema,
        }
    }

    /// The next message that is whole.
    fn message(&mut self) -> Option<Bytes> {
        let [_, length @ ..]: [u8; PREFIX] = *self.buffer.first_chunk()?;
        let end = PREFIX + u32::from_be_bytes(length) as usize;
        (self.buffer.len() >= end).then(|| self.buffer.split_to(end).freeze().split_off(PREFIX))
    }

    /// The last envelope.
    fn end(&mut self, status: &Status) -> Bytes {
        self.is_over = true;
        self.body = Body::empty();
        let end = match status.code() {
            Code::Ok => json!({}),
            _ => json!({ "error": error::json(status, &self.schema) }),
        };
        framed(END, end.to_string().as_bytes())
    }
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        loop {
            if self.is_over {
                return Poll::Ready(None);
            }
            if let Some(message) = self.message() {
                let envelope = match written(message, self.form, self.output.clone()) {
                    Ok(message) => framed(0, &message),
                    Err(status) => self.end(&status),
                };
                return Poll::Ready(Some(Ok(Frame::data(envelope))));
            }
            if let Some(status) = self.ended.take() {
                let envelope = self.end(&status);
                return Poll::Ready(Some(Ok(Frame::data(envelope))));
            }
            let cut_off = || Status::unavailable("the stream has ended without a status");
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => {
                        let status = frame.trailers_ref().and_then(Status::from_header_map);
                        self.ended = Some(status.unwrap_or_else(cut_off));
                    }
                },
                Some(Err(status)) => self.ended = Some(status),
                None => self.ended = Some(cut_off()),
            }
        }
    }
}
