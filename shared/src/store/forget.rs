//! Forgetting the agreed values, so that they are agreed anew from what both sides hold.

use super::shard::Shard;
use super::{Ledger, StoreError};
use crate::domain::Uid;
use crate::domain::agreed::Agreed;

/// Whose values were forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Forgotten {
    /// How many people.
    pub people: u64,
    /// Those of them who carry the mark of having left, which stays.
    pub marked: u64,
}

impl Ledger {
    /// Forgets the values that were agreed on with everybody. Only for whoever holds the right to poll. What the ledger held
    /// before is in the bucket's history.
    ///
    /// # Errors
    /// When a shard cannot be read or written. Those before it are done, and doing it all again is harmless.
    pub async fn forget_values(&self) -> Result<Forgotten, StoreError> {
        let mut forgotten = Forgotten::default();
        for number in self.shards().await? {
            let mut here = Forgotten::default();
            self.swap(number, |shard| {
                here = Forgotten::default();
                forget_in(shard, &mut here)
            })
            .await?;
            forgotten.people += here.people;
            forgotten.marked += here.marked;
        }
        Ok(forgotten)
    }
}

/// Forgets the values of everybody in a shard, and counts them. Answers whether that changed anything.
fn forget_in(shard: &mut Shard, forgotten: &mut Forgotten) -> Result<bool, String> {
    let people: Vec<Uid> = shard.people().cloned().collect();
    let mut any = false;
    for uid in people {
        let Some(mut agreed) = shard.agreed(&uid, None)? else { continue };
        forgotten.people += 1;
        forgotten.marked += u64::from(agreed.left.is_some() || !agreed.left_lists.is_empty());
        forget(&mut agreed);
        any |= shard.agree(&uid, None, &agreed)?;
    }
    Ok(any)
}

/// Forgets the values. Who is where, who left, and who wished what stays: whoever leaves a list just now is still known to
/// have been on it, so that their leaving is seen and nobody puts them back.
fn forget(agreed: &mut Agreed) {
    agreed.fields.clear();
    agreed.address = None;
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

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
