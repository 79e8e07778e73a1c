//! Lines of JSON, compressed: how batches, agreements and shards are written and read, a line at a time.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};

use bytes::{Buf, Bytes};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Fast, and smaller than gzip at its best.
const ZSTD_LEVEL: i32 = 1;
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xB5, 0x2F, 0xFD];
const GZIP_MAGIC: [u8; 2] = [0x1F, 0x8B];

/// Bytes that are collected before the compressor gets them.
const WRITTEN_AT_ONCE: usize = 32 * 1024;

/// Longest line that is read: an account is at most a few hundred kilobytes.
pub const LINE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// Writes lines of JSON into one zstd frame in memory: only the compressed form is held.
pub struct LinesWriter {
    /// JSON comes a few bytes at a time, and each call of the compressor costs.
    encoder: BufWriter<zstd::Encoder<'static, Vec<u8>>>,
    lines: u64,
}

impl LinesWriter {
    /// An empty object.
    ///
    /// # Errors
    /// When the compressor cannot be made.
    pub fn new() -> io::Result<Self> {
        let encoder = zstd::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
        Ok(Self { encoder: BufWriter::with_capacity(WRITTEN_AT_ONCE, encoder), lines: 0 })
    }

    /// Adds one line.
    ///
    /// # Errors
    /// When the value is no JSON or the compressor fails.
    pub fn push(&mut self, value: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.encoder, value)?;
        self.encoder.write_all(b"\n")?;
        self.lines += 1;
        Ok(())
    }

    /// Adds one line that is JSON already, given in pieces.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn push_written(&mut self, pieces: &[&[u8]]) -> io::Result<()> {
        pieces.iter().try_for_each(|piece| self.encoder.write_all(piece))?;
        self.encoder.write_all(b"\n")?;
        self.lines += 1;
        Ok(())
    }

    /// Adds one line as it is, with or without its end.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn push_line(&mut self, line: &[u8]) -> io::Result<()> {
        self.push_written(&[line.trim_ascii_end()])
    }

    /// How many lines there are.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// The object.
    ///
    /// # Errors
    /// When the compressor fails.
    pub fn finish(self) -> io::Result<Bytes> {
        let encoder = self.encoder.into_inner().map_err(io::IntoInnerError::into_error)?;
        encoder.finish().map(Bytes::from)
    }
}

/// One object of these lines.
///
/// # Errors
/// When a value is no JSON or the compressor fails.
pub fn write_lines<T: Serialize>(items: impl IntoIterator<Item = T>) -> io::Result<Bytes> {
    let mut writer = LinesWriter::new()?;
    items.into_iter().try_for_each(|item| writer.push(&item))?;
    writer.finish()
}

/// A line that is not what it should be. Says where, never what.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct BadLine {
    /// From 1.
    pub line: u64,
    /// What is wrong.
    pub problem: String,
}

/// Reads lines of JSON, whether they are zstd, gzip or plain, which the first bytes tell.
///
/// # Errors
/// When the compressed form cannot be opened.
pub fn read_lines<T: DeserializeOwned>(
    object: Bytes,
) -> io::Result<impl Iterator<Item = Result<T, BadLine>>> {
    Ok(texts(object)?.map(|line| {
        let (line, text) = line?;
        serde_json::from_slice(&text).map_err(|error| BadLine {
            line,
            problem: format!("not what it should be, at column {}", error.column()),
        })
    }))
}

/// Whether an object is compressed.
pub fn is_compressed(object: &[u8]) -> bool {
    object.starts_with(&ZSTD_MAGIC) || object.starts_with(&GZIP_MAGIC)
}

/// Reads lines as they are, with their numbers, whether they are zstd, gzip or plain.
///
/// # Errors
/// When the compressed form cannot be opened.
pub fn texts(object: Bytes) -> io::Result<impl Iterator<Item = Result<(u64, Vec<u8>), BadLine>>> {
    Ok(Lines { reader: BufReader::new(opened(object)?), line: 0, over: false })
}

/// The whole text of an object in the same forms, of at most so many bytes.
///
/// # Errors
/// When it breaks off or is longer.
pub fn read_text(object: Bytes, bytes_max: u64) -> io::Result<Bytes> {
    let mut text = Vec::new();
    opened(object)?.take(bytes_max + 1).read_to_end(&mut text)?;
    if text.len() as u64 > bytes_max {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    Ok(text.into())
}

fn opened(object: Bytes) -> io::Result<Box<dyn Read + Send>> {
    Ok(if object.starts_with(&ZSTD_MAGIC) {
        Box::new(zstd::Decoder::new(object.reader())?)
    } else if object.starts_with(&GZIP_MAGIC) {
        Box::new(flate2::read::MultiGzDecoder::new(object.reader()))
    } else {
        Box::new(object.reader())
    })
}

struct Lines<R> {
    reader: BufReader<R>,
    line: u64,
    over: bool,
}

impl<R: Read> Iterator for Lines<R> {
    type Item = Result<(u64, Vec<u8>), BadLine>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.over {
            self.line += 1;
            let mut text = Vec::new();
            let read = (&mut self.reader).take(LINE_BYTES_MAX).read_until(b'\n', &mut text);
            let problem = match read {
                Ok(0) => {
                    self.over = true;
                    return None;
                }
                Ok(_) if text.len() as u64 == LINE_BYTES_MAX && !text.ends_with(b"\n") => {
                    format!("longer than {LINE_BYTES_MAX} bytes")
                }
                Ok(_) if text.iter().all(u8::is_ascii_whitespace) => continue,
                Ok(_) => return Some(Ok((self.line, text))),
                Err(error) => format!("the object breaks off ({})", error.kind()),
            };
            self.over = true;
            return Some(Err(BadLine { line: self.line, problem }));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(object: Bytes) -> Vec<Result<u32, BadLine>> {
        read_lines(object).unwrap().collect()
    }

    #[test]
    fn lines_are_read_back_from_zstd_gzip_and_plain() {
        let mut writer = LinesWriter::new().unwrap();
        (1..=3).for_each(|n| writer.push(&n).unwrap());
        assert_eq!(writer.lines(), 3);
        let zstd = writer.finish().unwrap();
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"1\n2\n3").unwrap();
        for object in [zstd, gzip.finish().unwrap().into(), Bytes::from_static(b"1\n\n2\r\n3\n")] {
            assert_eq!(read(object), [Ok(1), Ok(2), Ok(3)]);
        }
    }

    #[test]
    fn a_bad_line_is_named_by_its_number_and_never_shown() {
        let lines = read(Bytes::from_static(b"1\n{\"email\":\"ann@example.com\"}\n3\n"));
        assert_eq!((&lines[0], &lines[2]), (&Ok(1), &Ok(3)));
        let error = lines[1].as_ref().unwrap_err();
        assert_eq!(error.line, 2);
        assert!(!error.to_string().contains("ann"), "{error}");
    }

    #[test]
    fn an_object_that_breaks_off_is_an_error_and_not_an_end() {
        let mut writer = LinesWriter::new().unwrap();
        (0..10_000).for_each(|n| writer.push(&n).unwrap());
        let whole = writer.finish().unwrap();
        let lines = read(whole.slice(..whole.len() / 2));
        assert!(lines.last().unwrap().is_err());
    }
}
