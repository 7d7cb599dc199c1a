//! HTTP/2 frames written by hand (RFC 9113), for clients and origins that break its rules.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::client::connect;

pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PING: u8 = 6;
pub const GOAWAY: u8 = 7;
pub const WINDOW_UPDATE: u8 = 8;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 1;
pub const END_HEADERS: u8 = 4;

/// One frame (§4.1).
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET path`, as a header block without compression (RFC 7541 §6.2.2; short names and values only).
pub fn get(path: &str) -> Vec<u8> {
    let mut block = vec![0x82, 0x86];
    for (index, value) in [(0x04, path), (0x01, "x")] {
        block.extend([index, u8::try_from(value.len()).expect("short")]);
        block.extend(value.as_bytes());
    }
    block
}

/// A client of HTTP/2 that knows no rules.
pub struct Rude {
    stream: TcpStream,
    read: Vec<u8>,
}

/// A frame that came.
#[derive(Debug)]
pub struct Frame {
    pub kind: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Rude {
    /// With the preface and empty settings sent.
    pub async fn connect(address: SocketAddr) -> Self {
        let mut rude = Self {
            stream: connect(address).await,
            read: Vec::new(),
        };
        rude.send(PREFACE).await;
        rude.send(&frame(SETTINGS, 0, 0, &[])).await;
        rude
    }

    /// Sends as much as the other side takes. True while it takes it.
    pub async fn send(&mut self, bytes: &[u8]) -> bool {
        let sending = tokio::time::timeout(Duration::from_secs(20), self.stream.write_all(bytes));
        matches!(sending.await, Ok(Ok(())))
    }

    /// The next frame; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<Frame> {
        loop {
            if let Some(head) = self.read.get(..9) {
                let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
                if self.read.len() >= 9 + length {
                    let rest = self.read.split_off(9 + length);
                    let whole = std::mem::replace(&mut self.read, rest);
                    return Some(Frame {
                        kind: whole[3],
                        stream: u32::from_be_bytes([whole[5], whole[6], whole[7], whole[8]]),
                        payload: whole[9..].to_vec(),
                    });
                }
            }
            let reading = tokio::time::timeout(Duration::from_secs(20), self.stream.read_buf(&mut self.read));
            match reading
                .await
                .expect("the connection neither ends nor says anything")
            {
                Ok(1..) => {}
                Ok(0) | Err(_) => return None,
            }
        }
    }

    /// Reads to the end of the connection; the code of the last GOAWAY (§7), if one came.
    pub async fn ends(mut self) -> Option<u32> {
        let mut code = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                code = frame
                    .payload
                    .get(4..8)
                    .map(|code| u32::from_be_bytes([code[0], code[1], code[2], code[3]]));
            }
        }
        code
    }
}
