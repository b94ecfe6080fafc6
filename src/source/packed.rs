//! Packed: gzip and zstd, told by a stream's first bytes and not by a name.
//!
//! Nothing is read before the first read: a pipe that nobody has written to yet holds up nobody but its own thread.

use std::io::{self, BufRead, BufReader, Cursor, Read};

use flate2::bufread::GzDecoder;

const GZIP: &[u8] = &[0x1f, 0x8b];
const ZSTD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
/// Bytes that are read at a time.
const BUFFER: usize = 128 << 10;

/// What a stream holds, unpacked where it is packed. Files of several members or frames are read to their end.
pub(super) enum Unpacked<R: Read> {
    /// The first bytes, as long as they do not tell.
    New(Option<R>, Vec<u8>),
    Plain(Started<R>),
    Gzip(Box<Gzip<BufReader<Started<R>>>>),
    Zstd(Box<zstd::stream::read::Decoder<'static, BufReader<Started<R>>>>),
}

/// A stream whose first bytes were read already.
type Started<R> = io::Chain<Cursor<Vec<u8>>, R>;

impl<R: Read> Unpacked<R> {
    pub(super) fn new(stream: R) -> Self {
        Unpacked::New(Some(stream), Vec::new())
    }

    /// Reads until the first bytes tell what this is.
    fn start(&mut self) -> io::Result<()> {
        let Unpacked::New(stream, start) = self else { return Ok(()) };
        let may_be = |start: &[u8], magic: &[u8]| start.len() < magic.len() && magic.starts_with(start);
        while let Some(stream) = stream
            && (may_be(start, GZIP) || may_be(start, ZSTD))
        {
            let before = start.len();
            start.resize(before + BUFFER, 0);
            let read = stream.read(&mut start[before..]);
            start.truncate(before + *read.as_ref().unwrap_or(&0));
            if read? == 0 {
                break;
            }
        }
        let start = std::mem::take(start);
        let Some(stream) = stream.take() else { return Ok(()) };
        let (is_gzip, is_zstd) = (start.starts_with(GZIP), start.starts_with(ZSTD));
        let stream = Cursor::new(start).chain(stream);
        *self = if is_gzip {
            Unpacked::Gzip(Box::new(Gzip::new(BufReader::with_capacity(BUFFER, stream))))
        } else if is_zstd {
            let stream = BufReader::with_capacity(BUFFER, stream);
            Unpacked::Zstd(Box::new(zstd::stream::read::Decoder::with_buffer(stream)?))
        } else {
            Unpacked::Plain(stream)
        };
        Ok(())
    }
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.start()?;
        match self {
            Unpacked::New(..) => Ok(0),
            Unpacked::Plain(stream) => stream.read(buffer),
            Unpacked::Gzip(stream) => stream.read(buffer),
            Unpacked::Zstd(stream) => stream.read(buffer),
        }
    }
}

/// The members of a gzip file, one after another. Zeros behind a member are no damage: tapes and block devices fill their
/// blocks with them, and gzip itself reads over them.
pub(super) struct Gzip<R> {
    /// `None` at the end.
    member: Option<GzDecoder<R>>,
}

impl<R: BufRead> Gzip<R> {
    fn new(stream: R) -> Self {
        Gzip { member: Some(GzDecoder::new(stream)) }
    }
}

impl<R: BufRead> Read for Gzip<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(member) = &mut self.member {
            let read = member.read(buffer)?;
            if read > 0 || buffer.is_empty() {
                return Ok(read);
            }
            let stream = member.get_mut();
            let goes_on = loop {
                let rest = stream.fill_buf()?;
                let (zeros, length) = (rest.iter().take_while(|byte| **byte == 0).count(), rest.len());
                stream.consume(zeros);
                if zeros < length || length == 0 {
                    break length > 0;
                }
            };
            self.member = self.member.take().filter(|_| goes_on).map(|member| GzDecoder::new(member.into_inner()));
        }
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn read(bytes: &[u8]) -> io::Result<String> {
        let mut text = String::new();
        Unpacked::new(bytes).read_to_string(&mut text)?;
        Ok(text)
    }

    fn gzip(text: &str) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(text: &str) -> Vec<u8> {
        zstd::encode_all(text.as_bytes(), 1).unwrap()
    }

    /// A stream that gives one byte a read.
    struct Bytewise<'a>(&'a [u8]);

    impl Read for Bytewise<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(1);
            self.0.read(&mut buffer[..length])
        }
    }

    #[test]
    fn compression_is_told_by_the_first_bytes() {
        for (bytes, text) in [
            (b"plain".to_vec(), "plain"),
            (b"\x1f".to_vec(), "\x1f"),
            (b"(".to_vec(), "("),
            (gzip("one\n"), "one\n"),
            ([gzip("one\n"), gzip("two\n")].concat(), "one\ntwo\n"),
            ([zstd("one\n"), zstd("two\n")].concat(), "one\ntwo\n"),
            (Vec::new(), ""),
        ] {
            assert_eq!(read(&bytes).unwrap(), text);
            let mut bytewise = String::new();
            Unpacked::new(Bytewise(&bytes)).read_to_string(&mut bytewise).unwrap();
            assert_eq!(bytewise, text);
        }
    }

    /// What is no magic number is handed on with the read that shows it.
    #[test]
    fn plain_text_is_not_held_back() {
        let mut stream = Unpacked::new(Bytewise(b"ab"));
        let mut buffer = [0; 8];
        assert_eq!(stream.read(&mut buffer).unwrap(), 1);
    }

    #[test]
    fn zeros_behind_gzip_are_no_damage() {
        for zeros in [1, 511, 300_000] {
            let padding = vec![0; zeros];
            assert_eq!(read(&[gzip("one\n"), padding.clone()].concat()).unwrap(), "one\n");
            assert_eq!(read(&[gzip("one\n"), padding, gzip("two\n")].concat()).unwrap(), "one\ntwo\n");
        }
        assert!(read(&[gzip("one\n"), b"\0\0junk".to_vec()].concat()).is_err());
    }

    #[test]
    fn what_breaks_off_is_an_error() {
        for mut bytes in
            [gzip("some text that is long enough to be cut"), zstd("some text that is long enough to be cut")]
        {
            bytes.truncate(bytes.len() - 6);
            assert!(read(&bytes).is_err());
        }
    }
}
