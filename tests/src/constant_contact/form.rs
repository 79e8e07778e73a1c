//! `multipart/form-data` (RFC 7578), as far as an import needs it.

use bytes::Bytes;
use http::{Request, header};

/// The boundary of a form, if the request says that it is one.
pub(super) fn boundary(request: &Request<Bytes>) -> Option<&str> {
    let kind = request.headers().get(header::CONTENT_TYPE)?.to_str().ok()?;
    let kind = kind.strip_prefix("multipart/form-data")?;
    Some(kind.split_once("boundary=")?.1.trim_matches('"'))
}

/// One part of a form.
#[derive(Debug, Default)]
pub(super) struct Part {
    pub(super) name: String,
    pub(super) file_name: String,
    pub(super) content: Bytes,
}

/// The parts of a form (RFC 7578).
pub(super) fn parts(body: &Bytes, boundary: &str) -> Vec<Part> {
    let delimiter = format!("--{boundary}");
    let places: Vec<usize> = find_all(body, delimiter.as_bytes());
    let mut parts = Vec::new();
    for pair in places.windows(2) {
        // After the delimiter and before the next stands a line break.
        let (start, end) = (pair[0] + delimiter.len() + 2, pair[1].saturating_sub(2));
        if start > end {
            continue;
        }
        let part = body.slice(start..end);
        let Some(split) =
            find_all(part.get(..part.len().min(2_048)).unwrap_or_default(), b"\r\n\r\n")
                .first()
                .copied()
        else {
            continue;
        };
        let head = String::from_utf8_lossy(&part[..split]).into_owned();
        let attribute = |name: &str| {
            let (_, rest) = head.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0.to_owned())
        };
        parts.push(Part {
            name: attribute("; name").unwrap_or_default(),
            file_name: attribute("; filename").unwrap_or_default(),
            content: part.slice(split + 4..),
        });
    }
    parts
}

fn find_all(content: &[u8], wanted: &[u8]) -> Vec<usize> {
    let windows = content.windows(wanted.len()).enumerate();
    windows.filter(|(_, window)| *window == wanted).map(|(place, _)| place).collect()
}
