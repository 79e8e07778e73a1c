//! Front page of `text`.
