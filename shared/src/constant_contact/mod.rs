//! Front page of `constant_contact`.
