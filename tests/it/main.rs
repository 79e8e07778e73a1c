//! The integration suite, one binary: each module is one promise.
#![expect(
    clippy::unwrap_used,
    reason = "clippy's allow-unwrap-in-tests does not see helper functions"
)]

mod architecture;
mod aws;
mod bad_input;
mod binaries;
mod brake;
mod characters;
mod constant_contact;
mod constant_contact_v2;
mod contract;
mod doors;
mod dry_run;
mod erasure;
mod events;
mod gigya;
mod halves;
mod identity;
mod infra;
mod leaving;
mod operator;
mod owner;
mod populations;
mod quota;
mod recovery;
mod redelivery;
mod redrive;
mod regressions;
mod round_trip;
mod settings;
mod sweep;
mod trip;
