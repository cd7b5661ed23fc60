//! What differs between two folders of vectors.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde_json::Value;

use crate::check::{Unreadable, cases_of, read_folder};

/// A case, and the file it stands in.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    file: String,
    /// What a consumer sees: the complete input, and what is expected.
    seen: BTreeMap<String, Value>,
}

/// What differs, by case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Cases only the second folder has.
    pub added: Vec<String>,
    /// Cases only the first folder has.
    pub removed: Vec<String>,
    /// Cases of both, with the members that differ.
    pub changed: BTreeMap<String, Vec<String>>,
    /// Members of files that are no cases, such as `mpp/challenge.id.json rules`.
    pub about: Vec<String>,
}

/// Compares the folders `old` and `new`.
///
/// # Errors
/// [`Unreadable`].
pub fn diff(old: &Path, new: &Path) -> Result<Difference, Unreadable> {
    let (old, new) = (read(old)?, read(new)?);
    if old.cases.is_empty() && new.cases.is_empty() {
        return Err(Unreadable::NoCases);
    }
    let mut difference = Difference::default();
    for (id, place) in &old.cases {
        match new.cases.get(id) {
            None => difference.removed.push(id.clone()),
            Some(other) if other == place => {}
            Some(other) => {
                let mut members: Vec<String> = place
                    .seen
                    .keys()
                    .chain(other.seen.keys())
                    .filter(|name| place.seen.get(*name) != other.seen.get(*name))
                    .cloned()
                    .collect();
                if place.file != other.file {
                    members.push("file".to_owned());
                }
                members.sort();
                members.dedup();
                difference.changed.insert(id.clone(), members);
            }
        }
    }
    difference.added =
        new.cases.keys().filter(|id| !old.cases.contains_key(*id)).cloned().collect();
    let names: std::collections::BTreeSet<&String> =
        old.about.keys().chain(new.about.keys()).collect();
    difference.about = names
        .into_iter()
        .filter(|name| old.about.get(*name) != new.about.get(*name))
        .cloned()
        .collect();
    Ok(difference)
}

struct Set {
    cases: BTreeMap<String, Place>,
    about: BTreeMap<String, Value>,
}

fn read(folder: &Path) -> Result<Set, Unreadable> {
    let mut set = Set { cases: BTreeMap::new(), about: BTreeMap::new() };
    for (path, text) in read_folder(folder)? {
        let Ok(file) = serde_json::from_str::<Value>(&text) else { continue };
        if file.get("groups").is_none() {
            continue;
        }
        for (input, case) in cases_of(&file) {
            let id = case.get("id").and_then(Value::as_str).unwrap_or_default().to_owned();
            let mut seen: BTreeMap<String, Value> = case.clone().into_iter().collect();
            seen.insert("input".to_owned(), input);
            set.cases.insert(id, Place { file: path.clone(), seen });
        }
        let members = file.as_object().into_iter().flatten();
        for (name, value) in members.filter(|(name, _)| *name != "groups") {
            set.about.insert(format!("{path} {name}"), value.clone());
        }
    }
    Ok(set)
}

impl Difference {
    /// Whether nothing differs.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The difference for people.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for id in &self.removed {
            let _ = writeln!(text, "- {id}");
        }
        for id in &self.added {
            let _ = writeln!(text, "+ {id}");
        }
        for (id, members) in &self.changed {
            let _ = writeln!(text, "~ {id}: {}", members.join(", "));
        }
        for about in &self.about {
            let _ = writeln!(text, "~ {about}");
        }
        let _ = writeln!(
            text,
            "{} added, {} removed, {} changed",
            self.added.len(),
            self.removed.len(),
            self.changed.len()
        );
        text
    }
}
