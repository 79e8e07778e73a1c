//! The one bucket: what is kept between invocations.

pub mod bucket;
pub mod document;
