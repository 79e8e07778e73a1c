//! What holds for every plan, whatever the two sides, the ledger and the settings are.

use jiff::Timestamp;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use super::states::{CHOICES, Choices, State, agreed};
use super::{Leave, Outbound, Plan, Reason, Row, Seen};
use crate::domain::agreed::{Agreed, Departure};
use crate::domain::consent::{AgreedWish, Wish};
use crate::domain::contact::{Contact, Permission};
use crate::domain::evidence::Source;
use crate::domain::fingerprint::FingerprintKey;
use crate::domain::mapping::Owner;
use crate::domain::policy::{OnDelete, Resubscribe};
use crate::domain::report::Class;
use crate::domain::{Account, ContactField};

/// States of each of the tests here. Each is looked at in [`VIEWS`] ways or through every step of a life.
const STATES: u32 = 90_000;
const VIEWS: u32 = 8;
/// Ledgers that are merged, which is cheap.
const MERGES: u32 = 400_000;
const _: () = assert!(STATES * VIEWS + STATES + MERGES >= 1_000_000, "by the million");

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

fn choices() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), CHOICES)
}

fn states() -> impl Strategy<Value = State> {
    choices().prop_map(|choices| State::of(&choices))
}

struct View<'a> {
    state: &'a State,
    gigya: Seen<&'a Account>,
    contact: Seen<&'a Contact>,
    plan: Plan,
}

fn views(state: &State) -> [View<'_>; VIEWS as usize] {
    let (account, contact) = (Seen::Present(&state.account), Seen::Present(&state.contact));
    [
        (account, contact),
        (account, Seen::Absent),
        (account, Seen::Unobserved),
        (Seen::Absent, contact),
        (Seen::Absent, Seen::Absent),
        (Seen::Absent, Seen::Unobserved),
        (Seen::Unobserved, contact),
        (Seen::Unobserved, Seen::Absent),
    ]
    .map(|(gigya, contact)| View { state, gigya, contact, plan: state.plan(gigya, contact) })
}

fn row(plan: &Plan) -> Option<&Row> {
    match &plan.outbound {
        Some(
            Outbound::Join { row, .. } | Outbound::Update { row } | Outbound::Amend { row, .. },
        ) => Some(row),
        Some(Outbound::Ask { .. } | Outbound::Leave(_)) | None => None,
    }
}

impl View<'_> {
    fn is_stale(&self) -> bool {
        self.state.known().is_stale(self.state.account.last_updated(), self.state.now)
            && !self.is_as_agreed()
    }

    fn is_as_agreed(&self) -> bool {
        let (State { policy, account, key, .. }, known) = (self.state, self.state.known());
        let has_agreed = |field: &ContactField, source: &str| {
            let pair = known.fields.get(field);
            pair.and_then(|pair| pair.gigya) == Some(key.fingerprint(field.as_str(), source))
        };
        let fitted = policy.mapping.fit(account);
        self.wish().agreed() == known.wish
            && fitted.is_ok_and(|it| it.fields.iter().all(|(at, one)| has_agreed(at, &one.source)))
    }

    fn wish(&self) -> Wish {
        self.state.policy.consent.wish(&self.state.account, self.state.known().wish)
    }

    fn seen_contact(&self) -> Option<&Contact> {
        match self.contact {
            Seen::Present(contact) => Some(contact),
            Seen::Absent | Seen::Unobserved => None,
        }
    }

    fn nobody_who_left_is_back_without_newer_evidence(&self) {
        let known = self.state.known();
        let mut gained = self.plan.agreed.clone().unwrap_or_default().lists;
        match &self.plan.outbound {
            Some(Outbound::Join { lists, .. } | Outbound::Amend { lists, .. }) => {
                gained.extend(lists.iter().cloned());
            }
            Some(Outbound::Update { .. } | Outbound::Ask { .. } | Outbound::Leave(_)) | None => {}
        }
        let there = self.seen_contact().map(|contact| contact.lists.clone()).unwrap_or_default();
        gained.retain(|list| !known.lists.contains(list) && !there.contains(list));
        let sends = row(&self.plan).is_some() || !gained.is_empty();
        let is_back_there = self.is_back_there();
        if let Some(left) = known.left.filter(|_| sends && !is_back_there) {
            assert_ne!(left.kind, Departure::Unsubscribed, "only they themselves come back");
            assert!(self.is_back_since(left.at), "back without newer evidence");
        }
        for list in &gained {
            if let Some(at) = known.left_lists.get(list) {
                assert!(self.is_back_since(*at), "back on {list} without newer evidence");
            }
        }
        if let Some(contact) = self.seen_contact() {
            assert!(!sends || contact.permission != Permission::Unsubscribed);
            assert!(!sends || contact.deleted_at.is_none_or(|at| self.is_back_since(at)));
        }
        let agreed = self.plan.agreed.clone().unwrap_or_else(|| known.clone());
        let is_lifted = known.left.is_some() && agreed.left.is_none();
        if is_lifted && !sends && !is_back_there {
            // Only who is on a list already may lose the mark without anything going out.
            let is_on_a_list = matches!(self.plan.reason, Reason::InStep | Reason::Conflict)
                && !agreed.lists.is_empty();
            assert!(is_on_a_list, "a mark was lifted, and nothing went out");
        }
        let lost_a_list = known.left_lists.keys().any(|list| !agreed.left_lists.contains_key(list));
        if (is_lifted || lost_a_list) && !agreed.is_erased() {
            assert!(agreed.evidence.is_some(), "a mark was lifted without evidence");
        }
    }

    /// Whether the person asked for it anew since, or the operator has it in writing.
    fn is_back_since(&self, at: Timestamp) -> bool {
        let in_writing = self
            .state
            .known()
            .evidence
            .is_some_and(|evidence| evidence.source == Source::Operator && evidence.at > at);
        in_writing || self.wish().evidence_since(at).is_some()
    }

    /// Whether Constant Contact shows that they came back there.
    fn is_back_there(&self) -> bool {
        let known = self.state.known();
        let (Some(left), Some(contact)) = (known.left, self.seen_contact()) else { return false };
        left.kind == Departure::Unsubscribed
            && contact.deleted_at.is_none()
            && contact.permission == Permission::Explicit
            && contact.updated_at.is_some_and(|at| at > left.at)
    }

    /// Whoever is asked is unsubscribed, opted in anew at Gigya since, and was not asked for that before.
    fn nobody_is_asked_twice_or_unasked_for(&self) {
        let Some(Outbound::Ask { lists }) = &self.plan.outbound else { return };
        let known = self.state.known();
        let agreed = self.plan.agreed.clone().unwrap_or_default();
        let left = agreed.left.expect("whoever is asked has left until they confirm");
        let Wish::Granted { evidence: Some(evidence) } = self.wish() else {
            panic!("asked without an opt-in");
        };
        assert_eq!(self.state.policy.consent.resubscribe, Resubscribe::Ask);
        assert_eq!(left.kind, Departure::Unsubscribed);
        assert!(evidence.at > left.at && known.asked < Some(evidence.at));
        assert_eq!(agreed.asked, Some(evidence.at));
        assert!(!lists.is_empty() && self.plan.class == Class::Held);
        if let Some(contact) = self.seen_contact() {
            assert_eq!(contact.permission, Permission::Unsubscribed);
            assert_eq!(contact.deleted_at, None);
        }
    }

    fn who_was_not_looked_at_is_left_alone(&self) {
        let is_unseen = match self.gigya {
            Seen::Present(_) => self.is_stale(),
            Seen::Absent => false,
            Seen::Unobserved => true,
        };
        if is_unseen {
            assert_eq!((&self.plan.outbound, &self.plan.inbound), (&None, &None));
        }
        if !matches!(self.contact, Seen::Present(_) | Seen::Absent) {
            assert_eq!(self.plan.inbound, None);
        }
    }

    fn only_mapped_fields_travel_and_only_their_way(&self) {
        let mapping = &self.state.policy.mapping;
        let withdrawal = self.state.policy.consent.opt_out_leaf();
        for (field, _) in row(&self.plan).iter().flat_map(|row| &row.fields) {
            assert!(mapping.rules().iter().any(|rule| rule.field == *field && rule.travels_out()));
        }
        let Some(inbound) = &self.plan.inbound else { return };
        assert!(!inbound.leaves.is_empty());
        for leaf in &inbound.leaves {
            if *leaf == withdrawal && inbound.opts_out {
                continue;
            }
            let rule = mapping.rules().iter().find(|rule| rule.sources.contains(&leaf.0)).unwrap();
            assert!(rule.travels_home());
            let sends = row(&self.plan).is_some_and(|row| row.fields.contains_key(&rule.field));
            assert!(!sends, "{} travels both ways at once and would swap its values", rule.field);
        }
    }

    fn the_poorer_value_never_replaces_the_better(&self) {
        let (Some(inbound), Some(contact)) = (&self.plan.inbound, self.seen_contact()) else {
            return;
        };
        let known = self.state.known();
        for rule in self.state.policy.mapping.rules() {
            if !rule.sources.iter().any(|path| inbound.leaves.iter().any(|leaf| leaf.0 == *path)) {
                continue;
            }
            let Ok(fitted) = rule.fit(&self.state.account, self.state.policy.mapping.destination())
            else {
                continue;
            };
            let there = contact.value(&rule.field);
            assert_ne!(fitted.value, there, "the cut value of {} came home", rule.field);
            let print = |value| self.state.key.fingerprint(rule.field.as_str(), value);
            let before = known.fields.get(&rule.field).copied().unwrap_or_default();
            let unmoved =
                before.gigya == Some(print(&fitted.source)) && before.contact == Some(print(there));
            assert!(!(unmoved && rule.owner == Owner::Both), "{} did not move", rule.field);
            assert!(contact.deleted_at.is_none(), "a deleted contact says nothing");
        }
    }

    /// Whoever is gone at Gigya has nothing that could be sent, carried or kept.
    fn who_is_gone_gives_no_value(&self) {
        if !matches!(self.gigya, Seen::Absent) {
            return;
        }
        assert_eq!((row(&self.plan), &self.plan.inbound), (None, &None));
        assert!(matches!(self.plan.outbound, None | Some(Outbound::Leave(_))));
        let agreed = self.plan.agreed.clone().unwrap_or_else(|| self.state.known());
        assert!(agreed.is_erased() && agreed.left.is_some());
        assert_eq!(agreed.clone().forgotten(), agreed, "more than the mark is kept");
        let stays = match (self.state.policy.consent.on_delete, &self.plan.outbound) {
            (OnDelete::Delete, outbound) => {
                assert!(matches!(outbound, None | Some(Outbound::Leave(Leave::Delete))));
                false
            }
            (OnDelete::Unsubscribe, outbound) => {
                assert!(matches!(outbound, None | Some(Outbound::Leave(Leave::Unsubscribe))));
                true
            }
            (OnDelete::Keep, outbound) => {
                assert_eq!(*outbound, None);
                true
            }
        };
        assert!(stays || agreed.contact.is_none(), "a contact that is deleted is forgotten");
    }

    fn silence_never_unsubscribes(&self) {
        let is_silent = matches!(self.gigya, Seen::Present(_)) && self.wish() == Wish::Silent;
        if is_silent && matches!(self.contact, Seen::Unobserved) {
            assert!(!matches!(self.plan.outbound, Some(Outbound::Leave(Leave::Unsubscribe))));
        }
    }

    fn the_class_is_what_goes_out(&self) {
        let expected = match &self.plan.outbound {
            Some(Outbound::Leave(_)) => Some(Class::Removed),
            Some(Outbound::Ask { .. }) => Some(Class::Held),
            Some(_) => Some(Class::Accepted),
            None => None,
        };
        match expected {
            Some(class) => assert_eq!(self.plan.class, class),
            None => assert!(!matches!(
                self.plan.class,
                Class::Accepted | Class::Removed | Class::Rejected | Class::Duplicate
            )),
        }
        if self.plan.class == Class::Filtered {
            assert!(self.plan.agreed.as_ref().is_none_or(|agreed| !agreed.is_there()));
        }
        assert_eq!(self.plan.class == Class::Invalid, !self.plan.invalid.is_empty());
    }

    fn an_opt_out_in_constant_contact_comes_home(&self) {
        let (Some(contact), Seen::Present(account)) = (self.seen_contact(), self.gigya) else {
            return;
        };
        let known = self.state.known();
        let is_known = known.left.is_some_and(|left| left.kind == Departure::Unsubscribed);
        let Some(at) = contact.unsubscribed_at(self.state.now) else { return };
        if is_known || self.is_stale() || self.wish().evidence_since(at).is_some() {
            return;
        }
        let opts_out = self.plan.inbound.as_ref().is_some_and(|inbound| inbound.opts_out);
        assert!(opts_out || self.state.policy.consent.says_no(account));
        let noted = self.plan.noted.clone().unwrap_or(known);
        assert_eq!(noted.wish, AgreedWish::Withdrawn);
        assert_eq!(noted.left.map(|left| left.kind), Some(Departure::Unsubscribed));
    }
}

/// Does everything that the plan says, and looks again from every side.
fn a_plan_that_was_done_is_a_plan_of_nothing(state: &State) {
    let first = state.plan(Seen::Present(&state.account), Seen::Present(&state.contact));
    if state.known().is_stale(state.account.last_updated(), state.now) {
        return;
    }
    let after = state.after(&first);
    if state.contact.deleted_at.is_some() && after.contact.deleted_at.is_none() {
        // Nothing was known of the values of a contact that was deleted: it is seen for the first time.
        return a_plan_that_was_done_is_a_plan_of_nothing(&after);
    }
    let (account, contact) = (Seen::Present(&after.account), Seen::Present(&after.contact));
    for (view, plan) in [
        ("an errand", after.plan(account, contact)),
        ("upload", after.plan(account, Seen::Unobserved)),
        ("poll", after.plan(Seen::Unobserved, contact)),
    ] {
        let context = || format!("first {first:?}\nthen {view} plans {plan:?}");
        assert!(plan.outbound.is_none() && plan.inbound.is_none(), "{}", context());
        // What cannot be decided is looked at again.
        let undecided = !first.conflicts.is_empty()
            || state.policy.mapping.fit(&state.account).is_err()
            || state.policy.mapping.fit(&after.account).is_err();
        assert!(undecided || !(plan.look || plan.due), "{}", context());
    }
}

/// Erases somebody as the plan says, and looks again.
fn who_was_erased_stays_so(state: &State) {
    for contact in [Seen::Present(&state.contact), Seen::Unobserved, Seen::Absent] {
        let first = state.plan(Seen::Absent, contact);
        let after = state.after(&first);
        for (view, plan) in [
            ("gone and seen", after.plan(Seen::Absent, Seen::Present(&after.contact))),
            ("gone", after.plan(Seen::Absent, Seen::Unobserved)),
            ("poll", after.plan(Seen::Unobserved, Seen::Present(&after.contact))),
        ] {
            let believed_there = matches!(contact, Seen::Present(_)) || first.outbound.is_some();
            let context = || format!("first {first:?}\nthen {view} plans {plan:?}");
            assert!(!believed_there || plan.outbound.is_none(), "{}", context());
            assert!(
                !believed_there || !(plan.look || plan.due || plan.takes_away),
                "{}",
                context()
            );
        }
    }
}

fn nothing_that_was_learnt_is_forgotten(now: &Agreed, before: &Agreed, after: &Agreed) {
    let merged = now.clone().merge(before, after);
    for learnt in [now, after] {
        if let Some(mark) = learnt.left.filter(|_| learnt.left != before.left) {
            let merged = merged.left.expect("a mark was lost");
            assert_eq!(merged.or_stronger(Some(mark)), merged, "a mark was weakened");
        }
        if merged.is_erased() {
            continue;
        }
        for (list, at) in &learnt.left_lists {
            if before.left_lists.get(list) != Some(at) {
                assert!(merged.left_lists.get(list) >= Some(at), "a mark of {list} was lost");
            }
        }
        if learnt.wish == AgreedWish::Withdrawn && before.wish != AgreedWish::Withdrawn {
            assert_eq!(merged.wish, AgreedWish::Withdrawn);
        }
    }
    assert_eq!(before.clone().merge(before, after), *after);
    assert_eq!(now.clone().merge(before, before), *now);
}

proptest! {
    #![proptest_config(config(STATES))]

    #[test]
    fn every_plan_keeps_the_promises(state in states()) {
        for view in views(&state) {
            view.nobody_who_left_is_back_without_newer_evidence();
            view.nobody_is_asked_twice_or_unasked_for();
            view.who_was_not_looked_at_is_left_alone();
            view.only_mapped_fields_travel_and_only_their_way();
            view.the_poorer_value_never_replaces_the_better();
            view.who_is_gone_gives_no_value();
            view.silence_never_unsubscribes();
            view.the_class_is_what_goes_out();
            view.an_opt_out_in_constant_contact_comes_home();
        }
    }

    #[test]
    fn every_plan_that_was_done_is_a_plan_of_nothing(state in states()) {
        a_plan_that_was_done_is_a_plan_of_nothing(&state);
        who_was_erased_stays_so(&state);
    }
}

proptest! {
    #![proptest_config(config(MERGES))]

    #[test]
    fn no_merge_forgets_what_was_learnt(choices in choices()) {
        let key = FingerprintKey::new([7; 32]);
        let mut choices = Choices::of(&choices);
        let [now, before, after] = std::array::from_fn(|_| agreed(&mut choices, &key));
        nothing_that_was_learnt_is_forgotten(&now, &before, &after);
    }
}
