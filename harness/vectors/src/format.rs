//! What stands in the files: the JSON form of vectors and manifest.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::deployment::Deployment;
use crate::level::Level;
use crate::operation;
use crate::operation::{Comparison, Refusal, Steps};

/// The version of the set: a change of an expectation raises the first number,
/// a new case the second, a new comment the third.
pub const VERSION: &str = "1.2.0";

/// The name of the file that lists all others.
pub const MANIFEST: &str = "manifest.json";

/// The JSON Schema of every file of vectors.
pub const SCHEMA: (&str, &str) = ("vectors.schema.json", include_str!("vectors.schema.json"));

/// The JSON Schema of the manifest.
pub const MANIFEST_SCHEMA: (&str, &str) =
    ("manifest.schema.json", include_str!("manifest.schema.json"));

/// The vectors of one operation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VectorFile {
    /// Where the schema is, from here.
    #[serde(rename = "$schema")]
    pub schema: String,
    /// Its name.
    pub operation: String,
    /// What it does.
    pub summary: String,
    /// What an implementer must know besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<String>,
    /// The dialect it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Outputs are alike if this operation reads them alike; without it, if
    /// they are equal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compared_by: Option<String>,
    /// Whether two date-times that name one instant are alike.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub compared_by_instant: bool,
    /// Where it is specified.
    pub sources: Vec<Source>,
    /// The bug classes its cases hunt.
    pub flags: BTreeMap<String, Flag>,
    /// The cases.
    pub groups: Vec<Group>,
}

/// A sentence of a specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Source {
    /// Verbatim.
    pub quote: &'static str,
    /// Document and section.
    pub document: &'static str,
}

/// A bug class.
#[derive(Clone, Debug, Serialize)]
pub struct Flag {
    /// What an implementation with the bug does.
    pub hunts: String,
}

/// Cases that share members of their input.
#[derive(Clone, Debug, Serialize)]
pub struct Group {
    /// Members of every input of the group.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub shared: Map<String, Value>,
    /// The cases.
    pub cases: Vec<Case>,
}

/// One vector.
#[derive(Clone, Debug, Serialize)]
pub struct Case {
    /// Never changes, never used again.
    pub id: String,
    /// Why it is here.
    pub comment: String,
    /// How much it matters.
    pub level: Level,
    /// The bugs that get it wrong.
    pub flags: Vec<String>,
    /// The members that are not shared.
    pub input: Map<String, Value>,
    /// Every intermediate value, in order.
    pub steps: Steps,
    /// What must come out.
    #[serde(flatten)]
    pub expectation: Expectation,
}

/// What must come out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "result", rename_all = "lowercase")]
pub enum Expectation {
    /// An output.
    Valid {
        /// The output.
        output: Value,
    },
    /// A refusal.
    Invalid {
        /// Why. For people: another reason is as good.
        refusal: Refusal,
    },
}

impl VectorFile {
    /// Where the file of `operation` is: the first part of its name is a folder.
    #[must_use]
    pub fn path(operation: &str) -> String {
        format!("{}.json", operation.replacen('.', "/", 1))
    }

    pub(crate) fn schema_path(operation: &str) -> String {
        let depth = Self::path(operation).matches('/').count();
        format!("{}{}", "../".repeat(depth), SCHEMA.0)
    }

    /// When two outputs are alike.
    #[must_use]
    pub fn comparison(&self) -> Comparison {
        let reader = self.compared_by.as_deref().and_then(operation);
        Comparison { reader, by_instant: self.compared_by_instant }
    }

    /// All cases, each with the members its group shares.
    pub fn cases(&self) -> impl Iterator<Item = (Value, &Case)> {
        self.groups.iter().flat_map(|group| {
            group.cases.iter().map(|case| {
                let mut input = group.shared.clone();
                input.extend(case.input.clone());
                (Value::Object(input), case)
            })
        })
    }
}

/// What a set of vectors consists of.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Where the schema is, from here.
    #[serde(rename = "$schema")]
    pub schema: String,
    /// Version of the set.
    pub version: String,
    /// What it was made for.
    pub deployment: Deployment,
    /// How many cases there are.
    pub cases: usize,
    /// How many of them must be refused.
    pub negative: usize,
    /// Every other file.
    pub files: Vec<FileEntry>,
}

/// A file of the set.
#[derive(Clone, Debug, Serialize)]
pub struct FileEntry {
    /// From the manifest's folder.
    pub path: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// How many cases it has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cases: Option<usize>,
}
