//! The people.
