//! Front page of `aws`.
