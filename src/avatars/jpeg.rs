//! Ends of JPEG pictures: a decoder shows what there is of one that was cut off.

/// Marker before the pixels …
const SCAN: [u8; 2] = [0xff, 0xda];
/// … and the one behind them, which is nowhere in them.
const END: [u8; 2] = [0xff, 0xd9];

/// Whether the last pixels have an end.
pub fn has_end(bytes: &[u8]) -> bool {
    last(bytes, SCAN)
        .zip(last(bytes, END))
        .is_some_and(|(scan, end)| scan < end)
}

fn last(bytes: &[u8], marker: [u8; 2]) -> Option<usize> {
    bytes.windows(2).rposition(|pair| pair == marker)
}
