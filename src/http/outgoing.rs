//! Bodies that a connection sends from where they are, without a copy of them.
//!
//! actix-http copies what a body gives into the buffer of its connection. A large body gives nothing: it hands its bytes to the
//! connection, which sends them in one call to the system together with the head that waits in that buffer, and ends when
//! they are sent. A connection sends one body at a time, since the next answer begins when the body before it has ended.

use std::{
    cell::RefCell,
    convert::Infallible,
    io::{self, IoSlice},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker, ready},
};

use actix_web::{
    body::{BodySize, MessageBody},
    web::{Buf as _, Bytes},
};
use tokio::io::AsyncWrite;

/// A shorter body is copied with less work than is saved.
pub(super) const LEAST_BYTES: usize = 16 * 1024;

/// What a connection has to send after the bytes of its buffer; shared by the connection and its bodies.
#[derive(Debug, Clone, Default)]
pub struct Outgoing(Rc<RefCell<Rest>>);

#[derive(Debug, Default)]
struct Rest {
    bytes: Bytes,
    /// The body that waits until they are sent.
    body: Option<Waker>,
}

impl Outgoing {
    /// Sends these bytes and what is left of the body behind them. Answers how many of *these* bytes went, and how many bytes
    /// went altogether.
    pub fn poll_write<S: AsyncWrite + Unpin>(
        &self,
        stream: &mut S,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<Sent>> {
        let mut rest = self.0.borrow_mut();
        let all = if rest.bytes.is_empty() {
            ready!(Pin::new(stream).poll_write(cx, bytes))?
        } else if stream.is_write_vectored() {
            let slices = [IoSlice::new(bytes), IoSlice::new(&rest.bytes)];
            ready!(Pin::new(stream).poll_write_vectored(cx, &slices))?
        } else {
            let first = if bytes.is_empty() { &rest.bytes[..] } else { bytes };
            ready!(Pin::new(stream).poll_write(cx, first))?
        };
        let of_these = all.min(bytes.len());
        rest.advance(all - of_these);
        Poll::Ready(Ok(Sent { of_these, all }))
    }

    /// Whether nothing of a body is left to send.
    pub fn is_empty(&self) -> bool {
        self.0.borrow().bytes.is_empty()
    }

    /// A body of these bytes, for a response to a request of this connection.
    pub(super) fn body(&self, bytes: Bytes) -> Body {
        Body { outgoing: self.clone(), bytes: Some(bytes) }
    }
}

impl Rest {
    fn advance(&mut self, sent: usize) {
        if sent == 0 {
            return;
        }
        self.bytes.advance(sent);
        if self.bytes.is_empty()
            && let Some(body) = self.body.take()
        {
            // What is sent is not held while the connection idles.
            self.bytes = Bytes::new();
            body.wake();
        }
    }
}

/// Bytes that went to the system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sent {
    /// Of those that the call named.
    pub of_these: usize,
    /// With those of the body.
    pub all: usize,
}

/// A body that its connection sends. Its length has to stand in the head of its response.
#[derive(Debug)]
pub struct Body {
    outgoing: Outgoing,
    /// Until the connection has them.
    bytes: Option<Bytes>,
}

impl MessageBody for Body {
    type Error = Infallible;

    /// As far as actix-http counts, it comes to an end by itself.
    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let bytes = self.bytes.take();
        let mut rest = self.outgoing.0.borrow_mut();
        if let Some(bytes) = bytes {
            rest.bytes = bytes;
        }
        if rest.bytes.is_empty() {
            return Poll::Ready(None);
        }
        rest.body = Some(cx.waker().clone());
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, DuplexStream, duplex};

    use super::*;

    fn next(body: &mut Body) -> Poll<Option<Result<Bytes, Infallible>>> {
        Pin::new(body).poll_next(&mut Context::from_waker(Waker::noop()))
    }

    async fn write(outgoing: &Outgoing, stream: &mut DuplexStream, bytes: &[u8]) -> Poll<Sent> {
        poll_fn(|cx| Poll::Ready(outgoing.poll_write(stream, cx, bytes).map(Result::unwrap))).await
    }

    #[tokio::test]
    async fn a_body_follows_its_head_and_ends_when_it_is_sent() {
        for capacity in [3, 7, 64] {
            let (mut server, mut client) = duplex(capacity);
            let outgoing = Outgoing::default();
            let mut body = outgoing.body(Bytes::from_static(b"of the body"));
            assert!(next(&mut body).is_pending());
            let (mut head, mut received) = (&b"head "[..], Vec::new());
            while !head.is_empty() || !outgoing.is_empty() {
                match write(&outgoing, &mut server, head).await {
                    Poll::Ready(sent) => head = &head[sent.of_these..],
                    Poll::Pending => {
                        assert!(next(&mut body).is_pending());
                        client.read_buf(&mut received).await.map(drop).unwrap();
                    }
                }
            }
            assert!(matches!(next(&mut body), Poll::Ready(None)));
            drop(server);
            client.read_to_end(&mut received).await.unwrap();
            assert_eq!(received, b"head of the body", "{capacity}");
        }
    }

    #[tokio::test]
    async fn without_a_body_the_bytes_go_alone() {
        let (mut server, _client) = duplex(64);
        let sent = write(&Outgoing::default(), &mut server, b"head").await;
        assert_eq!(sent, Poll::Ready(Sent { of_these: 4, all: 4 }));
    }
}
