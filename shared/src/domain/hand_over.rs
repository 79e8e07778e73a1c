//! Handing over: what was agreed about a lite account goes to the full one that its owner registered.

use super::agreed::Agreed;
use super::consent::AgreedWish;
use super::ids::Uid;

impl Agreed {
    /// What is agreed about a person under the key that they have now, with what was agreed under the key that they had.
    /// Having left wins, under whichever key it was.
    #[must_use]
    pub fn taking_over(self, former: &Self) -> Self {
        let mut left_lists = self.left_lists;
        for (list, at) in &former.left_lists {
            let known = left_lists.entry(list.clone()).or_insert(*at);
            *known = (*at).max(*known);
        }
        Self {
            contact: self.contact.or_else(|| former.contact.clone()),
            address: self.address.or(former.address),
            fields: if self.fields.is_empty() { former.fields.clone() } else { self.fields },
            wish: match (self.wish, former.wish) {
                (AgreedWish::Silent, wish) | (_, wish @ AgreedWish::Withdrawn) => wish,
                (wish @ (AgreedWish::Granted | AgreedWish::Withdrawn), _) => wish,
            },
            lists: self.lists.union(&former.lists).cloned().collect(),
            left: former.left.map_or(self.left, |left| Some(left.or_stronger(self.left))),
            left_lists,
            written_at: self.written_at.max(former.written_at),
            ..self
        }
    }

    /// What stays under a key that is the person's no longer: where they went, and that they left if they did.
    #[must_use]
    pub fn handed_to(&self, uid: &Uid) -> Self {
        Self {
            wish: self.wish,
            left: self.left,
            left_lists: self.left_lists.clone(),
            moved_to: Some(uid.clone()),
            ..Self::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::domain::agreed::{Departure, Tombstone};
    use crate::domain::fingerprint::FingerprintKey;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn whoever_had_left_as_a_lite_account_has_left_as_a_full_one() {
        let former = Agreed {
            contact: Some("c".into()),
            address: Some(FingerprintKey::new([7; 32]).fingerprint("email", "a")),
            wish: AgreedWish::Withdrawn,
            lists: ["news".into()].into(),
            left: Some(Tombstone { kind: Departure::Unsubscribed, at: at(5) }),
            left_lists: [("emea".into(), at(4))].into(),
            ..Agreed::default()
        };
        let own = Agreed {
            wish: AgreedWish::Granted,
            left: Some(Tombstone { kind: Departure::Withdrawn, at: at(9) }),
            left_lists: [("emea".into(), at(2))].into(),
            ..Agreed::default()
        };
        let taken = own.taking_over(&former);
        assert_eq!(taken, Agreed { moved_to: None, ..former.clone() });
        assert_eq!(Agreed::default().taking_over(&former), former);

        let rest = former.handed_to(&"u1".into());
        assert!(!rest.is_there() && rest.address.is_none());
        assert_eq!((rest.left, rest.moved_to.clone()), (former.left, Some("u1".into())));
        assert_eq!(former.clone().merge(&former, &rest), rest);
    }
}
