//! One run of the suites against one target.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use conform402_chain::{
    AnvilBinary, ChainError, ChainOptions, Holder, Ledger, MissingAnvil, Seed, Unaccounted,
};
use conform402_wire::Profile;

use crate::baseline::Baseline;
use conform402_vectors::{Inconsistent, VectorFile};

use crate::check::{Check, NoSuchCheck, Registry, compile};
use crate::http::Client;
use crate::interview::Interview;
use crate::own_target::OwnTargets;
use crate::plan::plan;
use crate::report::{Report, TestbedSummary};
use crate::schedule::{Conclusion, Stage};
use crate::target::{Adapter, Process, Target, TargetError};
use crate::testbed::Testbed;
use crate::vectors::{self, Asked, Selection};
use crate::verdict::Verdict;
use conform402_wire::adapter::Identity;

/// Checks at once. More gain nothing: target, facilitator and chain share the
/// machine.
const CONCURRENCY: usize = 16;

/// What to run, and on which testbed.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// A glob over the ids of checks and vectors.
    pub filter: Option<String>,
    /// Only this dialect.
    pub profile: Option<Profile>,
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Keys derive from it.
    pub seed: Seed,
    /// Longest an answer of the target may take.
    pub timeout: Duration,
    /// Whether known failures count as failures.
    pub no_baseline: bool,
    /// Faults of the reference target.
    pub faults: Vec<String>,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self {
            filter: None,
            profile: None,
            chain_id: 196,
            seed: Seed::default(),
            timeout: Duration::from_secs(15),
            no_baseline: false,
            faults: Vec::new(),
        }
    }
}

/// Why there is no report. Ours or the set-up's: exit 2.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The target cannot be run.
    #[error(transparent)]
    Target(#[from] TargetError),
    /// There is no anvil.
    #[error(transparent)]
    Anvil(#[from] MissingAnvil),
    /// The chain failed.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The filter selects nothing.
    #[error(transparent)]
    Filter(#[from] NoSuchCheck),
    /// The author of a vector made a mistake.
    #[error("a vector of ours is wrong: {0}")]
    Vectors(#[from] Inconsistent),
    /// A fault of an operation that is not asked for.
    #[error("the fault {0} cannot be had: its operation is not run, or has another fault already")]
    IdleFault(String),
    /// The target does not speak the profile asked for.
    #[error("{name} does not speak {asked}; it speaks {}", .spoken.join(", "))]
    Profile {
        /// The target.
        name: String,
        /// What was asked for.
        asked: Profile,
        /// What it declares.
        spoken: Vec<String>,
    },
    /// The target does not know the fault asked for.
    #[error("{name} has no fault {asked:?}; it has {}", list_or_none(.known))]
    Fault {
        /// The target.
        name: String,
        /// What was asked for.
        asked: String,
        /// What it declares.
        known: Vec<String>,
    },
    /// A vector without an answer, where nothing can be said without it.
    #[error("{id}: {reason}")]
    Unanswered {
        /// The vector.
        id: String,
        /// Why there is no answer.
        reason: String,
    },
    /// Money is missing at the end.
    #[error(transparent)]
    Unaccounted(#[from] Unaccounted),
    /// The HTTP client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

fn list_or_none(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { format!("\n  {}", known.join("\n  ")) }
}

/// What a run tells while it goes on.
pub trait Watcher: Sync {
    /// Something a person waits for.
    fn notice(&self, text: &str);
    /// So many checks will be told of.
    fn planned(&self, checks: usize);
    /// A check ended.
    fn concluded(&self, id: &str, verdict: Verdict);
    /// A round of a load ended.
    fn measured(&self, what: &str);
}

/// Runs the selected checks against `target`.
///
/// # Errors
/// [`RunError`] for whatever keeps the run from a report.
pub async fn run(
    target: &Target,
    registry: &Registry,
    options: &RunOptions,
    watcher: &dyn Watcher,
) -> Result<Report, RunError> {
    let (checks, selection) = select(registry, options)?;
    let selection = selection.with_controls();
    let baseline = Baseline::new(&target.name, &target.known_failures, registry)?;
    let notice = |text: &str| watcher.notice(text);
    let anvil = AnvilBinary::find(notice).await?;
    let chain = ChainOptions { chain_id: options.chain_id, seed: options.seed };
    let testbed = Arc::new(Testbed::start(&anvil, chain).await?);
    let mut process = Process::start(target, &notice).await?;
    let client = Client::new(0, options.timeout)?;
    let adapter = Arc::new(Adapter::new(client.clone(), process.url.clone()));
    let performance = async {
        let identity = adapter.identity().await?;
        let faults = Faults::split(&identity, &options.faults)?;
        accepts(&identity, options)?;
        let planned = plan(&checks, &identity, options.profile);
        let declared = vectors::declared(&identity)?;
        let vectors = selection.files(Some(&declared))?;
        faults.must_be_among(&vectors)?;
        let cases = vectors.iter().map(|file| file.cases().count()).sum::<usize>();
        watcher.planned(planned.len() + cases);
        let stage = Stage {
            testbed: testbed.clone(),
            anvil: anvil.clone(),
            adapter: adapter.clone(),
            own_targets: OwnTargets::new(target, &client),
            client,
            scope: String::new(),
            faults: faults.of_the_seller,
            concurrency: CONCURRENCY,
            evidence: true,
        };
        let done = |c: &Conclusion| watcher.concluded(&c.check.id(), c.verdict());
        let conclusions = stage.play(&planned, &done).await?;
        account_for_all(&testbed, &conclusions).await?;
        Ok::<_, RunError>((identity, conclusions, vectors, faults.of_operations))
    };
    let performed = tokio::select! {
        performed = performance => performed,
        death = process.died() => Err(death.into()),
    };
    let performed = match performed {
        Ok((identity, conclusions, vectors, faults)) => {
            let mut interview = Interview::new(&adapter, &mut process);
            let cases = vectors::ask(&mut interview, &vectors, &faults).await;
            Ok((identity, conclusions, cases))
        }
        Err(RunError::Target(error)) => Err(RunError::Target(process.explain(error).await)),
        Err(error) => Err(error),
    };
    let log = process.last_lines();
    process.stop().await;
    let (identity, conclusions, cases) = performed?;
    cases.iter().for_each(|case| watcher.concluded(&case.id, case.verdict()));
    // Whom --profile leaves out was not observed.
    let is_asked_for = |check: &Check| {
        options.profile.is_none_or(|asked| check.profile.is_none_or(|own| own == asked))
    };
    let checks = conclusions.iter().filter(|c| is_asked_for(c.check));
    let checks = checks.map(|c| (c.check.id(), c.verdict()));
    let observed: BTreeMap<String, Verdict> =
        checks.chain(cases.iter().map(|case| (case.id.clone(), case.verdict()))).collect();
    let mut observed: BTreeMap<&str, Verdict> =
        observed.iter().map(|(id, verdict)| (id.as_str(), *verdict)).collect();
    // A failure known of an operation that is no longer declared has gone, too.
    for id in baseline.ids().filter(|id| selection.asks_for(id)) {
        observed.entry(id).or_insert(Verdict::NotApplicable);
    }
    let stale = if options.no_baseline { Vec::new() } else { baseline.stale(&observed) };
    let baseline = (!options.no_baseline).then_some(&baseline);
    let testbed = TestbedSummary {
        chain_id: options.chain_id,
        seed: options.seed.0,
        anvil: anvil.version().to_owned(),
    };
    let asked = Asked { not_applicable: selection.len() - cases.len(), cases };
    let report = Report::new(identity, testbed, conclusions, asked, baseline, stale);
    if report.exit == 2 {
        watcher.notice(&format!("Last lines of the adapter's log:\n{log}"));
    }
    Ok(report)
}

/// The checks, with their controls, and the vectors whose ids match the filter.
pub(crate) fn select(
    registry: &Registry,
    options: &RunOptions,
) -> Result<(Vec<&'static Check>, Selection), RunError> {
    let filter = options.filter.as_deref();
    let matcher = filter.map(compile).transpose()?;
    let vectors = Selection::new(matcher.as_ref(), options.profile);
    let checks = match registry.select(filter) {
        Err(NoSuchCheck::Unmatched { .. }) if vectors.len() > 0 => Vec::new(),
        selected => registry.with_controls(selected?),
    };
    Ok((checks, vectors))
}

fn accepts(identity: &Identity, options: &RunOptions) -> Result<(), RunError> {
    match options.profile.filter(|asked| !identity.profiles.contains(asked)) {
        None => Ok(()),
        Some(asked) => Err(RunError::Profile {
            name: identity.name.clone(),
            asked,
            spoken: identity.profiles.iter().map(ToString::to_string).collect(),
        }),
    }
}

/// Faults to switch on: of the offers, and of operations, which are named
/// `<operation>:<Flag>`.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub of_the_seller: Vec<String>,
    of_operations: BTreeMap<String, String>,
}

impl Faults {
    /// # Errors
    /// [`RunError::Fault`] for a name the target does not know.
    pub fn split(identity: &Identity, asked: &[String]) -> Result<Self, RunError> {
        let mut faults = Self::default();
        for name in asked {
            if identity.faults.iter().any(|fault| fault.name == *name) {
                faults.of_the_seller.push(name.clone());
                continue;
            }
            let of_operation = name.split_once(':').filter(|(operation, flag)| {
                let bugs = conform402_vectors::operation(operation).map(|known| known.bugs());
                // Only a target that has faults can have these.
                !identity.faults.is_empty() && bugs.is_some_and(|bugs| bugs.contains_key(*flag))
            });
            let Some((operation, flag)) = of_operation else {
                let mut known: Vec<String> =
                    identity.faults.iter().map(|fault| fault.name.clone()).collect();
                known.sort();
                if !known.is_empty() {
                    known.push("<operation>:<Flag>, as the vectors name them".to_owned());
                }
                let (name, asked) = (identity.name.clone(), name.clone());
                return Err(RunError::Fault { name, asked, known });
            };
            if faults.of_operations.insert(operation.to_owned(), flag.to_owned()).is_some() {
                return Err(RunError::IdleFault(name.clone()));
            }
        }
        Ok(faults)
    }

    /// A fault that nothing looks at must not look caught, or harmless.
    pub fn must_be_among(&self, files: &[VectorFile]) -> Result<(), RunError> {
        let runs = |operation: &str| files.iter().any(|file| file.operation == operation);
        match self.of_operations.iter().find(|(operation, _)| !runs(operation)) {
            None => Ok(()),
            Some((operation, flag)) => Err(RunError::IdleFault(format!("{operation}:{flag}"))),
        }
    }
}

/// The conservation law: at the end, every unit minted is with an account some
/// check watched. The ledger proves it, not the target.
pub(crate) async fn account_for_all(
    testbed: &Testbed,
    conclusions: &[Conclusion],
) -> Result<(), RunError> {
    let holders: Vec<Holder> =
        conclusions.iter().flat_map(|conclusion| conclusion.holders.iter().copied()).collect();
    Ok(Ledger::audit(&testbed.chain, &holders).await??)
}
