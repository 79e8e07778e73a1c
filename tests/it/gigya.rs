//! Front page of `gigya`.
