//! Holds a target's pure operations against the golden vectors.

use std::collections::{BTreeMap, BTreeSet};

use conform402_vectors::{
    Comparison, Deployment, Expectation, Inconsistent, ORDINARY, Operation, Source, VectorFile,
    catalogue, operation,
};
use conform402_wire::Profile;
use conform402_wire::adapter::{Evaluation, Evaluations, Identity};
use globset::GlobMatcher;
use serde::Serialize;
use serde_json::Value;

use crate::check::{NoSuchCheck, compile};
use crate::interview::Interview;
use crate::run::RunError;
use crate::target::TargetError;
use crate::verdict::{Broken, Outcome, Verdict};
use conform402_vectors::Level;

/// Cases to ask a target.
#[derive(Clone, Debug)]
pub(crate) struct Selection(Vec<Selected>);

/// The selected cases of an operation.
#[derive(Clone, Debug)]
struct Selected {
    operation: Operation,
    ids: BTreeSet<String>,
    /// Whether it belongs to another dialect than the one asked for.
    is_foreign: bool,
}

impl Selection {
    /// Every case whose id matches `filter`. `profile` is the only dialect
    /// asked for, if one is.
    pub fn new(filter: Option<&GlobMatcher>, profile: Option<Profile>) -> Self {
        let matches = |id: &String| filter.is_none_or(|filter| filter.is_match(id));
        let selected = |operation: Operation| Selected {
            ids: operation.ids().into_iter().filter(matches).collect(),
            is_foreign: profile
                .zip(operation.profile())
                .is_some_and(|(profile, dialect)| !speaks(profile, dialect)),
            operation,
        };
        let selected = catalogue().into_iter().map(selected);
        Self(selected.filter(|selected| !selected.ids.is_empty()).collect())
    }

    /// The same, and the valid cases of each operation of which a case is to be
    /// refused: without them, its refusal would show nothing.
    pub fn with_controls(mut self) -> Self {
        for Selected { operation, ids, .. } in &mut self.0 {
            let valid = operation.valid_ids();
            if !ids.is_subset(&valid) {
                ids.extend(valid);
            }
        }
        self
    }

    /// How many cases are selected.
    pub fn len(&self) -> usize {
        self.0.iter().map(|selected| selected.ids.len()).sum()
    }

    /// Whether a case of this id is selected, and its dialect asked for.
    pub fn asks_for(&self, id: &str) -> bool {
        self.0.iter().any(|selected| !selected.is_foreign && selected.ids.contains(id))
    }

    /// The files with cases to ask, of the `declared` operations or of all,
    /// each reduced to these cases and their flags.
    ///
    /// # Errors
    /// [`Inconsistent`] where the author of a vector made a mistake.
    pub fn files(
        &self,
        declared: Option<&BTreeSet<&str>>,
    ) -> Result<Vec<VectorFile>, Inconsistent> {
        let deployment = Deployment::default();
        let is_asked = |selected: &&Selected| {
            let is_declared = declared.is_none_or(|names| names.contains(selected.operation.name));
            is_declared && !selected.is_foreign
        };
        let reduced = |Selected { operation, ids, .. }: &Selected| {
            let mut file = operation.file(&deployment)?;
            for group in &mut file.groups {
                group.cases.retain(|case| ids.contains(&case.id));
            }
            let carried: BTreeSet<String> =
                file.cases().flat_map(|(_, case)| case.flags.clone()).collect();
            file.flags.retain(|flag, _| carried.contains(flag));
            Ok(file)
        };
        self.0.iter().filter(is_asked).map(reduced).collect()
    }
}

/// Whether who speaks `profile` speaks `dialect`: `okx` is what all profiles
/// of OKX have in common.
fn speaks(profile: Profile, dialect: &str) -> bool {
    let beyond = profile.name().strip_prefix(dialect);
    beyond.is_some_and(|beyond| beyond.is_empty() || beyond.starts_with('-'))
}

/// The files of vectors with a case whose id matches `filter`, each reduced to
/// these cases.
///
/// # Errors
/// [`RunError::Filter`] if it is no glob or matches nothing.
pub fn vectors_matching(filter: Option<&str>) -> Result<Vec<VectorFile>, RunError> {
    let matcher = filter.map(compile).transpose()?;
    let files = Selection::new(matcher.as_ref(), None).files(None)?;
    if files.is_empty() {
        let known = catalogue().iter().map(|operation| format!("{}.*", operation.name)).collect();
        let filter = filter.unwrap_or_default().to_owned();
        return Err(NoSuchCheck::Unmatched { filter, known }.into());
    }
    Ok(files)
}

/// What became of the selected cases.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asked {
    pub cases: Vec<CaseConclusion>,
    /// Cases not asked, of operations that the target does not declare or that
    /// belong to another dialect than the one asked for.
    pub not_applicable: usize,
}

/// A case that a target was asked.
#[derive(Clone, Debug)]
pub(crate) struct CaseConclusion {
    pub operation: String,
    pub id: String,
    pub level: Level,
    pub sources: Vec<Source>,
    pub outcome: Outcome,
    /// Whether it is undecided only because no valid case passed.
    pub for_want_of_control: bool,
    pub evidence: VectorEvidence,
}

impl CaseConclusion {
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.outcome, self.level)
    }
}

/// The bytes of a case.
#[derive(Clone, Debug, Serialize)]
pub struct VectorEvidence {
    /// Why the case exists.
    pub comment: String,
    /// The bugs that get it wrong, and what they do.
    pub bugs: BTreeMap<String, String>,
    /// What went in.
    pub input: Value,
    /// What must come out.
    pub expected: Expectation,
    /// What came out, if anything did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answered: Option<Evaluation>,
}

/// The ids of all vectors of the operations that `ids` begin with.
pub(crate) fn ids_beside<'a>(ids: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let names: BTreeSet<&str> =
        ids.filter_map(|id| id.rsplit_once('.')).map(|(name, _)| name).collect();
    names.into_iter().filter_map(operation).flat_map(|operation| operation.ids()).collect()
}

/// The operations of vectors that `identity` declares.
///
/// # Errors
/// [`TargetError::Contract`] for a name no operation has.
pub(crate) fn declared(identity: &Identity) -> Result<BTreeSet<&str>, TargetError> {
    let names: BTreeSet<&str> = identity.operations.iter().map(String::as_str).collect();
    match names.iter().find(|name| operation(name).is_none()) {
        None => Ok(names),
        Some(unknown) => {
            let reason =
                format!("declares the operation {unknown:?}, of which there are no vectors");
            Err(TargetError::Contract { route: conform402_wire::adapter::IDENTITY, reason })
        }
    }
}

/// Asks the target every case of `files`; `faults` names the flag whose bug an
/// operation is to have. A case without an answer is undecided.
pub(crate) async fn ask(
    interview: &mut Interview<'_>,
    files: &[VectorFile],
    faults: &BTreeMap<String, String>,
) -> Vec<CaseConclusion> {
    let mut conclusions = Vec::new();
    for file in files {
        let order = Evaluations {
            operation: file.operation.clone(),
            inputs: file.cases().map(|(input, _)| input).collect(),
            fault: faults.get(&file.operation).cloned(),
        };
        let answers = interview.ask(&order).await;
        let comparison = file.comparison();
        let mut concluded = Vec::new();
        for ((input, case), answered) in file.cases().zip(answers) {
            let outcome = match &answered {
                Ok(answered) => judge(&case.expectation, answered, &comparison),
                Err(reason) => Err(Broken::Undecided(reason.clone())),
            };
            concluded.push(CaseConclusion {
                operation: file.operation.clone(),
                id: case.id.clone(),
                level: case.level,
                sources: file.sources.clone(),
                outcome,
                for_want_of_control: false,
                evidence: VectorEvidence {
                    comment: case.comment.clone(),
                    bugs: case
                        .flags
                        .iter()
                        .filter_map(|flag| {
                            Some((flag.clone(), file.flags.get(flag)?.hunts.clone()))
                        })
                        .collect(),
                    input,
                    expected: case.expectation.clone(),
                    answered: answered.ok(),
                },
            });
        }
        demand_control(&mut concluded);
        conclusions.extend(concluded);
    }
    conclusions
}

/// Who refuses every valid input shows nothing by refusing the others, too.
fn demand_control(cases: &mut [CaseConclusion]) {
    let is_valid =
        |case: &CaseConclusion| matches!(case.evidence.expected, Expectation::Valid { .. });
    let mut valid = cases.iter().filter(|case| is_valid(case)).peekable();
    if valid.peek().is_none() || valid.any(|case| case.outcome.is_ok()) {
        return;
    }
    for case in cases.iter_mut().filter(|case| !is_valid(case) && case.outcome.is_ok()) {
        case.outcome = Err(Broken::Undecided("no valid case of the operation passes".to_owned()));
        case.for_want_of_control = true;
    }
}

fn is_broken(case: &CaseConclusion) -> bool {
    matches!(case.outcome, Err(Broken::Promise(_)))
}

fn judge(expected: &Expectation, answered: &Evaluation, comparison: &Comparison) -> Outcome {
    let broken = |reason: String| Err(Broken::Promise(reason));
    match (expected, answered) {
        (_, Evaluation::Crash(words)) => broken(format!("crashes: {words}")),
        (Expectation::Invalid { .. }, Evaluation::Refusal(_)) => Ok(()),
        (Expectation::Invalid { refusal }, Evaluation::Output(_)) => {
            broken(format!("is taken, and must be refused: {refusal}"))
        }
        (Expectation::Valid { .. }, Evaluation::Refusal(words)) => {
            broken(format!("is refused, and is valid: {words}"))
        }
        (Expectation::Valid { output: expected }, Evaluation::Output(output)) => {
            if comparison.alike(expected, output) {
                Ok(())
            } else {
                broken("gives another output".to_owned())
            }
        }
    }
}

/// Keeps of `files` those with a flag whose name as a fault, `operation:Flag`,
/// matches `filter`, and of their flags these.
pub(crate) fn retain_flags(files: &mut Vec<VectorFile>, filter: &GlobMatcher) {
    for file in &mut *files {
        let operation = &file.operation;
        file.flags
            .retain(|flag, _| flag != ORDINARY && filter.is_match(format!("{operation}:{flag}")));
    }
    files.retain(|file| !file.flags.is_empty());
}

/// What the kill matrix shows of vectors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FlagMatrix {
    pub cases: usize,
    pub flags: usize,
}

/// Every flag of `files` as a fault of its operation: exactly the cases that
/// carry the flag must fail. Adds what is wrong to `complaints`.
///
/// # Errors
/// [`RunError::Unanswered`] if the target leaves a case undecided.
pub(crate) async fn kill_matrix(
    interview: &mut Interview<'_>,
    files: &[VectorFile],
    complaints: &mut Vec<String>,
) -> Result<FlagMatrix, RunError> {
    let mut matrix = FlagMatrix::default();
    for conclusion in answered(ask(interview, files, &BTreeMap::new()).await)? {
        matrix.cases += 1;
        if let Err(broken) = &conclusion.outcome {
            complaints.push(format!("{}: {broken}, without any fault", conclusion.id));
        }
    }
    for file in files {
        // The fallback flag stands for doing nothing at all; it has no bug.
        for flag in file.flags.keys().filter(|flag| *flag != ORDINARY) {
            matrix.flags += 1;
            let faults = BTreeMap::from([(file.operation.clone(), flag.clone())]);
            let conclusions = ask(interview, std::slice::from_ref(file), &faults).await;
            for conclusion in answered(conclusions)? {
                let named = conclusion.evidence.bugs.contains_key(flag);
                let what = match (is_broken(&conclusion), named) {
                    (true, false) => "dies unnamed of",
                    (false, true) => "survives",
                    _ => continue,
                };
                complaints.push(format!("{}: {what} {flag}", conclusion.id));
            }
        }
    }
    Ok(matrix)
}

/// A matrix with holes would show nothing.
fn answered(conclusions: Vec<CaseConclusion>) -> Result<Vec<CaseConclusion>, RunError> {
    let hole = conclusions.iter().find(|case| case.evidence.answered.is_none());
    match hole.map(|case| (case.id.clone(), case.outcome.clone())) {
        Some((id, Err(Broken::Undecided(reason)))) => Err(RunError::Unanswered { id, reason }),
        _ => Ok(conclusions),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn valid() -> Expectation {
        Expectation::Valid { output: json!({ "id": "a" }) }
    }

    fn invalid() -> Expectation {
        let operation = operation("evm.challenge-hash").unwrap();
        let refusal = operation.evaluate(&json!({ "id": "", "realm": "r" })).outcome.unwrap_err();
        Expectation::Invalid { refusal }
    }

    #[rstest]
    #[case::its_own("okx-node", true)]
    #[case::of_its_family("okx", true)]
    #[case::of_a_sibling("okx-rust", false)]
    #[case::begins_alike("ok", false)]
    #[case::another("ietf", false)]
    fn a_profile_speaks(#[case] dialect: &str, #[case] spoken: bool) {
        assert_eq!(speaks(Profile::OkxNode, dialect), spoken);
    }

    #[rstest]
    #[case::a_negative("evm.challenge-hash.empty-id", 6)]
    #[case::a_valid_one("evm.challenge-hash.plain", 1)]
    #[case::all("evm.challenge-hash.*", 10)]
    fn a_refusal_has_all_valid_cases_for_controls(#[case] filter: &str, #[case] cases: usize) {
        let filter = compile(filter).unwrap();
        let selection = Selection::new(Some(&filter), None);
        assert_eq!(selection.with_controls().len(), cases);
    }

    #[rstest]
    #[case::right(valid(), Evaluation::Output(json!({ "id": "a" })), None)]
    #[case::wrong(valid(), Evaluation::Output(json!({ "id": "b" })), Some("another output"))]
    #[case::over_strict(valid(), Evaluation::Refusal("no".into()), Some("is valid: no"))]
    #[case::refused(invalid(), Evaluation::Refusal("no".into()), None)]
    #[case::taken(invalid(), Evaluation::Output(json!({})), Some("must be refused: id-is-empty"))]
    #[case::crashed(invalid(), Evaluation::Crash("panic".into()), Some("crashes: panic"))]
    fn judges(
        #[case] expected: Expectation,
        #[case] answered: Evaluation,
        #[case] complaint: Option<&str>,
    ) {
        let outcome = judge(&expected, &answered, &Comparison::default());
        match complaint {
            None => assert_eq!(outcome, Ok(())),
            Some(words) => assert!(outcome.unwrap_err().to_string().contains(words)),
        }
    }
}
