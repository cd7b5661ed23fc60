//! What can be wrong with a folder of vectors, whoever made it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::deployment::Deployment;
use crate::format::{MANIFEST, MANIFEST_SCHEMA, SCHEMA, VectorFile};
use crate::operation;
use crate::set::{VectorSet, sha256};

/// Files that may lie beside the vectors.
const NO_VECTORS: [&str; 1] = ["README.md"];

/// What a folder holds, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Cases read.
    pub cases: usize,
    /// How many of them must be refused.
    pub negative: usize,
    /// Files of vectors read.
    pub files: usize,
    /// What is wrong, in sentences that begin with the file.
    pub complaints: Vec<String>,
}

/// Why a folder cannot be judged at all.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// The file system refuses.
    #[error("{path}: {error}")]
    File {
        /// Which file.
        path: String,
        /// Why.
        error: std::io::Error,
    },
    /// There is nothing to compare.
    #[error("neither folder has a case")]
    NoCases,
    /// A schema of ours is none.
    #[error("{0}: {1}")]
    Schema(&'static str, String),
}

/// Every file below `folder`, by its path from there.
///
/// # Errors
/// [`Unreadable::File`].
pub(crate) fn read_folder(folder: &Path) -> Result<BTreeMap<String, String>, Unreadable> {
    let mut texts = BTreeMap::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((path, prefix)) = folders.pop() {
        let failed = |error| Unreadable::File { path: path.display().to_string(), error };
        for entry in std::fs::read_dir(&path).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
            if entry.file_name().to_string_lossy().starts_with('.') {
                continue;
            }
            if entry.file_type().map_err(failed)?.is_dir() {
                folders.push((entry.path(), name + "/"));
            } else {
                let path = entry.path().display().to_string();
                let text = std::fs::read_to_string(entry.path());
                texts.insert(name, text.map_err(|error| Unreadable::File { path, error })?);
            }
        }
    }
    Ok(texts)
}

/// Judges the vectors in `folder`: schema, manifest, ids, and that each case is
/// consumed, which means that this build knows its operation, evaluates it to
/// what the file says, and that the flags named are explained.
///
/// # Errors
/// [`Unreadable`] where nothing can be said.
pub fn check(folder: &Path) -> Result<Findings, Unreadable> {
    let texts = read_folder(folder)?;
    let validator = |(name, text): (&'static str, &str)| {
        let schema: Value = serde_json::from_str(text)
            .map_err(|error| Unreadable::Schema(name, error.to_string()))?;
        jsonschema::validator_for(&schema)
            .map_err(|error| Unreadable::Schema(name, error.to_string()))
    };
    let (vectors, manifest) = (validator(SCHEMA)?, validator(MANIFEST_SCHEMA)?);
    let mut findings = Findings::default();
    let mut ids = BTreeSet::new();
    let mut parsed = BTreeMap::new();
    for (path, text) in &texts {
        if NO_VECTORS.contains(&path.as_str()) || [SCHEMA.0, MANIFEST_SCHEMA.0].contains(&&**path) {
            continue;
        }
        let value: Value = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => {
                findings.complain(path, format!("not JSON: {error}"));
                continue;
            }
        };
        let schema = if path == MANIFEST { &manifest } else { &vectors };
        let broken: Vec<String> = schema
            .iter_errors(&value)
            .map(|error| format!("{} {error}", error.instance_path()))
            .collect();
        if broken.is_empty() {
            parsed.insert(path.clone(), value);
        }
        for what in broken {
            findings.complain(path, what);
        }
    }
    match parsed.remove(MANIFEST) {
        None if !texts.contains_key(MANIFEST) => {
            findings.complain(MANIFEST, "is missing");
        }
        None => {}
        Some(manifest) => {
            findings.hold_against(&manifest, &texts, &parsed);
            findings.hold_against_this_build(&manifest, &texts);
        }
    }
    for (path, file) in &parsed {
        findings.files += 1;
        findings.check_file(path, file, &mut ids);
    }
    if findings.cases == 0 {
        findings.complaints.push("no case was found".to_owned());
    }
    Ok(findings)
}

impl Findings {
    fn complain(&mut self, path: &str, what: impl AsRef<str>) {
        self.complaints.push(format!("{path}: {}", what.as_ref()));
    }

    /// The manifest lists every file with its hash, and nothing else.
    fn hold_against(
        &mut self,
        manifest: &Value,
        texts: &BTreeMap<String, String>,
        parsed: &BTreeMap<String, Value>,
    ) {
        let mut listed = BTreeSet::new();
        for entry in manifest["files"].as_array().into_iter().flatten() {
            let path = entry["path"].as_str().unwrap_or_default();
            if !listed.insert(path) {
                self.complain(MANIFEST, format!("lists {path} twice"));
            }
            let Some(text) = texts.get(path) else {
                self.complain(MANIFEST, format!("lists {path}, which is missing"));
                continue;
            };
            if entry["sha256"] != sha256(text.as_bytes()) {
                self.complain(path, "is not the file whose hash the manifest has");
            }
            let counted = parsed.get(path).map(|file| cases_of(file).count());
            if entry["cases"].as_u64().map(|cases| cases as usize) != counted {
                self.complain(path, "has another number of cases than the manifest says");
            }
        }
        let known = |path: &str| path == MANIFEST || NO_VECTORS.contains(&path);
        for path in texts.keys().filter(|path| !known(path) && !listed.contains(path.as_str())) {
            self.complain(path, "is not in the manifest");
        }
        let all: Vec<&Map<String, Value>> =
            parsed.values().flat_map(|file| cases_of(file).map(|(_, case)| case)).collect();
        let negative = all.iter().filter(|case| case["result"] == "invalid").count();
        if manifest["cases"] != all.len() || manifest["negative"] != negative {
            let counted =
                format!("counts other cases: there are {}, {negative} negative", all.len());
            self.complain(MANIFEST, counted);
        }
    }

    /// Levels, flags, rules and comments are as this build writes them, and no
    /// operation is left out.
    fn hold_against_this_build(&mut self, manifest: &Value, texts: &BTreeMap<String, String>) {
        let deployment = serde_json::from_value::<Deployment>(manifest["deployment"].clone());
        let made = deployment
            .map_err(|error| error.to_string())
            .and_then(|at| VectorSet::generate(&at).map_err(|error| error.to_string()))
            .and_then(|set| set.texts().map_err(|error| error.to_string()));
        let made = match made {
            Ok(made) => made,
            Err(reason) => {
                return self.complain(MANIFEST, format!("cannot be generated: {reason}"));
            }
        };
        for (path, text) in made.iter().filter(|(path, _)| *path != MANIFEST) {
            match texts.get(path) {
                None => self.complain(path, "is missing, and this build generates it"),
                Some(other) if other != text => {
                    self.complain(path, "is not what this build generates for this deployment");
                }
                Some(_) => {}
            }
        }
    }

    fn check_file(&mut self, path: &str, file: &Value, ids: &mut BTreeSet<String>) {
        let name = file["operation"].as_str().unwrap_or_default();
        if path != VectorFile::path(name) {
            self.complain(path, format!("is not where {name} belongs"));
        }
        let Some(operation) = operation(name) else {
            self.complain(path, format!("nothing consumes its cases: no operation is {name:?}"));
            return;
        };
        if let Some(by) = file["comparedBy"].as_str().filter(|by| crate::operation(by).is_none()) {
            self.complain(path, format!("is compared by {by:?}, which is no operation"));
        }
        let mut carried = BTreeSet::new();
        for (input, case) in cases_of(file) {
            self.cases += 1;
            self.negative += usize::from(case["result"] == "invalid");
            let id = case["id"].as_str().unwrap_or_default();
            if !id.starts_with(&format!("{name}.")) {
                self.complain(path, format!("{id} is not an id of this file"));
            }
            if !ids.insert(id.to_owned()) {
                self.complain(path, format!("{id} stands twice"));
            }
            for flag in case["flags"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if file["flags"].get(flag).is_none() {
                    self.complain(
                        path,
                        format!("{id} has the flag {flag}, which is not explained"),
                    );
                }
                carried.insert(flag);
            }
            let evaluation = operation.evaluate(&input);
            let steps = serde_json::to_value(&evaluation.steps).unwrap_or_default();
            let (member, found) = match evaluation.outcome {
                Ok(output) => ("output", output),
                Err(refusal) => ("refusal", refusal.0.into()),
            };
            if case.get(member) != Some(&found) {
                self.complain(path, format!("{id}: this build makes {member} {found} of it"));
            } else if case["steps"] != steps {
                self.complain(path, format!("{id}: this build takes other steps: {steps}"));
            }
        }
        let explained = file["flags"].as_object().into_iter().flatten();
        for (flag, _) in explained.filter(|(flag, _)| !carried.contains(flag.as_str())) {
            self.complain(path, format!("no case has the flag {flag}"));
        }
    }
}

/// The cases of a file, each with its complete input.
pub(crate) fn cases_of(file: &Value) -> impl Iterator<Item = (Value, &Map<String, Value>)> {
    file["groups"].as_array().into_iter().flatten().flat_map(|group| {
        let shared = group["shared"].as_object().cloned().unwrap_or_default();
        let cases = group["cases"].as_array().into_iter().flatten();
        cases.filter_map(Value::as_object).map(move |case| {
            let mut input = shared.clone();
            input.extend(case.get("input").and_then(Value::as_object).cloned().unwrap_or_default());
            (Value::Object(input), case)
        })
    })
}
