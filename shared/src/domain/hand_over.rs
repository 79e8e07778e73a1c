//! Handing over: what was agreed about a lite account goes to the full one that its owner registered.

use super::agreed::Agreed;
use super::ids::Uid;

impl Agreed {
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
    use crate::domain::consent::AgreedWish;
    use crate::domain::erasure::inherit;
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
            left: Some(Tombstone { kind: Departure::Withdrawn, at: at(9) }),
            left_lists: [("emea".into(), at(2))].into(),
            ..Agreed::default()
        };
        assert_eq!(inherit(&former, Some(&own)), former);
        assert_eq!(inherit(&former, None), former);

        let rest = former.handed_to(&"u1".into());
        assert!(!rest.is_there() && rest.address.is_none());
        assert_eq!((rest.left, rest.moved_to.clone()), (former.left, Some("u1".into())));
        assert_eq!(former.clone().merge(&former, &rest), rest);
    }
}
