//! Letter by letter: whether every contact holds what its account became on the way out, and whether anything but what
//! people changed themselves has changed at Gigya.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::Serialize;
use shared::domain::{Account, ContactField, Mapping, Uid};
use shared::settings::customer::CustomerSettings;

use crate::constant_contact::{Person, v2};
use crate::world::{BUCKET, World};

/// Differences that are named.
const EXAMPLES_MAX: usize = 5;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Letters {
    /// Contacts that were compared with their accounts: those of people who are mailed.
    pub compared: u64,
    /// Those that hold exactly what was sent, in every field.
    pub exact: u64,
    /// Contacts with a character that no text has: what a file in the wrong encoding makes of letters.
    pub garbled: u64,
    /// Some that do not: UID and field.
    pub examples: Vec<String>,
    /// Accounts at Gigya of which something changed that nobody had changed in Constant Contact.
    pub changed_at_gigya: u64,
}

impl Letters {
    /// Whether every letter is where it belongs.
    pub fn are_in_order(&self) -> bool {
        self.exact == self.compared && self.garbled == 0 && self.changed_at_gigya == 0
    }
}

/// The values of every account, as one number each.
#[derive(Debug, Default)]
pub struct Remembered(HashMap<Uid, u64>);

impl World {
    /// Remembers the values of every account.
    pub fn remember_letters(&self) -> Remembered {
        Remembered(self.gigya.accounts().iter().map(|it| (it.uid().clone(), digest(it))).collect())
    }

    /// Compares every contact with its account, and the accounts with what was remembered. `edited` are the people whose
    /// contacts were edited in Constant Contact meanwhile, whose accounts may follow.
    ///
    /// # Panics
    /// When the settings in the bucket are none, which the world itself has put there.
    pub fn letters(&self, before: &Remembered, edited: &BTreeSet<Uid>) -> Letters {
        let text =
            self.aws.objects().get(BUCKET, shared::store::keys::SETTINGS).unwrap_or_default();
        let settings = CustomerSettings::parse(&String::from_utf8_lossy(&text));
        let mapping = settings.expect("the world's own settings").policy.mapping;
        let ids = self.custom_field_ids();
        let contacts = self.contacts_by_uid();
        let mut letters = Letters::default();
        for account in self.gigya.accounts() {
            let uid = account.uid();
            let changed = before.0.get(uid).is_some_and(|before| *before != digest(&account));
            letters.changed_at_gigya += u64::from(changed && !edited.contains(uid));
            let Some(person) = contacts.get(uid).and_then(|id| self.constant_contact.contact(id))
            else {
                continue;
            };
            letters.garbled += u64::from(is_garbled(&person));
            if !self.is_mailed(&person) {
                continue;
            }
            let Some(differing) = compare(&mapping, &account, &person, &ids) else { continue };
            letters.compared += 1;
            letters.exact += u64::from(differing.is_empty());
            let room = EXAMPLES_MAX.saturating_sub(letters.examples.len());
            let examples = differing.iter().take(room).map(|field| format!("{uid} {field}"));
            letters.examples.extend(examples);
        }
        letters
    }

    fn is_mailed(&self, person: &Person) -> bool {
        let is_on = [&self.lists.newsletter, &self.lists.emea]
            .iter()
            .any(|list| person.lists.contains(*list));
        is_on && !person.is_unsubscribed() && person.deleted_at.is_none()
    }

    /// The tenant's ids of its custom fields, by what the settings call them.
    fn custom_field_ids(&self) -> BTreeMap<ContactField, String> {
        let named = self.constant_contact.custom_fields().into_iter().map(|(id, name)| {
            let number = name.strip_prefix("Custom_Field_").and_then(|number| number.parse().ok());
            let field = number.map_or_else(|| ContactField::custom(&name), ContactField::v2_custom);
            (field, id)
        });
        named.collect()
    }
}

fn digest(account: &Account) -> u64 {
    let mut hasher = DefaultHasher::new();
    for section in ["profile", "data"] {
        if let Some(section) = account.fields().get(section) {
            section.to_string().hash(&mut hasher);
        }
    }
    hasher.finish()
}

/// Whether any text shows a control character, or UTF-8 that was read as ISO-8859-1: a letter of the range Ã to ô, and
/// after it a character that ISO-8859-1 has no letter for.
fn is_garbled(person: &Person) -> bool {
    v2::encoding::texts(person).iter().any(|(_, text)| {
        let characters: Vec<char> = text.chars().collect();
        let is_pair = |pair: &[char]| matches!(pair, ['\u{c2}'..='\u{f4}', '\u{80}'..='\u{9f}']);
        characters.windows(2).any(is_pair)
            || characters.iter().any(|c| matches!(c, '\u{80}'..='\u{9f}'))
    })
}

/// The fields in which the contact does not hold what the account becomes on its way out; nothing when it cannot be sent.
fn compare(
    mapping: &Mapping,
    account: &Account,
    person: &Person,
    ids: &BTreeMap<ContactField, String>,
) -> Option<Vec<ContactField>> {
    let fitted = mapping.fit(account).ok()?;
    let mut differing = Vec::new();
    for (field, fitted) in fitted.fields {
        let travels = mapping.rule(&field).is_some_and(shared::domain::FieldRule::travels_out);
        // An empty value is not sent, and does not win over a full one that was there before.
        let is_sent = travels && fitted.stays.is_none() && !fitted.value.is_empty();
        let held = held(person, &field, ids);
        // What came home from Constant Contact may stand there in letters that we could not have sent.
        if is_sent && held != fitted.value && held != fitted.source {
            differing.push(field);
        }
    }
    Some(differing)
}

/// What the tenant holds in a field.
fn held(person: &Person, field: &ContactField, ids: &BTreeMap<ContactField, String>) -> String {
    let custom = ids.get(field).and_then(|id| person.custom.get(id));
    if let Some(value) = custom {
        return value.clone();
    }
    let text = |name: &str| person.texts.get(name).cloned().unwrap_or_default();
    let phone = |kind: &str| person.phones.get(kind).cloned().unwrap_or_default();
    let street = |part: usize| {
        person.streets.get("home").map(|street| street[part].clone()).unwrap_or_default()
    };
    match field.as_str() {
        "birthday" => {
            person.birthday.map(|(month, day)| format!("{month:02}-{day:02}")).unwrap_or_default()
        }
        "phone" => phone("other"),
        "home_phone" => phone("home"),
        "work_phone" => phone("work"),
        "street" => street(0),
        "city" => street(1),
        "state" => street(2),
        "zip" => street(3),
        "country" => street(4),
        name => text(name),
    }
}
