//! Addresses: unique but for the shared, and some of them missing or broken.

use super::account::Name;
use super::{People, Purpose};

/// Domains that are reserved for examples (RFC 2606, sections 2 and 3).
const DOMAINS: [&str; 6] =
    ["example.com", "example.org", "example.net", "mail.test", "post.test", "firm.example.com"];

/// Letters of a name in an address: enough to look real, few enough to stay below RFC 5321's 64 before the `@`.
const NAME_LETTERS_MAX: usize = 16;

/// The address of account `n`, whatever it is.
pub(super) enum Address {
    /// One that mail could reach.
    Good(String),
    /// One that it could not.
    Broken(String),
    /// None.
    Missing,
}

impl Address {
    /// As text, where there is any.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Good(text) | Self::Broken(text) => Some(text),
            Self::Missing => None,
        }
    }
}

const SHARING_OF_THOUSAND_PAIRS: u32 = 2;

/// Whether the two of this pair of neighbours have one address, or try to.
pub(super) fn is_shared(people: People, n: u64) -> bool {
    people.dice(Purpose::Sharing, n - n % 2).of_thousand(SHARING_OF_THOUSAND_PAIRS)
}

/// The address of account `n`: its own, or, for two of a thousand pairs of neighbours, the neighbour's.
pub(super) fn address(people: People, n: u64) -> Address {
    if n % 2 == 1
        && is_shared(people, n)
        && let Address::Good(shared) = own(people, n - 1)
    {
        return Address::Good(shared);
    }
    own(people, n)
}

/// The address that account `n` would have alone. The number before the `@` makes it unique.
fn own(people: People, n: u64) -> Address {
    let mut dice = people.dice(Purpose::Address, n);
    let good = spelt(people, n, &mut dice);
    match dice.between(0, 999) {
        0..3 => Address::Missing,
        3..6 => {
            let broken: [String; 6] = [
                good.replace('@', " at "),
                good.replacen('@', "@@", 1),
                good.replacen('@', "..@", 1),
                good.replace('.', ","),
                format!("ж{good}"),
                good.split('@').next().map(|local| format!("{local}@")).unwrap_or_default(),
            ];
            Address::Broken(dice.one(&broken))
        }
        _ => Address::Good(good),
    }
}

fn spelt(people: People, n: u64, dice: &mut super::Dice) -> String {
    let name = Name::of(people, n);
    let letters = |name: &str| -> String {
        name.chars().filter(char::is_ascii_alphabetic).take(NAME_LETTERS_MAX).collect()
    };
    let (mut first, mut last) = (letters(&name.first_latin), letters(&name.last_latin));
    if !dice.of_thousand(60) {
        (first, last) = (first.to_lowercase(), last.to_lowercase());
    }
    let domain = dice.one(&DOMAINS);
    match dice.between(0, 9) {
        0..5 => format!("{first}.{last}{n}@{domain}"),
        5 => format!("{last}_{first}{n}@{domain}"),
        6 => format!("{first}{n}@{domain}"),
        7 => format!("{first}.{last}{n}+news@{domain}"),
        8 if !last.is_empty() => format!("{first}-{last}{n}@{domain}"),
        _ => format!("x{last}{n}@{domain}"),
    }
}

/// The address that account `n` takes on a day of the story: its own again, marked with the day, so that it stays unique.
pub(super) fn moved(people: People, n: u64, day: u32) -> String {
    let name = Name::of(people, n);
    let first: String =
        name.first_latin.chars().filter(char::is_ascii_alphabetic).take(NAME_LETTERS_MAX).collect();
    format!("new.{}{n}.day{day}@example.org", first.to_lowercase())
}
