//! Front page of `settings`.
