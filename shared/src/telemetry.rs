//! Front page of `telemetry`.
