//! Compressed logs.

use std::io::{Read, Write};

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}

/// What is in a file that may be compressed, told by its name.
pub fn unpacked(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut text = Vec::new();
    // What breaks off is read as far as it goes: some fixtures are cut on purpose.
    let _ = match name.rsplit('.').next() {
        Some("gz") => flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut text),
        Some("zst") => zstd::Decoder::new(bytes).and_then(|mut stream| stream.read_to_end(&mut text)),
        _ => (&mut &*bytes).read_to_end(&mut text),
    };
    text
}
