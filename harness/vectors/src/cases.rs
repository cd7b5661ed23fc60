//! What an operation's file says: sources, flags, groups of cases.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::deployment::Deployment;
use crate::format::{Case, Expectation, Flag, Group, Source, VectorFile};
use crate::level::Level;
use crate::operation::{Bug, Comparison, Evaluation, Operation};

/// The flag of a valid case that no bug of its file gets wrong: whoever fails
/// it does not do the operation at all.
pub const ORDINARY: &str = "Ordinary";

/// Collects what an operation says about itself.
#[derive(Debug)]
pub struct Cases {
    /// What the cases are made for.
    pub deployment: Deployment,
    summary: &'static str,
    rules: Vec<String>,
    profile: Option<&'static str>,
    compared_by: Option<&'static str>,
    by_instant: bool,
    sources: Vec<Source>,
    flags: Vec<(String, String, Bug)>,
    groups: Vec<(Map<String, Value>, Vec<Draft>)>,
}

/// A case before it was evaluated.
#[derive(Debug)]
pub struct Draft {
    name: String,
    comment: String,
    level: Level,
    input: Map<String, Value>,
    /// Why it must be refused, if so.
    refusal: Option<String>,
}

impl Draft {
    /// Makes the case a SHOULD: who fails it is warned.
    pub(crate) fn should(&mut self) {
        self.level = Level::Should;
    }
}

/// Why a file of vectors cannot be made: a mistake of its author.
#[derive(Debug, thiserror::Error)]
pub enum Inconsistent {
    /// The author and the operation disagree.
    #[error("{id}: the case says {claimed}, the operation {observed}")]
    Disagreement {
        /// The case.
        id: String,
        /// What its author says.
        claimed: String,
        /// What came out.
        observed: String,
    },
    /// No flag's bug gets the case wrong, so it shows nothing.
    #[error("{0}: no bug gets this case wrong")]
    Unkilled(String),
    /// A flag without a case.
    #[error("{operation}: no case catches {flag}")]
    Uncaught {
        /// The operation.
        operation: &'static str,
        /// The flag.
        flag: String,
    },
    /// Two cases are called alike, or have the same input.
    #[error("{0} stands twice")]
    Twice(String),
    /// Compared by what is no operation.
    #[error("{0}: compared by {1}, which is no operation")]
    Reader(&'static str, &'static str),
    /// A name that does not fit into an id.
    #[error("{0}: ids are small letters, digits and hyphens")]
    Name(String),
    /// A file without a source, a summary, or a case.
    #[error("{0} has no {1}")]
    Lacks(&'static str, &'static str),
}

impl Cases {
    fn new(deployment: &Deployment) -> Self {
        Self {
            deployment: deployment.clone(),
            summary: "",
            rules: Vec::new(),
            profile: None,
            compared_by: None,
            by_instant: false,
            sources: Vec::new(),
            flags: Vec::new(),
            groups: vec![(Map::new(), Vec::new())],
        }
    }

    /// What the operation does, in a sentence.
    pub(crate) const fn summary(&mut self, summary: &'static str) {
        self.summary = summary;
    }

    /// Part of what an implementer must know, in a sentence.
    pub(crate) fn rule(&mut self, rule: impl Into<String>) {
        self.rules.push(rule.into());
    }

    /// The dialect the operation belongs to, where dialects differ.
    pub(crate) const fn profile(&mut self, profile: &'static str) {
        self.profile = Some(profile);
    }

    /// Outputs are alike if the operation of this name reads them alike.
    pub(crate) const fn compared_by(&mut self, operation: &'static str) {
        self.compared_by = Some(operation);
    }

    /// Two date-times that name one instant are alike.
    pub(crate) const fn compared_by_instant(&mut self) {
        self.by_instant = true;
    }

    /// Where the operation is specified.
    pub(crate) fn source(&mut self, quote: &'static str, document: &'static str) {
        self.sources.push(Source { quote, document });
    }

    /// A bug class: what an implementation with it does, and the bug itself.
    pub(crate) fn flag(&mut self, name: impl Into<String>, hunts: impl Into<String>, bug: Bug) {
        self.flags.push((name.into(), hunts.into(), bug));
    }

    /// Begins a group, whose cases share these members of the input.
    pub(crate) fn group(&mut self, shared: Value) {
        let Value::Object(shared) = shared else { return };
        if self.groups.last().is_some_and(|(_, cases)| cases.is_empty()) {
            self.groups.pop();
        }
        self.groups.push((shared, Vec::new()));
    }

    /// A case whose input has an output.
    pub(crate) fn valid(
        &mut self,
        name: impl Into<String>,
        comment: impl Into<String>,
        input: Value,
    ) -> &mut Draft {
        self.draft(name.into(), comment.into(), input, None)
    }

    /// A case whose input must be refused, for one reason only.
    pub(crate) fn invalid(
        &mut self,
        name: impl Into<String>,
        comment: impl Into<String>,
        input: Value,
        reason: impl Into<String>,
    ) -> &mut Draft {
        self.draft(name.into(), comment.into(), input, Some(reason.into()))
    }

    fn draft(
        &mut self,
        name: String,
        comment: String,
        input: Value,
        refusal: Option<String>,
    ) -> &mut Draft {
        let input = match input {
            Value::Object(members) => members,
            _ => Map::new(),
        };
        if self.groups.is_empty() {
            self.groups.push((Map::new(), Vec::new()));
        }
        let last = self.groups.len() - 1;
        let cases = &mut self.groups[last].1;
        cases.push(Draft { name, comment, level: Level::Must, input, refusal });
        let last = cases.len() - 1;
        &mut cases[last]
    }
}

impl Operation {
    /// The bugs this operation's cases hunt, by flag.
    #[must_use]
    pub fn bugs(&self) -> BTreeMap<String, Bug> {
        let flags = self.described(&Deployment::default()).flags;
        flags.into_iter().map(|(name, _, bug)| (name, bug)).collect()
    }

    /// The dialect this operation belongs to, where dialects differ.
    #[must_use]
    pub fn profile(&self) -> Option<&'static str> {
        self.described(&Deployment::default()).profile
    }

    /// The ids of this operation's cases, without evaluating any.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.ids_where(|_| true)
    }

    /// As [`Operation::ids`], of the cases whose input has an output.
    #[must_use]
    pub fn valid_ids(&self) -> BTreeSet<String> {
        self.ids_where(|draft| draft.refusal.is_none())
    }

    fn ids_where(&self, wanted: impl Fn(&Draft) -> bool) -> BTreeSet<String> {
        let cases = self.described(&Deployment::default());
        let drafts = cases.groups.iter().flat_map(|(_, drafts)| drafts);
        drafts.filter(|draft| wanted(draft)).map(|draft| self.id(draft)).collect()
    }

    fn described(&self, deployment: &Deployment) -> Cases {
        let mut cases = Cases::new(deployment);
        (self.describe)(&mut cases);
        cases
    }

    fn id(&self, draft: &Draft) -> String {
        format!("{}.{}", self.name, draft.name)
    }

    /// The file of this operation for `deployment`.
    ///
    /// # Errors
    /// [`Inconsistent`] where its author made a mistake.
    pub fn file(&self, deployment: &Deployment) -> Result<VectorFile, Inconsistent> {
        let cases = self.described(deployment);
        let lacks = |what| Err(Inconsistent::Lacks(self.name, what));
        if cases.summary.is_empty() {
            return lacks("summary");
        }
        if cases.sources.is_empty() {
            return lacks("source");
        }
        if cases.groups.iter().all(|(_, drafts)| drafts.is_empty()) {
            return lacks("case");
        }
        let reader = match cases.compared_by {
            None => None,
            Some(name) => {
                Some(crate::operation(name).ok_or(Inconsistent::Reader(self.name, name))?)
            }
        };
        let comparison = Comparison { reader, by_instant: cases.by_instant };
        let is_default = *deployment == Deployment::default();
        let (mut ids, mut inputs) = (BTreeSet::new(), BTreeSet::new());
        let mut caught = BTreeSet::new();
        let mut groups = Vec::new();
        for (shared, drafts) in &cases.groups {
            let mut group = Group { shared: shared.clone(), cases: Vec::new() };
            for draft in drafts {
                let mut input = shared.clone();
                input.extend(draft.input.clone());
                let input = Value::Object(input);
                let is_twin = !inputs.insert(input.to_string());
                if is_twin && !is_default {
                    // The deployment already has what this case would change it to.
                    continue;
                }
                let case = self.case(draft, &input, &cases.flags, &comparison)?;
                if is_twin || !ids.insert(case.id.clone()) {
                    return Err(Inconsistent::Twice(case.id));
                }
                caught.extend(case.flags.iter().cloned());
                group.cases.push(case);
            }
            groups.push(group);
        }
        let mut flags = BTreeMap::new();
        for (flag, hunts, _) in &cases.flags {
            if !caught.contains(flag) {
                let (operation, flag) = (self.name, flag.clone());
                return Err(Inconsistent::Uncaught { operation, flag });
            }
            flags.insert(flag.clone(), Flag { hunts: hunts.clone() });
        }
        if caught.contains(ORDINARY) {
            let hunts = "does not do this at all; no special care is needed here".to_owned();
            flags.insert(ORDINARY.to_owned(), Flag { hunts });
        }
        Ok(VectorFile {
            schema: VectorFile::schema_path(self.name),
            operation: self.name.to_owned(),
            summary: cases.summary.to_owned(),
            rules: cases.rules,
            profile: cases.profile.map(str::to_owned),
            compared_by: cases.compared_by.map(str::to_owned),
            compared_by_instant: cases.by_instant,
            sources: cases.sources,
            flags,
            groups,
        })
    }

    fn case(
        &self,
        draft: &Draft,
        input: &Value,
        flags: &[(String, String, Bug)],
        comparison: &Comparison,
    ) -> Result<Case, Inconsistent> {
        let id = self.id(draft);
        let fits = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if draft.name.is_empty() || !draft.name.bytes().all(fits) {
            return Err(Inconsistent::Name(id));
        }
        let evaluation = self.evaluate(input);
        let claimed = draft.refusal.as_deref();
        let observed = evaluation.outcome.as_ref().err().map(|refusal| refusal.0.as_str());
        if claimed != observed {
            let word = |refusal: Option<&str>| refusal.unwrap_or("valid").to_owned();
            let (claimed, observed) = (word(claimed), word(observed));
            return Err(Inconsistent::Disagreement { id, claimed, observed });
        }
        let mut carried: Vec<String> = flags
            .iter()
            .filter(|(_, _, bug)| differs(&bug.evaluate(self, input), &evaluation, comparison))
            .map(|(flag, _, _)| flag.clone())
            .collect();
        if carried.is_empty() && claimed.is_some() {
            return Err(Inconsistent::Unkilled(id));
        }
        if carried.is_empty() {
            carried.push(ORDINARY.to_owned());
        }
        Ok(Case {
            id,
            comment: draft.comment.clone(),
            level: draft.level,
            flags: carried,
            input: draft.input.clone(),
            steps: evaluation.steps,
            expectation: match evaluation.outcome {
                Ok(output) => Expectation::Valid { output },
                Err(refusal) => Expectation::Invalid { refusal },
            },
        })
    }
}

/// Whether two evaluations would be judged differently: for which reason an
/// input is refused is not judged.
fn differs(faulty: &Evaluation, sound: &Evaluation, comparison: &Comparison) -> bool {
    match (&faulty.outcome, &sound.outcome) {
        (Ok(faulty), Ok(sound)) => !comparison.alike(sound, faulty),
        (Err(_), Err(_)) => false,
        _ => true,
    }
}
