//! Front page of `contract`.
