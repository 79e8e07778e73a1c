//! Field by field: who moved, and which side is written.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Person, Row, Seen, Sight};
use crate::domain::account::{Account, Path};
use crate::domain::agreed::{Agreed, Departure, Hold, Pair, Side, Tombstone};
use crate::domain::contact::Contact;
use crate::domain::contact_field::ContactField;
use crate::domain::dialect::Dialect;
use crate::domain::fingerprint::Fingerprint;
use crate::domain::fit::Stays;
use crate::domain::mapping::{FieldRule, Fitted, FittedAccount, Loss, Mapping, OnConflict, Owner};

/// What the fields of one person ask for.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub(super) struct Fields {
    /// Some value must travel out.
    pub(super) changed: bool,
    /// Some value must be taken away in Constant Contact, which an import cannot say.
    pub(super) clears: bool,
    /// Some field waits for a person, so that a whole row must not be imported.
    pub(super) held: bool,
    /// A person chose Constant Contact's value of some field, which is not known until the contact is looked at.
    pub(super) looks: bool,
    /// Some value has characters that Constant Contact does not take, and the customer wants the person to wait for it.
    pub(super) waits: bool,
    /// Fields that were emptied at Gigya and that nothing we can send empties in Constant Contact.
    pub(super) uncleared: Vec<ContactField>,
    /// What is written at Gigya.
    pub(super) leaves: Vec<(Path, Value)>,
    pub(super) conflicts: Vec<ContactField>,
    pub(super) losses: Vec<Loss>,
    /// The fields that travel out, with what is agreed about them if they do not after all.
    sent: BTreeMap<ContactField, Pair>,
    /// The fields of which Constant Contact holds what was agreed, though it is not what Gigya's value becomes now; a row
    /// that held them would undo what came home, or what was tolerated.
    kept: BTreeSet<ContactField>,
}

impl Fields {
    /// Whether a row holds this field: what differs and was not sent stays as Constant Contact has it, and only what is to
    /// be cleared travels as nothing.
    pub(super) fn is_in_row(&self, field: &ContactField, value: &str, with_blanks: bool) -> bool {
        if value.is_empty() {
            with_blanks && self.sent.contains_key(field)
        } else {
            !self.kept.contains(field)
        }
    }

    /// Nothing went out, so nothing about the values that would have is agreed.
    pub(super) fn take_back_sent(&self, agreed: &mut Agreed) {
        for (field, unsent) in &self.sent {
            if *unsent == Pair::default() {
                agreed.fields.remove(field);
            } else {
                agreed.fields.insert(field.clone(), *unsent);
            }
        }
    }

    /// What a single write leaves for an import. v2's write replaces everything and its contacts do not show all of it, so
    /// what they do not show is always imported again; v3's leaves alone what it does not name.
    pub(super) fn rest(&self, row: &mut Row, mapping: &Mapping) -> BTreeMap<ContactField, String> {
        let unwritable = |field: &ContactField| !mapping.observable(field);
        let (rest, writable) =
            std::mem::take(&mut row.fields).into_iter().partition(|(field, _)| unwritable(field));
        row.fields = writable;
        match mapping.destination().dialect {
            Dialect::V3 if !self.sent.keys().any(unwritable) => BTreeMap::new(),
            Dialect::V3 | Dialect::V2 => rest,
        }
    }

    /// Whether some of the values that travel out can be written singly.
    pub(super) fn changes_writable(&self, mapping: &Mapping) -> bool {
        self.sent.keys().any(|field| mapping.observable(field))
    }
}

/// What moved in Constant Contact while the account was not looked at.
#[derive(Debug, Default)]
pub(super) struct Moved {
    /// A field that travels home.
    pub(super) concerns_gigya: bool,
    /// A field that travels home was emptied.
    pub(super) empties: bool,
    /// A field that Gigya owns.
    pub(super) from_gigyas_value: bool,
}

/// Which side is written for one field.
enum Step {
    /// Neither: they agree, as a pair.
    Settle,
    /// Constant Contact is given Gigya's value.
    Send,
    /// Gigya is given Constant Contact's value.
    Carry,
    /// Neither: a person decides.
    Hold,
    /// Neither yet: a person chose Constant Contact's value, and the contact was not looked at.
    Look,
    /// Neither, and nothing is learnt either: the owner was not looked at.
    Leave,
}

impl Person<'_> {
    /// Compares each field of the account with the contact, or with what is believed of it.
    pub(super) fn reconcile(
        &mut self,
        account: &Account,
        fitted: &FittedAccount,
        contact: Seen<&Contact>,
    ) -> Fields {
        let mut fields = Fields::default();
        for (field, fitted) in &fitted.fields {
            let Some(rule) = self.terms.policy.mapping.rule(field) else { continue };
            let value = match contact {
                Seen::Unobserved => Seen::Unobserved,
                Seen::Present(contact)
                    if contact.deleted_at.is_none()
                        && self.terms.policy.mapping.observable(field) =>
                {
                    Seen::Present(contact.value(field))
                }
                // What a deleted contact holds, or no longer holds, says nothing.
                Seen::Present(_) | Seen::Absent => Seen::Absent,
            };
            self.reconcile_field(account, rule, fitted, value, &mut fields);
        }
        fields
    }

    fn reconcile_field(
        &mut self,
        account: &Account,
        rule: &FieldRule,
        fitted: &Fitted,
        value: Seen<&str>,
        fields: &mut Fields,
    ) {
        let field = &rule.field;
        let mut before = self.known.fields.get(field).copied().unwrap_or_default();
        let observed = match value {
            Seen::Present(value) => Some(value),
            Seen::Absent => {
                // Where Constant Contact shows no value, there is none to choose.
                if before.held.take().is_some() {
                    self.next.fields.insert(field.clone(), before);
                }
                None
            }
            Seen::Unobserved => None,
        };
        let source = self.fingerprint(field, &fitted.source);
        let empty = self.fingerprint(field, "");
        let there = observed.map(|value| self.fingerprint(field, value)).or(before.contact);
        let sent = match fitted.stays {
            None => self.fingerprint(field, &fitted.value),
            // What is there stays, so that is what Gigya's value comes to.
            Some(_) => there.unwrap_or(empty),
        };
        fields.waits |= fitted.stays == Some(Stays::Held) && rule.travels_out();
        let sides = Sides { before, source, sent, there, empty };
        let untouched = observed.and_then(|_| self.untouched(rule, before, there));
        let step = match observed {
            Some(_) if untouched.is_some() && !sides.in_step() => Step::Send,
            Some(_) => sides.step_seen(rule),
            None => sides.step_believed(rule),
        };
        let stays = match step {
            Step::Settle => there.is_some_and(|there| there != sent),
            Step::Send => false,
            Step::Carry | Step::Hold | Step::Look | Step::Leave => true,
        };
        if stays {
            fields.kept.insert(field.clone());
        }
        let clears = fitted.value.is_empty() && there.is_some_and(|there| there != empty);
        let next = match step {
            Step::Settle => Some(sides.settled(observed.is_some())),
            Step::Send if clears && !self.can_clear(field) => {
                // Left alone from now on, like any difference that insisting cannot mend.
                fields.kept.insert(field.clone());
                fields.uncleared.push(field.clone());
                let (gigya, insisted) = (Some(source), there);
                Some(Pair { gigya, contact: there, insisted, ..Pair::default() })
            }
            Step::Send => {
                fields.changed = true;
                fields.clears |= clears;
                // Sent although the other side was chosen: there is no longer a choice, by the owner or for want of a value.
                let held = before.held.filter(|hold| hold.chosen != Some(Side::ConstantContact));
                let unsent = untouched.unwrap_or(Pair { contact: there, held, ..before });
                fields.sent.insert(field.clone(), unsent);
                Some(sides.sent(rule))
            }
            Step::Carry => {
                let value = observed.unwrap_or_default();
                if let Ok(leaves) = rule.leaves_beside(value, account) {
                    // Agreed as a pair: should the way out make another text of it, that is no change.
                    let home = self.fingerprint(field, &rule.source_of(&leaves));
                    if home != source {
                        fields.leaves.extend(leaves);
                    }
                    let (gigya, insisted) = (Some(home), there);
                    Some(Pair { gigya, contact: there, insisted, ..Pair::default() })
                } else {
                    // Whatever was chosen: this value cannot be written at Gigya.
                    fields.conflicts.push(field.clone());
                    let since = before.held.map_or(self.now, |hold| hold.since);
                    Some(Pair { held: Some(Hold::since(since)), ..before })
                }
            }
            Step::Hold => {
                fields.conflicts.push(field.clone());
                Some(Pair { held: before.held.or(Some(Hold::since(self.now))), ..before })
            }
            Step::Look => {
                fields.looks = true;
                Some(before)
            }
            Step::Leave => None,
        };
        if rule.travels_out() {
            fields.losses.extend(fitted.losses.iter().cloned());
        }
        if let Some(next) = next {
            fields.held |= next.held.is_some();
            if next != Pair::default() {
                self.next.fields.insert(field.clone(), next);
            }
        }
    }

    /// What is agreed of a value that an import of ours left as it was, because the contact is or was unsubscribed: the same as
    /// before, and once they are back, that Constant Contact holds the older one, so that Gigya's is sent again.
    fn untouched(
        &self,
        rule: &FieldRule,
        before: Pair,
        there: Option<Fingerprint>,
    ) -> Option<Pair> {
        let is_marked =
            |left: Option<Tombstone>| left.is_some_and(|left| left.kind == Departure::Unsubscribed);
        let is_out = matches!(self.sight, Sight::Unsubscribed(_)) || is_marked(self.next.left);
        let is_untouched = rule.owner == Owner::Both
            && (is_out || is_marked(self.known.left))
            && before.held.is_none()
            && before.was.is_some()
            && before.was == there
            && before.contact.is_some()
            && before.contact != there;
        is_untouched.then_some(if is_out {
            before
        } else {
            Pair { contact: there, insisted: None, was: None, ..before }
        })
    }

    /// Believes of a contact that comes back after a deletion that it is a new one, and holds nothing where Gigya has nothing.
    /// An import revives the old one with the values that it had (guide, `contacts_delete`): those that were never agreed on
    /// then differ from what is believed, and the field's owner decides, as for any other that somebody changed there.
    pub(super) fn believe_empty(&mut self) {
        let key = self.terms.key;
        for (field, pair) in &mut self.next.fields {
            if pair.gigya.is_some() && pair.contact.is_none() {
                pair.contact = Some(key.fingerprint(field.as_str(), ""));
            }
        }
    }

    /// Whether a value can be emptied: by a blank in an import, or by a single write.
    fn can_clear(&self, field: &ContactField) -> bool {
        let mapping = &self.terms.policy.mapping;
        mapping.destination().blanks_clear || mapping.observable(field)
    }

    /// Compares the contact with what is believed of it, when the account was not looked at.
    pub(super) fn reconcile_unseen_account(&mut self, contact: &Contact) -> Moved {
        let mut moved = Moved::default();
        let mapping = &self.terms.policy.mapping;
        for rule in mapping.rules() {
            let field = &rule.field;
            if !mapping.observable(field) {
                continue;
            }
            let before = self.known.fields.get(field).copied().unwrap_or_default();
            let value = contact.value(field);
            let there = self.fingerprint(field, value);
            let as_believed = before.contact == Some(there) || before.insisted == Some(there);
            let first = before.contact.is_none();
            if first && value.is_empty() {
                continue;
            }
            let differs = !as_believed && !first;
            match rule.owner {
                Owner::Gigya => {
                    moved.from_gigyas_value |= differs;
                    let took = before.contact == Some(there);
                    let insisted = match (took, before.gigya) {
                        // Gigya's value was empty when there was none here, and an empty one never wins at first sight.
                        (_, Some(_)) if first => Some(there),
                        // It took what we wrote, unless what it shows is the difference that was agreed on.
                        (true, _) => before.insisted.filter(|insisted| *insisted == there),
                        (false, _) => before.insisted,
                    };
                    let pair = Pair { contact: Some(there), insisted, ..before };
                    self.next.fields.insert(field.clone(), pair);
                }
                Owner::ConstantContact | Owner::Both => {
                    if let Some(untouched) = self.untouched(rule, before, Some(there)) {
                        moved.from_gigyas_value |= untouched != before;
                        self.next.fields.insert(field.clone(), untouched);
                        continue;
                    }
                    moved.empties |= differs && value.is_empty();
                    moved.concerns_gigya |=
                        differs || first || before.chosen() == Some(Side::ConstantContact);
                }
            }
        }
        moved
    }
}

/// The two sides of one field, and what was agreed.
struct Sides {
    before: Pair,
    /// Gigya's own value.
    source: Fingerprint,
    /// What Gigya's value is in Constant Contact.
    sent: Fingerprint,
    /// What Constant Contact holds, or is believed to hold.
    there: Option<Fingerprint>,
    empty: Fingerprint,
}

impl Sides {
    /// Constant Contact was not looked at: only Gigya can have moved.
    fn step_believed(&self, rule: &FieldRule) -> Step {
        if self.before.held.is_some() {
            return match self.before.chosen() {
                Some(Side::Gigya) => Step::Send,
                Some(Side::ConstantContact) => Step::Look,
                None => Step::Hold,
            };
        }
        match rule.owner {
            Owner::ConstantContact => Step::Leave,
            Owner::Gigya | Owner::Both if self.in_step() => Step::Settle,
            // At first sight an empty value never wins over a full one.
            Owner::Gigya if self.is_first() && self.sent == self.empty => Step::Settle,
            Owner::Both if self.there.is_none() && self.sent == self.empty => Step::Settle,
            Owner::Both
                if self.is_first() && self.there.is_some_and(|there| there != self.empty) =>
            {
                // Two values that were never agreed on: the conflict rule needs both before its eyes.
                match rule.conflict {
                    OnConflict::Gigya if self.sent != self.empty => Step::Send,
                    OnConflict::Gigya | OnConflict::ConstantContact | OnConflict::Hold => {
                        Step::Leave
                    }
                }
            }
            Owner::Gigya | Owner::Both => Step::Send,
        }
    }

    /// Both sides were looked at.
    fn step_seen(&self, rule: &FieldRule) -> Step {
        if self.in_step() {
            return Step::Settle;
        }
        let first = self.is_first();
        let there_is_empty = self.there == Some(self.empty);
        let sent_is_empty = self.sent == self.empty;
        match rule.owner {
            // At first sight an empty value never wins over a full one, whoever owns the field.
            Owner::Gigya if first && sent_is_empty => Step::Settle,
            Owner::Gigya => Step::Send,
            Owner::ConstantContact if first && there_is_empty => Step::Settle,
            Owner::ConstantContact => Step::Carry,
            Owner::Both if first && there_is_empty => Step::Send,
            Owner::Both if first && sent_is_empty => Step::Carry,
            Owner::Both if first => self.step_in_conflict(rule),
            Owner::Both => match (self.gigya_moved(), self.contact_moved()) {
                (false, false) => Step::Settle,
                (true, true) => self.step_in_conflict(rule),
                // What a person chose holds, though one side has gone back meanwhile.
                (true, false) | (false, true) if self.before.chosen().is_some() => {
                    self.step_in_conflict(rule)
                }
                (true, false) => Step::Send,
                (false, true) => Step::Carry,
            },
        }
    }

    fn step_in_conflict(&self, rule: &FieldRule) -> Step {
        match (self.before.chosen(), rule.conflict) {
            // Held, whatever the rule says: the value could not be carried home.
            (None, _) if self.before.held.is_some() => Step::Hold,
            (Some(Side::Gigya), _) | (None, OnConflict::Gigya) => Step::Send,
            (Some(Side::ConstantContact), _) | (None, OnConflict::ConstantContact) => Step::Carry,
            (None, OnConflict::Hold) => Step::Hold,
        }
    }

    /// One of the two was never part of an agreement.
    fn is_first(&self) -> bool {
        self.before.contact.is_none() || self.before.gigya.is_none()
    }

    /// Equal now, or agreed to differ and unmoved since: Gigya's value is as agreed and Constant Contact shows again
    /// what it showed before we insisted, so it cannot hold better.
    fn in_step(&self) -> bool {
        let equal = self.there == Some(self.sent);
        let tolerated = !self.gigya_moved()
            && self.before.gigya.is_some()
            && self.there.is_some()
            && self.before.insisted == self.there;
        equal || tolerated
    }

    fn gigya_moved(&self) -> bool {
        self.before.gigya.is_some_and(|before| before != self.source)
    }

    fn contact_moved(&self) -> bool {
        self.before.contact.is_some() && self.before.contact != self.there
    }

    fn settled(&self, is_observed: bool) -> Pair {
        let differs = self.there.is_some_and(|there| there != self.sent);
        // An agreed difference is remembered as one that was insisted on, so that it is left alone from now on. That we
        // insisted is forgotten once Constant Contact was seen to hold our value, and not before.
        let insisted = if differs {
            self.there
        } else if is_observed {
            None
        } else {
            self.before.insisted
        };
        let was = self.before.was.filter(|_| !is_observed);
        Pair { gigya: Some(self.source), contact: self.there, insisted, was, held: None }
    }

    fn sent(&self, rule: &FieldRule) -> Pair {
        // Sending again what was agreed is insisting; sending for the first time, or something new, is not.
        let insists = !self.is_first() && !self.gigya_moved();
        let insisted = if insists { self.there } else { None };
        // A field that was never sent or seen is taken for empty, as a contact's is that was mapped a moment ago.
        let was = (rule.owner == Owner::Both).then(|| self.there.unwrap_or(self.empty));
        Pair { gigya: Some(self.source), contact: Some(self.sent), insisted, was, held: None }
    }
}
