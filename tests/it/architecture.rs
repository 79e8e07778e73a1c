//! Front page of `architecture`.
