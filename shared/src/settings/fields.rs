//! Reads `[[fields]]` and judges the mapping that they make.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::table::{Position, Section};
use crate::domain::mapping::Destination;
use crate::domain::policy::ConsentPolicy;
use crate::domain::{ContactField, FieldRule, Mapping, OnConflict, Owner, Path, Transform};

/// `gigya` of a field: one path or several.
#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "expected a path such as \"profile.firstName\", or an array of paths"
)]
enum Sources {
    One(Path),
    Several(Vec<Path>),
}

/// The mapping, judged with the consent, which no field may write.
pub(super) fn mapping(
    root: &mut Section<'_, '_>,
    uid_field: &str,
    destination: Destination,
    consent: Option<&ConsentPolicy>,
) -> Mapping {
    let mut rules = Vec::new();
    let mut places: BTreeMap<ContactField, Position> = BTreeMap::new();
    for mut section in root.sections("fields") {
        let at = section.at();
        let Some(rule) = rule(&mut section) else {
            section.finish();
            continue;
        };
        if let Some(consent) = consent
            && rule.travels_home()
            && rule.sources.iter().any(|source| overlap(source, &consent.path))
        {
            let reason =
                "a field cannot come home to where [consent] gigya stands; set owner = \"gigya\"";
            section.problem(None, reason);
        }
        section.finish();
        // Of two rules for one field, the second is the one that is too many.
        if let Some(at) = at {
            places.insert(rule.field.clone(), at);
        }
        rules.push(rule);
    }
    let mapping = Mapping::new(rules, uid_field).bound_for(destination);
    for problem in mapping.judge() {
        let at = problem.field().and_then(|field| places.get(field)).copied();
        root.problem(at, format!("[[fields]] {problem}"));
    }
    mapping
}

/// One rule; `None` when a part of it is wrong, which is noted, so that no problem follows from another.
fn rule(section: &mut Section<'_, '_>) -> Option<FieldRule> {
    let has_sources = section.has("gigya");
    let sources = section.value::<Sources>("gigya").map(|found| found.value);
    let field = section.required::<ContactField>("constant_contact");
    let owner = section.value_or("owner", Owner::Gigya);
    let conflict = section.value::<OnConflict>("conflict");
    let transforms = section.items::<Transform>("transform");
    if let Some(conflict) = &conflict {
        match owner {
            Owner::Both => {}
            Owner::Gigya | Owner::ConstantContact => section.problem(
                Some(conflict.at),
                "conflict means something only with owner = \"both\"; leave it out",
            ),
        }
    }
    let sources = match sources {
        None if has_sources => return None,
        None => Vec::new(),
        Some(Sources::One(path)) => vec![path],
        Some(Sources::Several(paths)) => paths,
    };
    Some(FieldRule {
        sources,
        field: field?.value,
        owner,
        conflict: conflict.map(|found| found.value).unwrap_or_default(),
        transforms: transforms?.into_iter().map(|found| found.value).collect(),
    })
}

/// Whether one path is the other or leads to it.
fn overlap(one: &Path, other: &Path) -> bool {
    one.steps().zip(other.steps()).all(|(one, other)| one == other)
}
