//! Writes HTML in which text can't become markup: markup is `&'static str`, all else is escaped.

use html_escape::{encode_double_quoted_attribute_to_string, encode_text_to_string};

/// HTML in the making.
#[derive(Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup that stands in the source.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Text from anywhere.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        encode_text_to_string(text, &mut self.0);
        self
    }

    /// `<tag name="value">`.
    pub(super) fn open(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
    ) -> &mut Self {
        self.raw("<").raw(tag);
        for (name, value) in attributes {
            self.raw(" ").raw(name).raw("=\"");
            encode_double_quoted_attribute_to_string(value, &mut self.0);
            self.raw("\"");
        }
        self.raw(">")
    }

    /// `</tag>`.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.raw("</").raw(tag).raw(">")
    }

    /// An element that holds nothing but text.
    pub(super) fn element(
        &mut self,
        tag: &'static str,
        attributes: &[(&'static str, &str)],
        text: &str,
    ) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// An instant, readable, and exact for programs.
    pub(super) fn time(&mut self, at: jiff::Timestamp) -> &mut Self {
        self.element("time", &[("datetime", &at.to_string())], &super::readable(at))
    }

    /// A row of column headings; those whose name ends in `#` are numbers.
    pub(super) fn headings(&mut self, headings: &[&'static str]) -> &mut Self {
        self.raw("<thead><tr>");
        for heading in headings {
            match heading.strip_suffix('#') {
                Some(number) => {
                    self.element("th", &[("scope", "col"), ("class", "number")], number)
                }
                None => self.element("th", &[("scope", "col")], heading),
            };
        }
        self.raw("</tr></thead>\n")
    }

    /// A number in a cell.
    pub(super) fn number(&mut self, number: &str) -> &mut Self {
        self.element("td", &[("class", "number")], number)
    }

    /// The HTML.
    pub(super) fn finish(self) -> String {
        self.0
    }
}
