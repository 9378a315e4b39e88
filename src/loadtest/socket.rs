//! The client's end of a WebSocket: as little as the protocol allows.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Longest answer to the handshake.
const HANDSHAKE_BYTES: usize = 16 * 1024;
/// Largest frame a server sends.
const FRAME_BYTES: usize = 256 * 1024;
/// Any 16 bytes in base64 serve; the server only has to prove that it understood.
const KEY: &str = "dHJvdXBlLWxvYWR0ZXN0IQ==";

/// Opens a connection and does the handshake. Answers what came after it, too.
pub async fn open(host: &str, token: &str) -> Result<(TcpStream, Vec<u8>), String> {
    let mut stream = TcpStream::connect(host)
        .await
        .map_err(|error| format!("cannot connect to {host}: {error}"))?;
    let told = |error: std::io::Error| format!("handshake broke off: {error}");
    stream.set_nodelay(true).map_err(told)?;
    let request = format!(
        "GET /ws HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: {KEY}\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Protocol: troupe.v1\r\nAuthorization: Bearer {token}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.map_err(told)?;
    let mut answer = Vec::with_capacity(1024);
    loop {
        if let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let rest = answer.split_off(end + 4);
            upgraded(&answer)?;
            return Ok((stream, rest));
        }
        let read = stream.read_buf(&mut answer).await.map_err(told)?;
        if read == 0 || answer.len() > HANDSHAKE_BYTES {
            return Err("the server ended the handshake".to_owned());
        }
    }
}

fn upgraded(answer: &[u8]) -> Result<(), String> {
    let answer = String::from_utf8_lossy(answer);
    let proof = actix_http::ws::hash_key(KEY.as_bytes());
    let proof = String::from_utf8_lossy(&proof).into_owned();
    if answer.starts_with("HTTP/1.1 101") && answer.contains(&proof) {
        return Ok(());
    }
    let status = answer.lines().next().unwrap_or_default();
    Err(format!("the server would not open a WebSocket: {status}"))
}

/// What a server sends.
#[derive(Debug, PartialEq, Eq)]
pub enum Inbound<'a> {
    Text(&'a [u8]),
    Ping(&'a [u8]),
    Pong,
    Close(u16),
}

/// The next whole frame and its length in bytes. `Ok(None)`: more bytes are needed.
pub fn parse(bytes: &[u8]) -> Result<Option<(Inbound<'_>, usize)>, &'static str> {
    let [first, second, ..] = *bytes else {
        return Ok(None);
    };
    if second & 0x80 != 0 {
        return Err("a server's frame is masked");
    }
    let (header, length) = match second & 0x7f {
        126 if bytes.len() < 4 => return Ok(None),
        126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        127 if bytes.len() < 10 => return Ok(None),
        127 => {
            let length = bytes[2..10]
                .iter()
                .fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
            (10, usize::try_from(length).unwrap_or(usize::MAX))
        }
        short => (2, usize::from(short)),
    };
    if length > FRAME_BYTES {
        return Err("a frame is larger than the contract allows");
    }
    let Some(payload) = bytes.get(header..header + length) else {
        return Ok(None);
    };
    let inbound = match first {
        0x81 => Inbound::Text(payload),
        0x88 => Inbound::Close(match payload {
            [high, low, ..] => u16::from_be_bytes([*high, *low]),
            _ => 1005,
        }),
        0x89 => Inbound::Ping(payload),
        0x8a => Inbound::Pong,
        _ => return Err("a frame is neither text nor control, or not final"),
    };
    Ok(Some((inbound, header + length)))
}

/// What a client sends, masked as it must be.
#[derive(Clone, Copy)]
pub enum Opcode {
    Text = 0x81,
    Close = 0x88,
    Pong = 0x8a,
}

/// Appends one frame to what is to be written. `key` is the mask of this frame.
pub fn write(out: &mut Vec<u8>, opcode: Opcode, payload: &[u8], key: u32) {
    out.push(opcode as u8);
    match payload.len() {
        short @ 0..=125 => out.push(0x80 | u8::try_from(short).unwrap_or(0)),
        long => {
            out.push(0x80 | 126);
            out.extend_from_slice(&u16::try_from(long).unwrap_or(0).to_be_bytes());
        }
    }
    let key = key.to_be_bytes();
    out.extend_from_slice(&key);
    let start = out.len();
    out.extend_from_slice(payload);
    for chunk in out[start..].chunks_mut(4) {
        for (byte, mask) in chunk.iter_mut().zip(key) {
            *byte ^= mask;
        }
    }
}
