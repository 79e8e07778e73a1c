//! Front page of `queue`.
