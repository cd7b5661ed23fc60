//! Runs planned checks side by side, controls first.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use alloy::primitives::Address;
use conform402_chain::{AnvilBinary, ChainError, ChainOptions, Holder, Ledger, Movement};
use conform402_facilitator::Entry;
use futures::stream::{self, StreamExt as _};
use serde::Serialize;

use crate::bed::{Bed, payer_label};
use crate::check::Check;
use crate::http::{Client, Exchange};
use crate::own_target::OwnTargets;
use crate::plan::Planned;
use crate::target::{Adapter, TargetError};
use crate::testbed::Testbed;
use crate::verdict::{Broken, Outcome, Verdict};

/// Longest a check may take before nothing more is expected of it.
const CHECK_TIMEOUT: Duration = Duration::from_mins(2);

/// What a check left behind: the bytes that prove its verdict.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Evidence {
    /// Between buyer and target.
    pub exchanges: Vec<Exchange>,
    /// Between target and facilitator.
    pub facilitator: Vec<Entry>,
    /// On chain.
    pub movements: Vec<Movement>,
}

/// A check that was run, or was not.
#[derive(Clone, Debug)]
pub struct Conclusion {
    /// The check.
    pub check: &'static Check,
    /// How it ended.
    pub outcome: Outcome,
    /// Whether it is undecided only because its control broke its promise.
    pub for_want_of_control: bool,
    /// What proves it; empty unless it was run and evidence was asked for.
    pub evidence: Evidence,
    /// Everybody who may have money of it.
    pub holders: Vec<Holder>,
}

impl Conclusion {
    /// The verdict.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        Verdict::of(&self.outcome, self.check.level)
    }

    fn not_applicable(check: &'static Check, reason: String) -> Self {
        Self {
            check,
            outcome: Err(Broken::NotApplicable(reason)),
            for_want_of_control: false,
            evidence: Evidence::default(),
            holders: Vec::new(),
        }
    }

    fn of_a_broken_testbed(check: &'static Check, error: &ChainError) -> Self {
        Self {
            check,
            outcome: Err(Broken::Ours(error.to_string())),
            for_want_of_control: false,
            evidence: Evidence::default(),
            holders: Vec::new(),
        }
    }

    /// Not run for want of a target of its own, although its payer was funded.
    fn without_own_target(check: &'static Check, error: &TargetError, payer: Address) -> Self {
        Self {
            check,
            outcome: Err(Broken::Undecided(error.to_string())),
            for_want_of_control: false,
            evidence: Evidence::default(),
            holders: vec![payer.into()],
        }
    }

    /// Not run, although its payer was funded already.
    fn without_control(check: &'static Check, control: &Control, payer: Address) -> Self {
        let reason = format!("its positive control {} does not pass", control.id);
        Self {
            check,
            outcome: Err(Broken::Undecided(reason)),
            for_want_of_control: matches!(control.verdict, Verdict::Fail | Verdict::Warn),
            evidence: Evidence::default(),
            holders: if check.own_chain { Vec::new() } else { vec![payer.into()] },
        }
    }
}

/// A control that did not pass.
struct Control {
    id: String,
    verdict: Verdict,
}

/// Where and how checks are run.
pub(crate) struct Stage {
    pub testbed: Arc<Testbed>,
    /// Starts the chains of checks that need one to themselves.
    pub anvil: AnvilBinary,
    pub adapter: Arc<Adapter>,
    /// Starts the targets of checks that need one to themselves.
    pub own_targets: OwnTargets,
    pub client: Client,
    /// First segment of every path; keeps the runs of a kill matrix apart.
    pub scope: String,
    /// Faults of the reference target.
    pub faults: Vec<String>,
    /// Checks at once.
    pub concurrency: usize,
    /// Whether to collect evidence.
    pub evidence: bool,
}

impl Stage {
    /// Runs every planned check, and tells `done` of each.
    pub async fn play(
        &self,
        planned: &[Planned],
        done: &(dyn Fn(&Conclusion) + Sync),
    ) -> Result<Vec<Conclusion>, ChainError> {
        self.fund(planned).await?;
        let applicable = || planned.iter().filter(|planned| planned.excluded.is_none());
        let controls = applicable().map(|planned| planned.check).filter(|check| check.is_control);
        let controls = self.run_all(controls, done).await;
        let failed: BTreeMap<String, Control> = controls
            .iter()
            .filter(|conclusion| conclusion.verdict() != Verdict::Pass)
            .map(|conclusion| {
                let control = Control { id: conclusion.check.id(), verdict: conclusion.verdict() };
                (conclusion.check.group(), control)
            })
            .collect();
        let mut not_run = Vec::new();
        let mut decidable = Vec::new();
        for Planned { check, excluded } in planned {
            if let Some(reason) = excluded {
                not_run.push(Conclusion::not_applicable(check, reason.clone()));
            } else if let Some(control) = failed.get(&check.group()).filter(|_| !check.is_control) {
                not_run.push(Conclusion::without_control(check, control, self.payer_of(check)));
            } else if !check.is_control {
                decidable.push(*check);
            }
        }
        not_run.iter().for_each(done);
        let mut conclusions = self.run_all(decidable, done).await;
        conclusions.extend(controls);
        conclusions.extend(not_run);
        conclusions.sort_by_cached_key(|conclusion| conclusion.check.id());
        Ok(conclusions)
    }

    async fn fund(&self, planned: &[Planned]) -> Result<(), ChainError> {
        let payers: Vec<Address> = planned
            .iter()
            .filter(|planned| planned.excluded.is_none() && !planned.check.own_chain)
            .map(|planned| self.payer_of(planned.check))
            .collect();
        self.testbed.fund(&payers).await
    }

    fn payer_of(&self, check: &Check) -> Address {
        self.testbed.chain.seed().key(&payer_label(&check.id())).address()
    }

    async fn run_all(
        &self,
        checks: impl IntoIterator<Item = &'static Check>,
        done: &(dyn Fn(&Conclusion) + Sync),
    ) -> Vec<Conclusion> {
        stream::iter(checks)
            .map(|check| async move {
                let conclusion = self.run(check).await;
                done(&conclusion);
                conclusion
            })
            .buffer_unordered(self.concurrency)
            .collect()
            .await
    }

    async fn run(&self, check: &'static Check) -> Conclusion {
        if !check.own_chain {
            return self.run_on(self.testbed.clone(), check).await;
        }
        let testbed = match self.own_testbed(check).await {
            Ok(testbed) => Arc::new(testbed),
            Err(error) => return Conclusion::of_a_broken_testbed(check, &error),
        };
        let mut conclusion = self.run_on(testbed.clone(), check).await;
        // This chain's money is counted here: nobody else knows its accounts.
        let holders = std::mem::take(&mut conclusion.holders);
        match Ledger::audit(&testbed.chain, &holders).await {
            Ok(Ok(())) => {}
            Ok(Err(unaccounted)) => conclusion.outcome = Err(Broken::Ours(unaccounted.to_string())),
            Err(error) => conclusion.outcome = Err(error.into()),
        }
        // Ending anvil blocks for a moment.
        let _ = tokio::task::spawn_blocking(move || drop(testbed)).await;
        conclusion
    }

    async fn own_testbed(&self, check: &Check) -> Result<Testbed, ChainError> {
        let chain = &self.testbed.chain;
        let options = ChainOptions { chain_id: chain.chain_id(), seed: chain.seed() };
        let testbed = Testbed::start(&self.anvil, options).await?;
        testbed.fund(&[self.payer_of(check)]).await?;
        Ok(testbed)
    }

    async fn run_on(&self, testbed: Arc<Testbed>, check: &'static Check) -> Conclusion {
        let mut bed = Bed::new(
            testbed,
            self.adapter.clone(),
            self.client.clone(),
            check.id(),
            &self.scope,
            self.faults.clone(),
        );
        // Held to the end of the check: starting many at once takes each longer
        // than an adapter may.
        let _turn = if check.own_target { self.own_targets.turn().await } else { None };
        if check.own_target {
            bed = match self.own_targets.start().await {
                Ok(own) => bed.with_own_target(own),
                Err(error) => {
                    return Conclusion::without_own_target(check, &error, self.payer_of(check));
                }
            };
        }
        let bed = Arc::new(bed);
        let scenario = {
            let bed = bed.clone();
            tokio::spawn(async move { (check.run)(&bed).await })
        };
        let abort = scenario.abort_handle();
        let outcome = match tokio::time::timeout(CHECK_TIMEOUT, scenario).await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(panic)) => Err(Broken::Ours(format!("the check itself failed: {panic}"))),
            Err(_) => {
                abort.abort();
                let reason = format!("no end after {} s", CHECK_TIMEOUT.as_secs());
                Err(Broken::Undecided(reason))
            }
        };
        bed.end_own_target().await;
        let trouble = bed.asked().into_iter().find_map(|entry| entry.trouble);
        let outcome = match trouble {
            Some(trouble) => Err(Broken::Ours(format!("the facilitator failed: {trouble}"))),
            None => outcome,
        };
        let evidence = if self.evidence { evidence(&bed).await } else { Evidence::default() };
        let holders = bed.holders();
        Conclusion { check, outcome, for_want_of_control: false, evidence, holders }
    }
}

async fn evidence(bed: &Bed) -> Evidence {
    Evidence {
        exchanges: bed.take_exchanges(),
        facilitator: bed.asked(),
        // A chain that no longer answers has failed the check already.
        movements: bed.movements().await.unwrap_or_default(),
    }
}
