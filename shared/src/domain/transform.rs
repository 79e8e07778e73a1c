//! Front page of `transform`.
