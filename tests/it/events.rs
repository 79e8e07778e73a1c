//! Front page of `events`.
