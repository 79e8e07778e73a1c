//! The fields that are written back to one account.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::account::Path;

/// The sections of an account that can be written (SAP help, accounts.setAccountInfo, parameters).
pub const WRITABLE_SECTIONS: [&str; 4] = ["profile", "data", "subscriptions", "preferences"];

/// What can be written of a subscription (SAP help, accounts.setAccountInfo, `subscriptions`); its times cannot.
const SUBSCRIPTION_LEAVES: [&str; 3] =
    [".isSubscribed", ".tags", ".doubleOptIn.isExternallyVerified"];

/// The fields that are written back to one account: one value per path, `null` to clear it.
///
/// Gigya merges objects and replaces lists, and what is not named stays as it is; so a patch names single leaves.
/// An object or a list inside `profile` (`work`, `phones`) is one value to Gigya and can only be written whole
/// (SAP help, accounts.setAccountInfo; "Profile"): a path into it is refused, its whole value is taken.
/// Prints the paths alone, never a value.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<Path, Value>", into = "BTreeMap<Path, Value>")]
pub struct Patch(BTreeMap<Path, Value>);

/// Why a value cannot be part of a patch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PatchError {
    /// The path leads into no section that can be written, or names a whole section.
    #[error(
        "{path} cannot be written; only what is inside profile, data, subscriptions or preferences can"
    )]
    NotWritable {
        /// The path that was given.
        path: Path,
    },
    /// The path leads inside an object or a list of the profile.
    #[error("{path} is inside a value of the profile that can only be written whole")]
    InsideProfileValue {
        /// The path that was given.
        path: Path,
    },
    /// The path is of a subscription, but names nothing that can be written there.
    #[error(
        "{path} is read-only; of a subscription, isSubscribed, tags and doubleOptIn.isExternallyVerified can be written"
    )]
    SubscriptionReadOnly {
        /// The path that was given.
        path: Path,
    },
    /// One path leads inside the value of another.
    #[error("{path} and {other} overlap, so that one would overwrite the other")]
    Overlap {
        /// The path that was given.
        path: Path,
        /// The path that the patch already has.
        other: Path,
    },
}

impl Patch {
    /// A patch that writes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the leaves of a patch.
    ///
    /// # Errors
    /// As [`set`](Self::set).
    pub fn from_leaves(
        leaves: impl IntoIterator<Item = (Path, Value)>,
    ) -> Result<Self, PatchError> {
        let mut patch = Self::new();
        for (path, value) in leaves {
            patch.set(path, value)?;
        }
        Ok(patch)
    }

    /// Writes this value; `null` clears the field. The last value for a path holds.
    ///
    /// # Errors
    /// When the path cannot be written, or overlaps with another of the patch.
    pub fn set(&mut self, path: Path, value: Value) -> Result<(), PatchError> {
        let depth = path.steps().count();
        if !WRITABLE_SECTIONS.contains(&path.section()) || depth < 2 {
            return Err(PatchError::NotWritable { path });
        }
        if path.section() == "profile" && depth > 2 {
            return Err(PatchError::InsideProfileValue { path });
        }
        let is_leaf = |leaf: &&str| path.as_str().ends_with(*leaf);
        if path.section() == "subscriptions" && !SUBSCRIPTION_LEAVES.iter().any(is_leaf) {
            return Err(PatchError::SubscriptionReadOnly { path });
        }
        let overlaps = |other: &&Path| leads_into(other, &path) || leads_into(&path, other);
        if let Some(other) = self.0.keys().find(overlaps) {
            return Err(PatchError::Overlap { other: other.clone(), path });
        }
        self.0.insert(path, value);
        Ok(())
    }

    /// Whether nothing is to be written.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is written where, in the order of the paths.
    pub fn leaves(&self) -> impl Iterator<Item = (&Path, &Value)> {
        self.0.iter()
    }

    /// The sections as JSON objects that hold the patch's leaves and nothing else:
    /// `{"profile": {"city": "Köln"}, "subscriptions": {"newsletter": {"email": {"isSubscribed": false}}}}`.
    pub fn sections(&self) -> Map<String, Value> {
        let mut sections = Map::new();
        for (path, value) in &self.0 {
            let mut at = &mut sections;
            let mut steps = path.steps().peekable();
            while let Some(step) = steps.next() {
                if steps.peek().is_none() {
                    at.insert(step.to_owned(), value.clone());
                    break;
                }
                let inner = at.entry(step).or_insert_with(|| Value::Object(Map::new()));
                match inner {
                    Value::Object(inner) => at = inner,
                    Value::Null
                    | Value::Bool(_)
                    | Value::Number(_)
                    | Value::String(_)
                    | Value::Array(_) => unreachable!("paths of a patch do not overlap"),
                }
            }
        }
        sections
    }
}

/// Whether `inner` is strictly inside `outer`.
fn leads_into(outer: &Path, inner: &Path) -> bool {
    inner.as_str().strip_prefix(outer.as_str()).is_some_and(|rest| rest.starts_with('.'))
}

impl TryFrom<BTreeMap<Path, Value>> for Patch {
    type Error = PatchError;

    fn try_from(leaves: BTreeMap<Path, Value>) -> Result<Self, Self::Error> {
        Self::from_leaves(leaves)
    }
}

impl From<Patch> for BTreeMap<Path, Value> {
    fn from(patch: Patch) -> Self {
        patch.0
    }
}

impl fmt::Debug for Patch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patch")?;
        f.debug_set().entries(self.0.keys().map(Path::as_str)).finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn path(text: &str) -> Path {
        text.parse().unwrap()
    }

    fn refusal(text: &str) -> PatchError {
        Patch::new().set(path(text), Value::Null).unwrap_err()
    }

    #[test]
    fn the_leaves_become_the_smallest_sections_that_hold_them() {
        let patch = Patch::from_leaves([
            (path("profile.city"), json!("Köln")),
            (path("profile.zip"), Value::Null),
            (path("data.loyalty.tier"), json!("gold")),
            (path("data.loyalty.points"), json!(3)),
            (path("subscriptions.newsletter.email.isSubscribed"), json!(false)),
        ])
        .unwrap();
        assert_eq!(
            Value::Object(patch.sections()),
            json!({"profile": {"city": "Köln", "zip": null},
                   "data": {"loyalty": {"tier": "gold", "points": 3}},
                   "subscriptions": {"newsletter": {"email": {"isSubscribed": false}}}})
        );
    }

    #[test]
    fn what_gigya_would_not_take_or_would_overwrite_is_refused() {
        assert!(matches!(refusal("isActive"), PatchError::NotWritable { .. }));
        assert!(matches!(refusal("profile"), PatchError::NotWritable { .. }));
        assert!(matches!(refusal("loginIDs.emails"), PatchError::NotWritable { .. }));
        assert!(matches!(refusal("profile.phones.number"), PatchError::InsideProfileValue { .. }));
        assert!(matches!(
            refusal("subscriptions.newsletter.email.lastUpdatedSubscriptionState"),
            PatchError::SubscriptionReadOnly { .. }
        ));
        let overlap =
            Patch::from_leaves([(path("data.a.b"), json!(1)), (path("data.a"), json!({}))]);
        assert!(matches!(overlap, Err(PatchError::Overlap { .. })));
        assert!(
            Patch::from_leaves([(path("data.a"), json!(1)), (path("data.ab"), json!(2))]).is_ok()
        );
    }

    #[test]
    fn a_patch_prints_its_paths_and_no_value_and_survives_storage() {
        let patch = Patch::from_leaves([(path("profile.city"), json!("Köln"))]).unwrap();
        assert_eq!(format!("{patch:?}"), r#"Patch{"profile.city"}"#);
        let text = serde_json::to_string(&patch).unwrap();
        assert_eq!(serde_json::from_str::<Patch>(&text).unwrap(), patch);
        assert!(serde_json::from_str::<Patch>(r#"{"isActive": false}"#).is_err());
    }
}
