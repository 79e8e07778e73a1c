//! The people who live in the sandbox: a population of any size from one seed, as odd as real people are, and what they
//! do from day to day.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `account` | one account, shaped as Gigya shapes it |
//! | `address` | addresses, some of them missing, broken or shared |
//! | `cultures` | names, towns and firms of twenty-seven languages |
//! | `edits` | what people and marketers change on one day |
//! | `file` | people from a file instead |
//! | `lite` | who has left an address and never registered |
//!
//! It is pure data: nothing here knows a simulator, a clock or a network. Account `n` depends on the seed and `n` alone, so
//! that a population can be grown, cut in pieces or asked about one person without making the others. All addresses are
//! under names that are reserved for examples (RFC 2606): no mail can ever reach anybody.

mod account;
mod address;
mod cultures;
mod edits;
mod file;
mod lite;

use jiff::Timestamp;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

pub use cultures::Region;
pub use edits::{ContactEdit, Edit, GigyaEdit, edits_of_day};
pub use file::{AccountsFileError, BadLine, from_ndjson};
pub use lite::token_of;

/// The name of the subscription that the people of the sandbox have or have not: `subscriptions.newsletter.email`.
pub const SUBSCRIPTION: &str = "newsletter";

/// When the story begins: 1 November 2026. Whatever stands in an account happened before.
pub const STORY_BEGINS: Timestamp = Timestamp::constant(1_793_491_200, 0);

/// A population without end: every number is a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct People {
    seed: u64,
}

impl People {
    /// The population of a seed.
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed, to be printed where something fails.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// Account `n` as `accounts.search` returns it, with the `subscriptions` that only `emailAccounts` and
    /// `accounts.getAccountInfo` give (SAP help, accounts.search): a simulator of `FROM accounts` leaves them out.
    pub fn account(&self, n: u64) -> Value {
        let account = account::account(*self, n);
        if self.is_lite(n) { lite::without_registration(*self, n, account) } else { account }
    }

    /// The UID of account `n`, or the key of a lite one that has none.
    pub fn uid(&self, n: u64) -> String {
        lite::key(*self, n).unwrap_or_else(|| account::uid(*self, n))
    }

    /// Whether account `n` is a lite one: an address that was left on the site, and no registration.
    pub fn is_lite(&self, n: u64) -> bool {
        lite::is_lite(*self, n)
    }

    /// Dice for one purpose and one number. Different purposes never share dice, so that adding a trait to people does not
    /// change their others.
    fn dice(self, purpose: Purpose, n: u64) -> Dice {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.seed.to_le_bytes());
        key[8..16].copy_from_slice(&n.to_le_bytes());
        key[16] = purpose as u8;
        Dice(ChaCha8Rng::from_seed(key))
    }
}

/// What dice are thrown for.
#[derive(Debug, Clone, Copy)]
#[repr(u8)]
enum Purpose {
    Uid,
    Name,
    Address,
    Sharing,
    Profile,
    Data,
    Life,
    Consent,
    Day,
    Edit,
    Lite,
}

/// Seeded dice.
pub(crate) struct Dice(ChaCha8Rng);

impl Dice {
    /// Dice that a seed throws for something else than people: each stream is one purpose.
    pub(crate) fn of_stream(seed: u64, stream: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(stream);
        Self(rng)
    }

    /// Whether something befalls the given number of a thousand people.
    pub(crate) fn of_thousand(&mut self, people: u32) -> bool {
        self.0.random_ratio(people, 1_000)
    }

    /// One of several.
    pub(crate) fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.0.random_range(0..of.len())].clone()
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end)
    }

    /// The order of several, thrown anew (Fisher and Yates).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.0.random_range(0..=last));
        }
    }

    /// A number from a range, both ends included.
    pub(crate) fn between(&mut self, low: i64, high: i64) -> i64 {
        self.0.random_range(low..=high)
    }

    /// An instant from a range.
    fn instant(&mut self, low: Timestamp, high: Timestamp) -> Timestamp {
        let millisecond =
            self.between(low.as_millisecond(), high.as_millisecond().max(low.as_millisecond()));
        Timestamp::from_millisecond(millisecond).unwrap_or(high)
    }

    /// Random bytes.
    fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }
}

/// A time as Gigya writes its ISO twins: `2023-05-17T08:15:39.854Z`.
fn iso(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()
}

#[cfg(test)]
mod tests;
