//! Setting the ledger aside, so that it is made anew from what both sides hold.

use jiff::Timestamp;

use super::bucket::{BYTES, Object};
use super::shard::{SHARDS, Shard};
use super::{Ledger, StoreError, keys};
use crate::domain::agreed::Agreed;

/// What was set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// Where the old ledger is.
    pub kept_in: String,
    /// People it knew.
    pub people: u64,
    /// Those of them who carry the mark of having left.
    pub marked: u64,
}

impl Ledger {
    /// Forgets the values that were agreed on with everybody; the old shards are copied first. Only for whoever holds the
    /// right to poll.
    ///
    /// # Errors
    /// When a shard cannot be read or written. Those before it are done, and doing it all again is harmless.
    pub async fn set_aside(&self, now: Timestamp) -> Result<Aside, StoreError> {
        let kept_in = keys::ledger_aside(now);
        let mut aside = Aside { kept_in, people: 0, marked: 0 };
        for number in 0..SHARDS {
            let key = keys::shard(number);
            let Some(Object { bytes, .. }) = self.bucket().get(&key).await? else { continue };
            let shard = Shard::decode(bytes.clone())
                .map_err(|problem| StoreError::Broken { key: key.clone(), problem })?;
            let copy = format!("{}{number:02}", aside.kept_in);
            self.bucket().put(&copy, bytes, BYTES).await?;
            aside.people += shard.people.len() as u64;
            self.swap(number, |shard| {
                let before = shard.clone();
                shard.people.values_mut().for_each(forget);
                *shard != before
            })
            .await?;
            let marked = |agreed: &&Agreed| agreed.left.is_some() || !agreed.left_lists.is_empty();
            aside.marked += shard.people.values().filter(marked).count() as u64;
        }
        Ok(aside)
    }
}

/// Forgets the values. Who is where, who left, and who wished what stays: whoever leaves a list just now is still known to
/// have been on it, so that their leaving is seen and nobody puts them back.
fn forget(agreed: &mut Agreed) {
    agreed.fields.clear();
    agreed.address = None;
}

#[cfg(test)]
mod tests {
    use crate::domain::FingerprintKey;
    use crate::domain::agreed::{Departure, Pair, Tombstone};

    use super::*;

    #[test]
    fn values_are_forgotten_and_who_is_where_or_left_is_not() {
        let mark = Tombstone { kind: Departure::Deleted, at: Timestamp::UNIX_EPOCH };
        let address = FingerprintKey::new([7; 32]).fingerprint("email", "ann@example.com");
        let known = Agreed {
            contact: Some("c1".into()),
            lists: ["l1".into()].into(),
            left: Some(mark),
            left_lists: [("l2".into(), mark.at)].into(),
            ..Agreed::default()
        };
        let pair = Pair { gigya: Some(address), contact: Some(address), ..Pair::default() };
        let fields = [("city".parse().unwrap(), pair)].into();
        let mut agreed = Agreed { address: Some(address), fields, ..known.clone() };
        forget(&mut agreed);
        assert_eq!(agreed, known);
    }
}
