//! A listener whose connections can be cut or made to drip from within an answer.
//!
//! Each connection shares one [`Line`] with the handlers of its requests. A handler that wants the client to see a
//! connection closed without an answer cuts the line: the next write fails, and the server drops the socket.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Sleep, sleep};

const OPEN: u8 = 0;
const CUT: u8 = 1;
const DRIPPING: u8 = 2;
/// How many bytes pass at once while a line drips, and how long it then pauses.
const DROP: (usize, Duration) = (64, Duration::from_millis(40));

/// A handle on the connection by which a request came.
#[derive(Clone, Debug)]
pub(super) struct Line {
    state: Arc<AtomicU8>,
    /// Who is at the other end.
    pub(super) peer: SocketAddr,
}

impl Line {
    /// Lets bytes through again.
    pub(super) fn open(&self) {
        self.state.store(OPEN, Ordering::Release);
    }

    /// Nothing more is written; the client sees the connection close.
    pub(super) fn cut(&self) {
        self.state.store(CUT, Ordering::Release);
    }

    /// What is written next arrives slowly.
    pub(super) fn drip(&self) {
        self.state.store(DRIPPING, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, Lines>> for Line {
    fn connect_info(stream: IncomingStream<'_, Lines>) -> Line {
        stream.io().line.clone()
    }
}

/// Accepts connections.
pub(super) struct Lines(pub(super) TcpListener);

impl Listener for Lines {
    type Io = Tapped;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Tapped, SocketAddr) {
        let (stream, peer) = Listener::accept(&mut self.0).await;
        // Answers are small and awaited; without this each would wait for the client's acknowledgement. A socket that
        // refuses is merely slower.
        let _ = stream.set_nodelay(true);
        let state = Arc::new(AtomicU8::new(OPEN));
        let line = Line { state, peer };
        let tapped = Tapped {
            stream,
            line,
            pause: None,
        };
        (tapped, peer)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// A connection that obeys its [`Line`].
pub(super) struct Tapped {
    stream: TcpStream,
    line: Line,
    pause: Option<Pin<Box<Sleep>>>,
}

impl AsyncRead for Tapped {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Tapped {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.line.state.load(Ordering::Acquire) {
            CUT => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            DRIPPING => {
                if let Some(pause) = &mut self.pause {
                    ready!(pause.as_mut().poll(context));
                }
                let (size, pause) = DROP;
                self.pause = Some(Box::pin(sleep(pause)));
                let drop = &bytes[..bytes.len().min(size)];
                Pin::new(&mut self.stream).poll_write(context, drop)
            }
            _ => Pin::new(&mut self.stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
