//! Front page of `store`.

pub mod bucket;
