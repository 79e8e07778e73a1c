//! Rows that Constant Contact refused: pinned to people by the next sweep, and tried again.
//!
//! An import answers with counts only. So a part in which somebody was refused is a *suspect* until everybody in
//! Constant Contact was read once more: whoever of the part is there as sent was taken in, and the others were refused.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::agreed::Agreed;
use super::batch::Agreement;
use super::fingerprint::{Fingerprint, FingerprintKey};
use super::ids::RunId;

/// Days after which a refused row is tried again at the latest.
const DAYS_MAX: u32 = 30;
/// It is due a little earlier, so that the daily run of that day finds it.
const EARLIER: SignedDuration = SignedDuration::from_hours(1);

/// A part in which somebody was refused, and nobody knows whom yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspect {
    /// The run.
    pub run: RunId,
    /// The batch.
    pub ordinal: u32,
    /// The part's number within the batch.
    pub part: u32,
    /// When we learnt of it. A sweep that began later tells.
    pub settled_at: Timestamp,
}

/// A person whose row was refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// What was sent. Once the account or the mapping makes another row of it, it is tried again at once.
    pub sent: Fingerprint,
    /// How often in a row it was refused.
    pub times: u32,
    /// When it is tried again though nothing changed.
    pub again_at: Timestamp,
}

impl Refused {
    /// Refused at this instant, once or once more: it is tried again 1, 2, 4 … 30 days later. Told twice, it is the same
    /// refusal: while it waits, the row is not sent.
    #[must_use]
    pub fn again(before: Option<&Self>, sent: Fingerprint, refused_at: Timestamp) -> Self {
        let before = before.filter(|before| before.sent == sent);
        if let Some(told) = before.filter(|before| refused_at < before.again_at) {
            return told.clone();
        }
        let times = before.map_or(0, |before| before.times);
        let days = 1_u32.checked_shl(times).unwrap_or(DAYS_MAX).min(DAYS_MAX);
        let wait = SignedDuration::from_hours(24 * i64::from(days)) - EARLIER;
        Self { sent, times: times.saturating_add(1), again_at: refused_at + wait }
    }

    /// Whether the same row must not be sent yet in a run that began at this instant.
    pub fn waits(&self, sent: Fingerprint, run_began: Timestamp) -> bool {
        self.sent == sent && run_began < self.again_at
    }
}

/// What a row says, told from what is agreed once it is taken in: the address, the values and the lists.
///
/// # Panics
/// Never: an agreement is plain data, which JSON can hold.
pub fn sent(key: &FingerprintKey, after: &Agreed) -> Fingerprint {
    let row = (&after.address, &after.fields, &after.lists);
    let text = serde_json::to_string(&row).expect("plain data");
    key.fingerprint("row", &text)
}

/// What became of somebody of a suspect part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFate {
    /// Their row was taken in.
    TakenIn,
    /// They left meanwhile: a refusal is no wonder then, and their row is not to be tried again.
    Left,
    /// Their row was refused.
    Refused,
}

/// What became of a row, told from what the ledger knows since Constant Contact showed everybody. A row is refused as a
/// whole, so any of it that is there proves that it was taken in.
pub fn fate(row: &Agreement, now: Option<&Agreed>) -> RowFate {
    let unknown = Agreed::default();
    let now = now.unwrap_or(&unknown);
    if now.left.is_some() {
        return RowFate::Left;
    }
    if now.contact.is_none() {
        return RowFate::Refused;
    }
    if !row.before.is_there() {
        return RowFate::TakenIn;
    }
    let mut changed = row.after.fields.iter().filter(|(field, after)| {
        row.before.fields.get(*field).is_none_or(|before| before.contact != after.contact)
    });
    let mut joined = row.after.lists.difference(&row.before.lists);
    let took = changed.any(|(field, after)| {
        now.fields.get(field).is_some_and(|now| now.contact == after.contact)
    });
    if took || joined.any(|list| now.lists.contains(list)) {
        RowFate::TakenIn
    } else {
        RowFate::Refused
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::agreed::{Departure, Pair, Tombstone};

    const KEY: [u8; 32] = [7; 32];

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn with(contact: Option<&str>, city: &str, lists: &[&str]) -> Agreed {
        let print = Some(FingerprintKey::new(KEY).fingerprint("city", city));
        let pair = Pair { gigya: print, contact: print, ..Pair::default() };
        Agreed {
            contact: contact.map(Into::into),
            fields: [("city".parse().unwrap(), pair)].into(),
            lists: lists.iter().map(|list| (*list).into()).collect(),
            ..Agreed::default()
        }
    }

    #[test]
    fn a_refused_row_is_tried_again_after_one_two_four_and_at_most_thirty_days() {
        let key = FingerprintKey::new(KEY);
        let (row, other) =
            (sent(&key, &with(None, "Ulm", &[])), sent(&key, &with(None, "Bonn", &[])));
        let mut now = at("2026-11-01T05:00:00Z");
        let mut refused: Option<Refused> = None;
        let mut days = Vec::new();
        for _ in 0..40 {
            let next = Refused::again(refused.as_ref(), row, now);
            days.push((next.again_at.duration_since(now) + EARLIER).as_hours() / 24);
            assert!(next.waits(row, now) && !next.waits(other, now));
            assert!(!next.waits(row, next.again_at));
            now = next.again_at;
            refused = Some(next);
        }
        assert_eq!(days[..7], [1, 2, 4, 8, 16, 30, 30]);
        assert!(days[7..].iter().all(|days| *days == 30));
        assert_eq!(
            Refused::again(refused.as_ref(), other, now).times,
            1,
            "another row begins anew"
        );
    }

    #[test]
    fn a_row_is_told_by_its_address_its_values_and_its_lists_alone() {
        let key = FingerprintKey::new(KEY);
        let row = with(None, "Ulm", &["news"]);
        let seen = Agreed {
            contact: Some("c1".into()),
            written_at: Some(at("2026-11-01T05:00:00Z")),
            ..row.clone()
        };
        assert_eq!(sent(&key, &row), sent(&key, &seen));
        assert_ne!(sent(&key, &row), sent(&key, &with(None, "Ulm", &["news", "emea"])));
    }

    #[test]
    fn who_is_there_as_sent_was_taken_in_and_who_is_not_was_refused() {
        let new = Agreement {
            uid: "u".into(),
            before: Agreed::default(),
            after: with(None, "Ulm", &["news"]),
        };
        assert_eq!(fate(&new, None), RowFate::Refused);
        assert_eq!(fate(&new, Some(&with(Some("c"), "Ulm", &["news"]))), RowFate::TakenIn);
        let old = with(Some("c"), "Ulm", &["news"]);
        let update = Agreement {
            uid: "u".into(),
            before: old.clone(),
            after: with(Some("c"), "Bonn", &["news"]),
        };
        assert_eq!(fate(&update, Some(&old)), RowFate::Refused);
        assert_eq!(fate(&update, Some(&with(Some("c"), "Bonn", &["news"]))), RowFate::TakenIn);
        let joins = Agreement {
            uid: "u".into(),
            before: old.clone(),
            after: with(Some("c"), "Ulm", &["news", "emea"]),
        };
        assert_eq!(fate(&joins, Some(&old)), RowFate::Refused);
        assert_eq!(fate(&joins, Some(&with(Some("c"), "Ulm", &["emea"]))), RowFate::TakenIn);
        let left =
            Some(Tombstone { kind: Departure::Unsubscribed, at: at("2026-11-01T05:00:00Z") });
        assert_eq!(fate(&new, Some(&Agreed { left, ..Agreed::default() })), RowFate::Left);
    }
}
