//! Front page of `secrets`.
