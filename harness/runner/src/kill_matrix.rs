//! The kill matrix: checks × faults. A check is finished when a fault kills
//! it; a fault is understood when it kills what it names and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use conform402_chain::{AnvilBinary, ChainOptions};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use owo_colors::OwoColorize as _;

use crate::check::{Check, Registry};
use crate::http::Client;
use crate::interview::Interview;
use crate::plan::{Planned, plan};
use crate::run::{RunError, RunOptions, Watcher, account_for_all, select};
use crate::schedule::{Conclusion, Stage};
use crate::target::{Adapter, Process, Target};
use crate::testbed::Testbed;
use crate::vectors;
use crate::verdict::Verdict;
use conform402_wire::adapter::FaultInfo;

/// Faults at once, each on a chain of its own.
const FAULTS_AT_ONCE: usize = 4;

/// Checks of one fault at once.
const CONCURRENCY: usize = 12;

/// What filters left in. A fault that catches nothing proves something only if
/// all checks were run, a check that survives only if all faults were.
#[derive(Clone, Copy, Debug, Default)]
struct Scope {
    all_checks: bool,
    all_faults: bool,
}

/// What the matrix shows.
#[derive(Clone, Debug, Default)]
pub struct KillMatrix {
    scope: Scope,
    faults: Vec<FaultInfo>,
    /// Ids of all checks, in order.
    checks: Vec<String>,
    /// For each check, the faults that killed it.
    kills: BTreeMap<String, BTreeSet<String>>,
    /// Flags of vectors, each a fault of its operation.
    flags: usize,
    /// Vectors.
    cases: usize,
    /// What is wrong, in sentences.
    pub complaints: Vec<String>,
}

/// Runs every selected check against every fault of the reference target.
///
/// # Errors
/// [`RunError`] for whatever keeps the matrix from being filled.
pub async fn kill_matrix(
    target: &Target,
    registry: &Registry,
    options: &RunOptions,
    fault_filter: Option<&str>,
    watcher: &dyn Watcher,
) -> Result<KillMatrix, RunError> {
    let (checks, vectors) = select(registry, options)?;
    let notice = |text: &str| watcher.notice(text);
    let anvil = AnvilBinary::find(notice).await?;
    let mut process = Process::start(target, &notice).await?;
    let client = Client::new(true, options.timeout)?;
    let adapter = Arc::new(Adapter::new(client.clone(), process.url.clone()));
    let filling = async {
        let identity = adapter.identity().await?;
        let planned = plan(&checks, &identity, None);
        let vectors = vectors.files(Some(&vectors::declared(&identity)?))?;
        let mut faults = identity.faults.clone();
        faults.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(filter) = fault_filter {
            let matcher = crate::check::compile(filter)?;
            let known = faults.iter().map(|fault| fault.name.clone()).collect();
            faults.retain(|fault| matcher.is_match(&fault.name));
            if faults.is_empty() {
                let (name, asked) = (target.name.clone(), filter.to_owned());
                return Err(RunError::Fault { name, asked, known });
            }
        }
        watcher.planned(planned.len() * (faults.len() + 1));
        let done = |c: &Conclusion| watcher.concluded(&c.check.id(), c.verdict());
        let stage = |faults: Vec<String>| {
            let (anvil, adapter, client) = (anvil.clone(), adapter.clone(), client.clone());
            let chain = ChainOptions { chain_id: options.chain_id, seed: options.seed };
            async move {
                Ok::<_, RunError>(Stage {
                    testbed: Arc::new(Testbed::start(&anvil, chain).await?),
                    adapter,
                    client,
                    scope: format!("/{}", faults.first().map_or("sound", String::as_str)),
                    faults,
                    concurrency: CONCURRENCY,
                    evidence: false,
                })
            }
        };
        let perform = |faults: Vec<String>| {
            let (stage, planned, done) = (stage(faults), &planned, &done);
            async move {
                let stage = stage.await?;
                let conclusions = stage.play(planned, done).await?;
                account_for_all(&stage.testbed, &conclusions).await?;
                // Ending anvil blocks for a moment.
                let _ = tokio::task::spawn_blocking(move || drop(stage)).await;
                Ok::<_, RunError>(conclusions)
            }
        };
        let sound = perform(Vec::new()).await?;
        let cells: Vec<(FaultInfo, Vec<Conclusion>)> = stream::iter(faults)
            .map(|fault| {
                let performed = perform(vec![fault.name.clone()]);
                async move { Ok::<_, RunError>((fault, performed.await?)) }
            })
            .buffered(FAULTS_AT_ONCE)
            .try_collect()
            .await?;
        let scope =
            Scope { all_checks: options.filter.is_none(), all_faults: fault_filter.is_none() };
        Ok((KillMatrix::judge(&planned, &sound, cells, scope), vectors))
    };
    let mut filled = tokio::select! {
        filled = filling => filled,
        death = process.died() => Err(death.into()),
    };
    if let (Ok((matrix, vectors)), None) = (&mut filled, fault_filter) {
        let mut interview = Interview::new(&adapter, &mut process);
        matrix.flags = vectors::kill_matrix(&mut interview, vectors, &mut matrix.complaints).await;
        matrix.cases = vectors.iter().map(|file| file.cases().count()).sum();
    }
    process.stop().await;
    filled.map(|(matrix, _)| matrix)
}

impl KillMatrix {
    fn judge(
        planned: &[Planned],
        sound: &[Conclusion],
        cells: Vec<(FaultInfo, Vec<Conclusion>)>,
        scope: Scope,
    ) -> Self {
        let checks = planned.iter().map(|planned| planned.check.id()).collect();
        let mut matrix = Self { checks, scope, ..Self::default() };
        for conclusion in sound.iter().filter(|c| c.verdict() != Verdict::Pass) {
            let (id, verdict) = (conclusion.check.id(), conclusion.verdict().word());
            let reason = reason(conclusion);
            matrix.complaints.push(format!("{id}: {verdict} without any fault: {reason}"));
        }
        for (fault, conclusions) in cells {
            matrix.enter(&fault, &conclusions);
            matrix.faults.push(fault);
        }
        let known: BTreeSet<&str> = matrix.faults.iter().map(|fault| fault.name.as_str()).collect();
        for check in planned.iter().map(|planned| planned.check) {
            let id = check.id();
            for missing in check.killed_by.iter().filter(|name| !known.contains(**name)) {
                if scope.all_faults {
                    matrix.complaints.push(format!("{id}: names {missing}, which is no fault"));
                }
            }
            if check.killed_by.is_empty() {
                matrix.complaints.push(format!("{id}: no fault kills it"));
            }
        }
        matrix
    }

    fn enter(&mut self, fault: &FaultInfo, conclusions: &[Conclusion]) {
        let mut caught = false;
        for conclusion in conclusions {
            let id = conclusion.check.id();
            let killed = matches!(conclusion.verdict(), Verdict::Fail | Verdict::Warn);
            let named = names(conclusion.check, &fault.name);
            caught |= killed;
            if killed {
                self.kills.entry(id.clone()).or_default().insert(fault.name.clone());
            }
            let undecided =
                conclusion.verdict() == Verdict::Inconclusive && !conclusion.for_want_of_control;
            if undecided || (killed != named) {
                let what = match (killed, named) {
                    _ if undecided => "is undecided under",
                    (true, false) => "dies unnamed of",
                    _ => "survives",
                };
                let reason = reason(conclusion);
                self.complaints.push(format!("{id}: {what} {}: {reason}", fault.name));
            }
        }
        if !caught && self.scope.all_checks {
            self.complaints.push(format!("{}: no check catches this fault", fault.name));
        }
    }

    fn conclusion(&self) -> String {
        let whole = self.scope.all_checks && self.scope.all_faults;
        match self.complaints.len() {
            0 if whole => "every check is killed, every fault caught, nothing dies unnamed"
                .green()
                .to_string(),
            0 => "nothing to complain of in the selected cells".to_owned(),
            complaints => format!("{complaints} complaints").red().to_string(),
        }
    }

    /// The matrix for a terminal: a line a check with the faults that kill it,
    /// then what is wrong.
    #[must_use]
    pub fn to_terminal(&self) -> String {
        let mut text = String::new();
        let width = self.checks.iter().map(String::len).max().unwrap_or_default();
        for id in &self.checks {
            let killers = self
                .kills
                .get(id)
                .map(|faults| faults.iter().map(String::as_str).collect::<Vec<_>>().join(" "));
            let survives = if self.scope.all_faults {
                "survives every fault".red().to_string()
            } else {
                "survives the selected faults".to_owned()
            };
            let killers = killers.unwrap_or(survives);
            let _ = writeln!(text, "{id:width$}  {killers}");
        }
        text.push('\n');
        for complaint in &self.complaints {
            let _ = writeln!(text, "{} {complaint}", "FAULTY".red().bold());
        }
        let kills: usize = self.kills.values().map(BTreeSet::len).sum();
        let _ = writeln!(
            text,
            "{} checks × {} faults = {} cells, {kills} kills",
            self.checks.len(),
            self.faults.len(),
            self.checks.len() * self.faults.len(),
        );
        if self.flags > 0 {
            let _ = writeln!(text, "{} vectors, {} flags", self.cases, self.flags);
        }
        let _ = writeln!(text, "{}", self.conclusion());
        text
    }
}

fn names(check: &Check, fault: &str) -> bool {
    check.killed_by.contains(&fault)
}

fn reason(conclusion: &Conclusion) -> String {
    conclusion.outcome.as_ref().err().map(ToString::to_string).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::schedule::Evidence;
    use crate::verdict::{Broken, Outcome};
    use conform402_vectors::Level;
    use conform402_vectors::Source;

    const WHOLE: Scope = Scope { all_checks: true, all_faults: true };
    const CHECK: Check = Check {
        module: "suites::mpp::area",
        name: "a_promise",
        case: None,
        level: Level::Must,
        is_control: false,
        needs: &[],
        profile: None,
        killed_by: &["breaks-the-promise"],
        sources: &[Source { quote: "q", document: "d" }],
        explanation: "",
        run: |_| Box::pin(async { Ok(()) }),
    };
    static NAMED: Check = CHECK;
    static UNNAMED: Check = Check { killed_by: &[], ..CHECK };

    fn concluded(check: &'static Check, outcome: Outcome) -> Conclusion {
        Conclusion {
            check,
            outcome,
            for_want_of_control: false,
            evidence: Evidence::default(),
            holders: Vec::new(),
        }
    }

    fn broken() -> Outcome {
        Err(Broken::promise("broken"))
    }

    fn undecided() -> Outcome {
        Err(Broken::Undecided("unknown".into()))
    }

    #[rstest]
    #[case::perfect(&NAMED, Ok(()), broken(), None)]
    #[case::survives(&NAMED, Ok(()), Ok(()), Some("survives"))]
    #[case::uncaught(&NAMED, Ok(()), Ok(()), Some("no check catches"))]
    #[case::undecided(&NAMED, Ok(()), undecided(), Some("is undecided under"))]
    #[case::fails_without_fault(&NAMED, broken(), broken(), Some("without any fault"))]
    #[case::unnamed(&UNNAMED, Ok(()), broken(), Some("dies unnamed"))]
    #[case::unkillable(&UNNAMED, Ok(()), Ok(()), Some("no fault kills it"))]
    fn complains_of(
        #[case] check: &'static Check,
        #[case] sound: Outcome,
        #[case] faulty: Outcome,
        #[case] complaint: Option<&str>,
    ) {
        let planned = [Planned { check, excluded: None }];
        let fault = FaultInfo { name: "breaks-the-promise".into(), summary: String::new() };
        let cells = vec![(fault, vec![concluded(check, faulty)])];
        let matrix = KillMatrix::judge(&planned, &[concluded(check, sound)], cells, WHOLE);
        match complaint {
            None => assert_eq!(matrix.complaints, Vec::<String>::new()),
            Some(expected) => {
                let complained = matrix.complaints.iter().any(|told| told.contains(expected));
                assert!(complained, "{:?}", matrix.complaints);
            }
        }
    }

    #[test]
    fn a_name_that_is_no_fault_is_told() {
        let planned = [Planned { check: &NAMED, excluded: None }];
        let matrix = KillMatrix::judge(&planned, &[concluded(&NAMED, Ok(()))], Vec::new(), WHOLE);
        assert!(matrix.complaints.iter().any(|told| told.contains("which is no fault")));
    }
}
