//! The world of the sandbox: simulators of both vendors, stand-ins for AWS, the people who live in it, and the clock.
//! Nothing imports it.

pub mod aws;
pub mod constant_contact;
pub mod doors;
pub mod gigya;
pub mod letters;
pub mod measure;
pub mod oracle;
pub mod people;
pub mod serve;
pub mod simulation;
pub mod story;
pub mod story_oracle;
pub mod terminal;
pub mod world;
