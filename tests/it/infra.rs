//! Front page of `infra`.
