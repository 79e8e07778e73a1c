//! `multipart/form-data` (RFC 7578), as far as an import needs it.

use bytes::Bytes;

/// A form that is being encoded.
pub(super) struct Form {
    boundary: String,
    body: Vec<u8>,
}

impl Form {
    /// A form whose boundary occurs in none of these contents.
    pub(super) fn around(contents: &[&[u8]]) -> Self {
        let room = contents.iter().map(|content| content.len() + 256).sum();
        let boundary = (0..=u32::MAX)
            .map(|attempt| format!("gigya-constant-contact-{attempt:08x}"))
            .find(|boundary| contents.iter().all(|content| !holds(content, boundary.as_bytes())))
            .expect("no content holds four thousand million boundaries");
        Self { boundary, body: Vec::with_capacity(room) }
    }

    /// Adds a plain field.
    pub(super) fn text(mut self, name: &str, value: &str) -> Self {
        self.open(&format!("name=\"{}\"", quoted(name)), None, value.as_bytes());
        self
    }

    /// Adds a file.
    pub(super) fn file(mut self, name: &str, file_name: &str, kind: &str, content: &[u8]) -> Self {
        let disposition = format!("name=\"{}\"; filename=\"{}\"", quoted(name), quoted(file_name));
        self.open(&disposition, Some(kind), content);
        self
    }

    /// The `Content-Type` and the body.
    pub(super) fn finish(mut self) -> (String, Bytes) {
        self.body.extend_from_slice(format!("--{}--\r\n", self.boundary).as_bytes());
        (format!("multipart/form-data; boundary={}", self.boundary), self.body.into())
    }

    fn open(&mut self, disposition: &str, kind: Option<&str>, content: &[u8]) {
        let mut head =
            format!("--{}\r\nContent-Disposition: form-data; {disposition}\r\n", self.boundary);
        if let Some(kind) = kind {
            head.push_str("Content-Type: ");
            head.push_str(kind);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        self.body.extend_from_slice(head.as_bytes());
        self.body.extend_from_slice(content);
        self.body.extend_from_slice(b"\r\n");
    }
}

/// As browsers write names and file names (WHATWG HTML, "multipart/form-data encoding algorithm").
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

fn holds(content: &[u8], part: &[u8]) -> bool {
    content.windows(part.len()).any(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_rfc_7578_wants_it() {
        let (kind, body) = Form::around(&[b"email\r\na@b.example\r\n"])
            .file("file", "run \"1\".csv", "text/csv", b"email\r\na@b.example\r\n")
            .text("list_ids", "one,two")
            .finish();
        assert_eq!(kind, "multipart/form-data; boundary=gigya-constant-contact-00000000");
        insta::assert_snapshot!(String::from_utf8(body.to_vec()).unwrap().replace('\r', ""), @r#"
        --gigya-constant-contact-00000000
        Content-Disposition: form-data; name="file"; filename="run %221%22.csv"
        Content-Type: text/csv

        email
        a@b.example

        --gigya-constant-contact-00000000
        Content-Disposition: form-data; name="list_ids"

        one,two
        --gigya-constant-contact-00000000--
        "#);
    }

    #[test]
    fn the_boundary_occurs_in_no_content() {
        let hostile = b"x gigya-constant-contact-00000000 gigya-constant-contact-00000001 y";
        let (kind, _) = Form::around(&[hostile]).finish();
        assert_eq!(kind, "multipart/form-data; boundary=gigya-constant-contact-00000002");
    }
}
