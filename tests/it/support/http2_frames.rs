//! Frames of HTTP/2 (RFC 9113) with headers as HPACK has them (RFC 7541): for what no client would do, in tests and in the bench.
#![allow(
    dead_code,
    reason = "the tests need some of it, the bench of attacks others"
)]

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
/// The setting of how much of each answer may be sent before more is asked for.
pub const INITIAL_WINDOW_SIZE: u16 = 4;
/// `:method` and its value in HPACK's static table.
pub const GET: u8 = 0x82;
pub const POST: u8 = 0x83;
/// Bytes before a frame's payload.
pub const FRAME_HEAD: usize = 9;

/// A frame of a stream, or of the connection if that is 0.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len())
        .unwrap_or(u32::MAX)
        .to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// The begin of a connection by a client: the preface, and its settings.
pub fn greeting(settings: &[(u16, u32)]) -> Vec<u8> {
    let settings: Vec<u8> = settings
        .iter()
        .flat_map(|(id, value)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat())
        .collect();
    [PREFACE, &frame(SETTINGS, 0, 0, &settings)].concat()
}

/// The headers of a request with a method of the static table, over `http:`, with a path and further headers.
pub fn request(
    method: u8,
    stream: u32,
    flags: u8,
    path: &str,
    headers: &[(&str, &str)],
) -> Vec<u8> {
    let mut block = [&[method, 0x86, 0x04], &*text(path), &[0x01], &*text("x")].concat();
    for (name, value) in headers {
        block.extend([&[0], &*text(name), &*text(value)].concat());
    }
    frame(HEADERS, END_HEADERS | flags, stream, &block)
}

/// A text as it is, its length before it.
fn text(text: &str) -> Vec<u8> {
    let mut length = text.len();
    let mut bytes = Vec::with_capacity(length + 3);
    if length < 127 {
        bytes.extend(u8::try_from(length));
    } else {
        bytes.push(127);
        length -= 127;
        while length >= 128 {
            bytes.extend(u8::try_from(length % 128 + 128));
            length /= 128;
        }
        bytes.extend(u8::try_from(length));
    }
    bytes.extend(text.as_bytes());
    bytes
}

/// Length of the payload, kind, flags and stream of a frame.
pub fn head(bytes: [u8; FRAME_HEAD]) -> (usize, u8, u8, u32) {
    let [a, b, c, kind, flags, stream @ ..] = bytes;
    (
        u32::from_be_bytes([0, a, b, c]) as usize,
        kind,
        flags,
        u32::from_be_bytes(stream),
    )
}
