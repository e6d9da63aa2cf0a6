//! The bytes of a conversation with a mail server, with what the library above does not refuse.
//!
//! A line without end would be read into memory whole, so a server may say only so much before we speak
//! again. And what it says in the clear ends with the last line of its answer: bytes after that, sent
//! before we asked for anything, would be taken for the answer to the next command, across the beginning
//! of TLS too, where they are the work of someone in between.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use lettre::transport::smtp::client::AsyncTokioStream;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::limits::MAIL_ANSWER_BYTES_MAX;

/// A stream to a mail server.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    peer: SocketAddr,
    answer: Answer,
}

/// What the server has said since we last spoke.
#[derive(Debug, Default)]
struct Answer {
    bytes: usize,
    /// Bytes of the present line.
    column: usize,
    /// Whether a further line follows the present one: `250-` begins it.
    goes_on: bool,
    /// Whether its last line is over.
    over: bool,
    /// From the first TLS record on, bytes are no lines.
    encrypted: bool,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, peer: SocketAddr) -> Self {
        Self { stream, peer, answer: Answer::default() }
    }
}

impl Answer {
    fn hear(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len();
        if self.bytes > MAIL_ANSWER_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "it talks without end"));
        }
        if self.encrypted {
            return Ok(());
        }
        for byte in bytes {
            if self.over {
                let error = "it went on after the end of its answer";
                return Err(io::Error::new(io::ErrorKind::InvalidData, error));
            }
            match (byte, self.column) {
                (b'\n', _) => (self.over, self.column, self.goes_on) = (!self.goes_on, 0, false),
                (b'-', 3) => (self.goes_on, self.column) = (true, 4),
                (_, column) => self.column = column + 1,
            }
        }
        Ok(())
    }

    fn ask(&mut self, bytes: &[u8]) {
        /// A handshake record of any version of TLS.
        const HANDSHAKE: [u8; 2] = [0x16, 0x03];
        let encrypted = self.encrypted || bytes.starts_with(&HANDSHAKE);
        *self = Self { encrypted, ..Self::default() };
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(ctx, buffer))?;
        Poll::Ready(self.answer.hear(buffer.filled().get(before..).unwrap_or_default()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        ctx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(ctx, bytes))?;
        if written > 0 {
            self.answer.ask(bytes);
        }
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(ctx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, ctx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(ctx)
    }
}

impl<S> AsyncTokioStream for Watched<S>
where
    S: AsyncRead + AsyncWrite + Send + Sync + Unpin + std::fmt::Debug,
{
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.peer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_ends_with_its_last_line_and_has_a_bound() {
        for (chunks, good) in [
            (&["220 hi\r\n"] as &[&str], true),
            (&["25", "0-one\r\n250-two\r", "\n250 three\r\n"], true),
            (&["250\r\n"], true),
            (&["220 go on\r\n250 injected\r\n"], false),
            (&["220 go on\r\n", "250 injected\r\n"], false),
            (&["250-a\r\n250 b\r\n2"], false),
            (&[&"x".repeat(MAIL_ANSWER_BYTES_MAX), "x"], false),
        ] {
            let mut answer = Answer::default();
            let heard = chunks.iter().try_for_each(|chunk| answer.hear(chunk.as_bytes()));
            assert_eq!(heard.is_ok(), good, "{heard:?}");
            answer.ask(b"NOOP\r\n");
            assert!(answer.hear(b"250 ok\r\n").is_ok());
            answer.ask(&[0x16, 0x03, 0x01]);
            assert!(answer.hear(b"\n\n250 ok\r\n\n").is_ok(), "bytes of TLS");
        }
    }
}
