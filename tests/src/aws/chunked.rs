//! The `aws-chunked` body: what the SDK sends when it streams.
//!
//! `<hex size>[;chunk-signature=…]\r\n<bytes>\r\n … 0\r\n[trailers]\r\n` (Amazon S3 API reference, "Signature calculations
//! for the authorization header: transferring payload in multiple chunks").

use bytes::{Bytes, BytesMut};

/// The bytes without their framing; `None` when the body breaks off before its last chunk.
pub(super) fn decode(mut body: Bytes) -> Option<Bytes> {
    const SIZE_DIGITS_MAX: usize = 16;
    let mut whole = BytesMut::with_capacity(body.len());
    loop {
        let end = body.windows(2).position(|pair| pair == b"\r\n")?;
        let line = body.split_to(end);
        let digits = line.split(|byte| *byte == b';').next()?;
        let digits = std::str::from_utf8(digits).ok().filter(|it| it.len() <= SIZE_DIGITS_MAX)?;
        let size = usize::from_str_radix(digits, 16).ok()?;
        let _line_end = body.split_to(2);
        if size == 0 {
            return Some(whole.freeze());
        }
        if body.len() < size.checked_add(2)? || body.get(size..size + 2)? != b"\r\n" {
            return None;
        }
        whole.extend_from_slice(&body.split_to(size));
        let _chunk_end = body.split_to(2);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(body: &'static str) -> Option<Bytes> {
        decode(Bytes::from_static(body.as_bytes()))
    }

    #[test]
    fn chunks_are_joined_and_trailers_left_out() {
        let body =
            "5;chunk-signature=00\r\nhello\r\n1\r\n!\r\n0\r\nx-amz-checksum-crc32:AA==\r\n\r\n";
        assert_eq!(decoded(body).as_deref(), Some(b"hello!".as_slice()));
    }

    #[test]
    fn a_body_that_breaks_off_is_not_a_body() {
        for body in ["", "5", "5\r\nhell", "5\r\nhello\r\n", "ffffffffffffffff\r\nx", "x\r\n"] {
            assert_eq!(decoded(body), None, "{body}");
        }
    }
}
