//! What happened in a run, as bytes.

use crate::judge::Notice;

pub fn write_notice(notice: &Notice) -> Vec<u8> {
    // Writing to memory fails only for lack of it.
    postcard::to_stdvec(notice).unwrap_or_default()
}

/// # Errors
///
/// Bytes that are damaged.
pub fn read_notice(bytes: &[u8]) -> Result<Notice, postcard::Error> {
    postcard::from_bytes(bytes)
}
