//! MLLP: one message in, one answer out, over a connection of its own.
//!
//! Source: HL7 Minimal Lower Layer Protocol, release 1: a block is `0x0B` data `0x1C 0x0D`.

use std::io;

use tokio::net::TcpStream;

const BEGIN: u8 = 0x0b;
const END: [u8; 2] = [0x1c, 0x0d];
/// A longer answer is none.
const MAX_BYTES: usize = 1 << 20;

/// How a message fared.
pub(super) enum Exchanged {
    /// No connection stood: nothing has left.
    Unsent,
    /// An answer, without its frame.
    Answered(Vec<u8>),
    /// Anything may have happened.
    Silence,
}

/// Sends a message and waits for the answer; whoever calls sets the time.
pub(super) async fn exchange(listener: &str, message: &[u8]) -> Exchanged {
    let Ok(stream) = TcpStream::connect(listener).await else {
        return Exchanged::Unsent;
    };
    let block = [&[BEGIN][..], message, &END].concat();
    match talk(&stream, &block).await {
        Ok(answer) => Exchanged::Answered(answer),
        Err(_) => Exchanged::Silence,
    }
}

async fn talk(stream: &TcpStream, block: &[u8]) -> io::Result<Vec<u8>> {
    let mut left = block;
    while !left.is_empty() {
        stream.writable().await?;
        match stream.try_write(left) {
            Ok(n) => left = &left[n..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    loop {
        stream.readable().await?;
        match stream.try_read(&mut part) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => answer.extend_from_slice(&part[..n]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if let Some(whole) = unframed(&answer) {
            return Ok(whole.to_vec());
        }
        if MAX_BYTES < answer.len() {
            return Err(io::ErrorKind::InvalidData.into());
        }
    }
}

/// The first whole block.
fn unframed(bytes: &[u8]) -> Option<&[u8]> {
    let begin = bytes.iter().position(|byte| *byte == BEGIN)? + 1;
    let end = bytes[begin..].windows(2).position(|two| two == END)?;
    Some(&bytes[begin..begin + end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_counts_once_it_is_whole() {
        assert_eq!(unframed(b"\x0bMSH\x1c\x0d"), Some(&b"MSH"[..]));
        assert_eq!(unframed(b"noise\x0bMSH\x1c\x0d\x0b"), Some(&b"MSH"[..]));
        for part in [&b"\x0bMSH"[..], b"\x0bMSH\x1c", b"MSH\x1c\x0d", b""] {
            assert_eq!(unframed(part), None);
        }
    }
}
