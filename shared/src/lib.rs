//! The library that the three functions, the operator and the sandbox share. This page is the map of the house.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`aws`] | the connection to AWS, and what its errors mean |
//! | [`domain`] | the pure core: accounts, contacts, the mapping, the agreement, the plan |
//! | [`http`] | the wire, the pace and the retries |
//! | [`invocation`] | the clock and the deadline |
//! | [`settings`] | the environment and the customer's `sync.toml`, judged whole |
//! | [`gigya`] | the client of SAP Customer Data Cloud |
//! | [`constant_contact`] | the client of Constant Contact |
//! | [`store`] | the one bucket: what is kept between invocations |
//! | [`preflight`] | asks Constant Contact whether it knows what the settings name |
//! | [`payload`] | rows into the files of imports |
//! | [`queue`] | the messages that announce batches |
//! | [`report_page`] | a run's report as a page for people |
//! | [`secrets`] | the customer's secret |
//! | [`budget`] | the day's calls to Constant Contact, which the functions share |
//! | [`connection`] | keeps the connection to Constant Contact alive |
//! | [`vendors`] | the two clients, built from settings and secret |
//! | [`telemetry`] | logs |
//! | [`defects`] | the classic defects, put back by the simulation alone |

pub mod aws;
pub mod budget;
pub mod connection;
pub mod constant_contact;
pub mod defects;
pub mod domain;
pub mod gigya;
pub mod http;
pub mod invocation;
pub mod payload;
pub mod preflight;
pub mod queue;
pub mod report_page;
pub mod secrets;
pub mod settings;
pub mod store;
pub mod telemetry;
pub mod vendors;
