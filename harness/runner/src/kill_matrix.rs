//! The kill matrix: checks × faults, and vectors × flags. A check is finished
//! when a fault kills it; a fault is understood when it kills what it names and
//! nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Arc, PoisonError};

use conform402_chain::{AnvilBinary, ChainOptions};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use owo_colors::OwoColorize as _;

use crate::check::{Check, NoSuchCheck, Registry, compile};
use crate::http::Client;
use crate::interview::Interview;
use crate::own_target::{OwnTargets, ReachedLog};
use crate::plan::{Planned, plan};
use crate::run::{RunError, RunOptions, Watcher, account_for_all, select};
use crate::schedule::{Conclusion, Stage};
use crate::target::{Adapter, Process, Target};
use crate::testbed::Testbed;
use crate::vectors::{self, FlagMatrix};
use crate::verdict::Verdict;
use conform402_vectors::VectorFile;
use conform402_wire::adapter::FaultInfo;

/// Faults at once, each on a chain of its own.
const FAULTS_AT_ONCE: usize = 4;

/// First segment of the paths where no fault is switched on.
const SOUND: &str = "sound";

/// Largest answer of the reference, which tells of every path whose faults
/// were reached.
const REACHED_LIMIT: usize = 64 * 1024 * 1024;

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
    /// How many cells were run: in the others the check never reaches the fault.
    reached: usize,
    vectors: FlagMatrix,
    /// What is wrong, in sentences.
    pub complaints: Vec<String>,
}

/// Runs every selected check against every fault of the reference target, and
/// every selected vector against every flag of its operation. `fault_filter` is
/// a glob over the names of both; those of flags are `operation:Flag`.
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
    let (checks, selection) = select(registry, options)?;
    let notice = |text: &str| watcher.notice(text);
    let mut process = Process::start(target, &notice).await?;
    let client = Client::new(usize::MAX, options.timeout)?.reading_up_to(REACHED_LIMIT);
    let adapter = Arc::new(Adapter::new(client.clone(), process.url.clone()));
    let filling = async {
        let identity = adapter.identity().await?;
        let mut cells = Cells {
            planned: plan(&checks, &identity, None),
            vectors: selection.files(Some(&vectors::declared(&identity)?))?,
            faults: identity.faults,
        };
        cells.faults.sort_by(|a, b| a.name.cmp(&b.name));
        if let Some(filter) = fault_filter {
            cells.narrow(filter)?;
        }
        let scope =
            Scope { all_checks: options.filter.is_none(), all_faults: fault_filter.is_none() };
        // Vectors need no chain.
        if cells.planned.is_empty() {
            return Ok((KillMatrix { scope, ..KillMatrix::default() }, cells.vectors));
        }
        let stages = Stages {
            anvil: AnvilBinary::find(notice).await?,
            chain: ChainOptions { chain_id: options.chain_id, seed: options.seed },
            adapter: adapter.clone(),
            own_targets: OwnTargets::new(target, &client),
            client,
        };
        Ok((fill(&cells, scope, &stages, watcher).await?, cells.vectors))
    };
    let filled = tokio::select! {
        filled = filling => filled,
        death = process.died() => Err(death.into()),
    };
    let filled = match filled {
        Ok((mut matrix, vectors)) => {
            let mut interview = Interview::new(&adapter, &mut process);
            let flags =
                vectors::kill_matrix(&mut interview, &vectors, &mut matrix.complaints).await;
            flags.map(|vectors| KillMatrix { vectors, ..matrix })
        }
        Err(error) => Err(error),
    };
    process.stop().await;
    filled
}

/// What is held against what.
struct Cells {
    planned: Vec<Planned>,
    faults: Vec<FaultInfo>,
    vectors: Vec<VectorFile>,
}

impl Cells {
    /// Leaves the faults and flags that match `filter`, and nothing that none
    /// of them could kill.
    fn narrow(&mut self, filter: &str) -> Result<(), NoSuchCheck> {
        let matcher = compile(filter)?;
        let mut known: Vec<String> = Vec::new();
        if !self.planned.is_empty() {
            known.extend(self.faults.iter().map(|fault| fault.name.clone()));
        }
        known.extend(self.vectors.iter().map(|file| format!("{}:*", file.operation)));
        self.faults.retain(|fault| matcher.is_match(&fault.name));
        if self.faults.is_empty() {
            self.planned.clear();
        }
        vectors::retain_flags(&mut self.vectors, &matcher);
        if self.planned.is_empty() && self.vectors.is_empty() {
            return Err(NoSuchCheck::Unmatched { filter: filter.to_owned(), known });
        }
        Ok(())
    }
}

/// Where checks are run, once for each fault.
struct Stages {
    anvil: AnvilBinary,
    chain: ChainOptions,
    adapter: Arc<Adapter>,
    own_targets: OwnTargets,
    client: Client,
}

impl Stages {
    async fn perform(
        &self,
        planned: &[Planned],
        faults: Vec<String>,
        own_targets: OwnTargets,
        watcher: &dyn Watcher,
    ) -> Result<Vec<Conclusion>, RunError> {
        let stage = Stage {
            testbed: Arc::new(Testbed::start(&self.anvil, self.chain).await?),
            anvil: self.anvil.clone(),
            adapter: self.adapter.clone(),
            own_targets,
            client: self.client.clone(),
            scope: format!("/{}", faults.first().map_or(SOUND, String::as_str)),
            faults,
            concurrency: CONCURRENCY,
            evidence: false,
        };
        let done = |c: &Conclusion| watcher.concluded(&c.check.id(), c.verdict());
        let conclusions = stage.play(planned, &done).await?;
        account_for_all(&stage.testbed, &conclusions).await?;
        // Ending anvil blocks for a moment.
        let _ = tokio::task::spawn_blocking(move || drop(stage)).await;
        Ok(conclusions)
    }
}

async fn fill(
    Cells { planned, faults, .. }: &Cells,
    scope: Scope,
    stages: &Stages,
    watcher: &dyn Watcher,
) -> Result<KillMatrix, RunError> {
    watcher.planned(planned.len());
    let log = ReachedLog::default();
    let noting = stages.own_targets.noting(&log);
    let sound = stages.perform(planned, Vec::new(), noting, watcher).await?;
    let by_own_targets = std::mem::take(&mut *log.lock().unwrap_or_else(PoisonError::into_inner));
    let reach = Reach::of(stages.adapter.reached().await?.into_iter().chain(by_own_targets));
    let columns: Vec<(&FaultInfo, Vec<Planned>)> =
        faults.iter().map(|fault| (fault, reach.planned(planned, fault))).collect();
    let reached: usize = columns.iter().map(|(_, planned)| planned.len()).sum();
    watcher.planned(planned.len() + reached);
    let columns: Vec<(FaultInfo, Vec<Conclusion>)> = stream::iter(columns)
        .map(|(fault, planned)| async move {
            if planned.is_empty() {
                return Ok((fault.clone(), Vec::new()));
            }
            let own_targets = stages.own_targets.clone();
            let faults = vec![fault.name.clone()];
            let conclusions = stages.perform(&planned, faults, own_targets, watcher).await?;
            Ok::<_, RunError>((fault.clone(), conclusions))
        })
        .buffered(FAULTS_AT_ONCE)
        .try_collect()
        .await?;
    Ok(KillMatrix::judge(planned, &sound, columns, scope))
}

/// The faults whose places in the reference each check reaches. Switched on,
/// the others change nothing: those cells need not be run to be known.
struct Reach(BTreeMap<String, BTreeSet<String>>);

impl Reach {
    fn of(reached: impl Iterator<Item = (String, BTreeSet<String>)>) -> Self {
        let mut reach: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (path, faults) in reached {
            let check = path.strip_prefix(&format!("/{SOUND}/")).and_then(|p| p.split('/').next());
            reach.entry(check.unwrap_or_default().to_owned()).or_default().extend(faults);
        }
        Self(reach)
    }

    fn planned(&self, planned: &[Planned], fault: &FaultInfo) -> Vec<Planned> {
        let reaches = |planned: &&Planned| {
            self.0.get(&planned.check.id()).is_some_and(|faults| faults.contains(&fault.name))
        };
        planned.iter().filter(reaches).cloned().collect()
    }
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
            let run: BTreeSet<String> = conclusions.iter().map(|c| c.check.id()).collect();
            for check in planned.iter().map(|planned| planned.check) {
                if names(check, &fault.name) && !run.contains(&check.id()) {
                    let complaint = format!("{}: never reaches {}", check.id(), fault.name);
                    matrix.complaints.push(complaint);
                }
            }
            matrix.reached += conclusions.len();
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

    /// Whether nothing was learned: no check reaches any of the faults, and no
    /// vector was asked for.
    #[must_use]
    pub const fn ran_nothing(&self) -> bool {
        self.reached == 0 && self.vectors.cases == 0
    }

    fn conclusion(&self) -> String {
        let whole = self.scope.all_checks && self.scope.all_faults;
        match self.complaints.len() {
            0 if whole => "every check is killed, every fault caught, nothing dies unnamed"
                .green()
                .to_string(),
            0 if self.ran_nothing() => {
                "no selected check reaches a selected fault".yellow().to_string()
            }
            0 => "nothing to complain of in the selected cells".to_owned(),
            1 => "1 complaint".red().to_string(),
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
            // Of a few faults, most checks survive all.
            if killers.is_none() && !self.scope.all_faults {
                continue;
            }
            let killers = killers.unwrap_or_else(|| "survives every fault".red().to_string());
            let _ = writeln!(text, "{id:width$}  {killers}");
        }
        if !self.checks.is_empty() {
            text.push('\n');
        }
        for complaint in &self.complaints {
            let _ = writeln!(text, "{} {complaint}", "FAULTY".red().bold());
        }
        let (checks, faults) = (self.checks.len(), self.faults.len());
        if checks > 0 {
            let kills: usize = self.kills.values().map(BTreeSet::len).sum();
            let cells = checks * faults;
            let _ = writeln!(
                text,
                "{checks} checks × {faults} faults = {cells} cells, {kills} kills; \
                 {} cells were run, in the others the check never reaches the fault",
                self.reached
            );
        }
        let FlagMatrix { cases, flags } = self.vectors;
        if cases > 0 {
            let _ = writeln!(text, "{cases} vectors, {flags} flags");
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
        own_chain: false,
        own_target: false,
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

    #[test]
    fn a_matrix_that_ran_nothing_says_so() {
        let planned = [Planned { check: &NAMED, excluded: None }];
        let narrow = Scope { all_checks: false, all_faults: false };
        let fault = FaultInfo { name: "breaks-another".into(), summary: String::new() };
        let cells = vec![(fault, Vec::new())];
        let matrix = KillMatrix::judge(&planned, &[concluded(&NAMED, Ok(()))], cells, narrow);
        assert!(matrix.ran_nothing());
        assert!(matrix.to_terminal().contains("no selected check reaches a selected fault"));
    }
}
