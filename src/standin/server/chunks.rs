//! Bodies that are made while they are sent.
//!
//! The next chunk is made when the connection has taken the one before: a client that reads slowly, or no more, costs one
//! chunk of memory and no thread.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes, HttpBody};
use http_body::Frame;
use tokio::task::{JoinHandle, spawn_blocking};

type Maker = Box<dyn Iterator<Item = io::Result<Vec<u8>>> + Send>;

/// What makes the chunks of a body; the first error ends it, and the connection with it.
pub(super) struct Chunks(Maker);

impl Chunks {
    pub(super) fn new(
        chunks: impl Iterator<Item = io::Result<Vec<u8>>> + Send + 'static,
    ) -> Chunks {
        Chunks(Box::new(chunks))
    }

    /// All of it at once, after what is already made; nothing when it cannot be made.
    pub(super) async fn whole(self, first: Vec<u8>) -> Option<Vec<u8>> {
        let work = spawn_blocking(move || {
            let mut all = first;
            for chunk in self.0 {
                all.append(&mut chunk.ok()?);
            }
            Some(all)
        });
        work.await.ok().flatten()
    }

    /// A body that begins with a chunk that is already made.
    pub(super) fn after(self, first: Vec<u8>) -> Body {
        Body::new(Made {
            first: Some(first.into()),
            next: Next::Made(Some(self.0)),
        })
    }
}

impl fmt::Debug for Chunks {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Chunks")
    }
}

struct Made {
    first: Option<Bytes>,
    next: Next,
}

enum Next {
    /// Nobody works on it; nothing is left when there is no maker.
    Made(Option<Maker>),
    /// A thread that may block makes the next chunk; it ends by itself when the body is dropped.
    Making(JoinHandle<(Maker, Option<io::Result<Vec<u8>>>)>),
}

impl HttpBody for Made {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(first) = self.first.take() {
            return Poll::Ready(Some(Ok(Frame::data(first))));
        }
        loop {
            match &mut self.next {
                Next::Made(maker) => {
                    let Some(mut maker) = maker.take() else {
                        return Poll::Ready(None);
                    };
                    let work = spawn_blocking(move || {
                        let chunk = maker.next();
                        (maker, chunk)
                    });
                    self.next = Next::Making(work);
                }
                Next::Making(work) => {
                    let done = ready!(Pin::new(work).poll(context));
                    let (maker, chunk) = match done {
                        Ok((maker, Some(Ok(chunk)))) => (Some(maker), Some(Ok(chunk))),
                        Ok((_, Some(Err(error)))) => (None, Some(Err(error))),
                        Ok((_, None)) => (None, None),
                        Err(broken) => (None, Some(Err(io::Error::other(broken)))),
                    };
                    self.next = Next::Made(maker);
                    return Poll::Ready(chunk.map(|chunk| chunk.map(|c| Frame::data(c.into()))));
                }
            }
        }
    }
}
