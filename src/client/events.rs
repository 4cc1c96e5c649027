//! The events of a connection test, as a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio_stream::Stream;
use tonic::Streaming;

use super::Error;
use crate::pb;
use crate::pb::test_connection_response::Event;

/// The events of a connection test: the plan first, then a change of a check at a time, the report at last. Dropping it stops the test.
#[derive(Debug)]
pub struct Events(Streaming<pb::TestConnectionResponse>);

impl Events {
    pub(super) fn new(stream: Streaming<pb::TestConnectionResponse>) -> Self {
        Self(stream)
    }
}

impl Stream for Events {
    type Item = Result<Event, Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            return match Pin::new(&mut self.0).poll_next(cx) {
                Poll::Pending => Poll::Pending,
                Poll::Ready(None) => Poll::Ready(None),
                Poll::Ready(Some(Err(status))) => Poll::Ready(Some(Err(status.into()))),
                Poll::Ready(Some(Ok(answer))) => match answer.event {
                    Some(event) => Poll::Ready(Some(Ok(event))),
                    // An event of a later version, which this one does not know.
                    None => continue,
                },
            };
        }
    }
}
