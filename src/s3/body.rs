//! The body of an answer, which ends with an error when it is longer than any of S3's to the calls that are made here.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use aws_smithy_types::body::{Error, SdkBody};
use http_body::{Body, Frame, SizeHint};

/// The most that is read, in bytes: the answers that are asked for have a few KiB, and a list of a thousand things has room too.
const MAX: usize = 1024 * 1024;
/// What each piece counts for beside its own bytes. A body in pieces of one byte would otherwise take many times its length in memory.
const PIECE: usize = 64;

/// A body of which only so much is read.
#[derive(Debug)]
pub(super) struct Bounded {
    body: SdkBody,
    left: usize,
}

/// Why a body ended.
#[derive(Debug, thiserror::Error)]
#[error("the answer is longer than any of S3's")]
pub(super) struct TooLong;

impl Bounded {
    /// The same body, bounded.
    pub(super) fn new(body: SdkBody) -> Self {
        Self { body, left: MAX }
    }
}

impl Body for Bounded {
    type Data = <SdkBody as Body>::Data;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            let Some(left) = self.left.checked_sub(data.len() + PIECE) else {
                return Poll::Ready(Some(Err(TooLong.into())));
            };
            self.left = left;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        Body::is_end_stream(&self.body)
    }

    fn size_hint(&self) -> SizeHint {
        Body::size_hint(&self.body)
    }
}
