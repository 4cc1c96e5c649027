//! The body of an answer: it gives back what its call holds when it is over, is over at its deadline, and is counted by the code that ends it.

use std::pin::Pin;
use std::task::{Context, Poll};

use http::HeaderMap;
use http_body::{Frame, SizeHint};
use prost::bytes::Bytes;
use tonic::body::Body;

use crate::grpc::load::{End, Place, Seat};
use crate::grpc::metering::code;
use crate::grpc::trace::TracedCall;
use crate::metrics::Running;

/// A body, and what is held until it is over. A reader who does not read holds on to it.
#[derive(Debug)]
pub struct Answer {
    /// `None` when its deadline has passed.
    body: Option<Body>,
    end: Option<End>,
    running: Option<Running>,
    traced: Option<TracedCall>,
    _place: Option<Place>,
    _seat: Option<Seat>,
}

impl Answer {
    /// One that holds nothing.
    pub(super) fn of(body: Body) -> Self {
        Self {
            body: Some(body),
            end: None,
            running: None,
            traced: None,
            _place: None,
            _seat: None,
        }
    }

    /// It holds these, and ends then.
    pub(super) fn holding(
        self,
        place: Option<Place>,
        seat: Option<Seat>,
        end: Option<End>,
    ) -> Self {
        Self {
            end,
            _place: place,
            _seat: seat,
            ..self
        }
    }

    /// The code in its trailers ends this.
    pub(super) fn ending(self, running: Option<Running>) -> Self {
        Self { running, ..self }
    }

    /// The code in its trailers ends this call, too.
    pub(super) fn traced(self, call: TracedCall) -> Self {
        let traced = Some(call);
        Self { traced, ..self }
    }

    fn count(&mut self, trailers: &HeaderMap) {
        self.traced = self.traced.take().and_then(|call| call.end(trailers));
        if let Some(code) = code(trailers)
            && let Some(running) = self.running.take()
        {
            running.end(code);
        }
    }
}

impl http_body::Body for Answer {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let Some(body) = &mut self.body else {
            return Poll::Ready(None);
        };
        let mut polled = Pin::new(body).poll_frame(cx);
        if polled.is_pending()
            && let Some(end) = &mut self.end
            && let Poll::Ready(trailers) = end.poll(cx)
        {
            // Whoever makes the rest of the body sees that nobody reads it any more.
            self.body = None;
            polled = Poll::Ready(Some(trailers.map(Frame::trailers)));
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(trailers) = frame.trailers_ref()
        {
            self.count(trailers);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body
            .as_ref()
            .map_or_else(SizeHint::default, Body::size_hint)
    }
}
