//! The result of a load; terminal and JSON are views of it.

mod terminal;

use std::collections::BTreeMap;
use std::time::Duration;

use conform402_wire::adapter::Identity;
use hdrhistogram::Histogram;
use serde::Serialize;

use super::LoadError;
use super::measure::Round;
use crate::report::TestbedSummary;
use crate::verdict::Broken;

/// Version of the JSON view, which `load.schema.json` describes.
const SCHEMA: u32 = 1;

/// Percentiles are exact to so many digits.
const DIGITS: u8 = 3;

/// The result of a load.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LoadReport {
    /// Version of this document.
    pub schema: u32,
    /// Version of the harness.
    pub conform402: &'static str,
    /// Who was measured.
    pub target: Seller,
    /// Who was measured beside it.
    pub reference: Seller,
    /// On what.
    pub testbed: TestbedSummary,
    /// Rounds of each of the two.
    pub rounds: usize,
    /// A load for each number of channels.
    pub loads: Vec<Load>,
    /// What the process exits with.
    pub exit: u8,
}

/// Who sells.
#[derive(Clone, Debug, Serialize)]
pub struct Seller {
    /// Name of the target.
    pub name: String,
    /// The SDK's package.
    pub sdk: String,
    /// The SDK's version.
    pub version: String,
    /// The SDK's language.
    pub language: String,
    /// Faults switched on.
    pub faults: Vec<String>,
}

/// The same load of both.
#[derive(Clone, Debug, Serialize)]
pub struct Load {
    /// Channels at once.
    pub channels: usize,
    /// Vouchers measured a round, of all channels.
    pub vouchers: usize,
    /// Figures of the target.
    pub target: Figures,
    /// Figures of the reference.
    pub reference: Figures,
    /// The target's by the reference's, where both sold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
}

/// What one of the two did under one load.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Figures {
    /// Sales that were measured, of all rounds.
    pub sold: u64,
    /// Median of the rounds.
    pub vouchers_per_second: f64,
    /// Sales per second of each round, in order.
    pub each_round: Vec<f64>,
    /// Of all sales that were measured, if there were any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<Latencies>,
    /// Vouchers that did not buy, by kind. Those of the warm-up count here.
    pub errors: BTreeMap<String, usize>,
    /// The promise broken besides: no channel was opened, or what was sold is
    /// not what was paid.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failure: Option<String>,
}

/// Percentiles of the time from a request's first byte to its answer's last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Latencies {
    /// Half took no longer.
    pub p50: f64,
    /// 95 of 100 took no longer.
    pub p95: f64,
    /// 99 of 100 took no longer.
    pub p99: f64,
}

/// How many times the reference's figures the target's are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Ratio {
    /// Above 1 sells faster.
    pub vouchers_per_second: f64,
    /// Above 1 answers slower.
    #[serde(flatten)]
    pub latencies: Latencies,
}

/// What one of the two did so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    microseconds: Option<Histogram<u64>>,
    rounds: Vec<f64>,
    errors: BTreeMap<String, usize>,
    failure: Option<String>,
}

impl Tally {
    /// Adds a round.
    pub fn enter(&mut self, round: Round) -> Result<(), LoadError> {
        let all = match &mut self.microseconds {
            Some(all) => all,
            none => none.insert(Histogram::new(DIGITS).map_err(ours)?),
        };
        for latency in &round.latencies {
            all.record(u64::try_from(latency.as_micros()).map_err(ours)?).map_err(ours)?;
        }
        self.rounds.push(rate(round.latencies.len(), round.elapsed));
        for (kind, count) in round.errors {
            *self.errors.entry(kind).or_default() += count;
        }
        Ok(())
    }

    /// Keeps the promise that a step broke, where it broke one; what else goes
    /// wrong is ours.
    pub fn broken_by<T>(&mut self, step: Result<T, Broken>) -> Result<Option<T>, LoadError> {
        match step {
            Ok(done) => Ok(Some(done)),
            Err(Broken::Promise(reason) | Broken::Late(reason)) => {
                self.failure = Some(reason);
                Ok(None)
            }
            Err(broken) => Err(LoadError::Ours(broken.to_string())),
        }
    }

    /// What is wrong, if anything is.
    pub fn complaint(&self) -> Option<String> {
        self.figures().complaint()
    }

    fn figures(&self) -> Figures {
        let all = self.microseconds.as_ref().filter(|all| !all.is_empty());
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        Figures {
            sold: all.map_or(0, Histogram::len),
            vouchers_per_second: sorted.get(sorted.len() / 2).copied().unwrap_or_default(),
            each_round: self.rounds.clone(),
            milliseconds: all.map(Latencies::of),
            errors: self.errors.clone(),
            failure: self.failure.clone(),
        }
    }
}

fn ours(error: impl std::fmt::Display) -> LoadError {
    LoadError::Ours(error.to_string())
}

#[expect(clippy::cast_precision_loss, reason = "counts are small")]
fn rate(sold: usize, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { sold as f64 / elapsed.as_secs_f64() }
}

impl Latencies {
    #[expect(clippy::cast_precision_loss, reason = "no latency is a year")]
    fn of(microseconds: &Histogram<u64>) -> Self {
        let at = |quantile| microseconds.value_at_quantile(quantile) as f64 / 1_000.0;
        Self { p50: at(0.50), p95: at(0.95), p99: at(0.99) }
    }
}

impl Seller {
    pub(super) fn new(identity: &Identity, faults: Vec<String>) -> Self {
        Self {
            name: identity.name.clone(),
            sdk: identity.sdk.clone(),
            version: identity.version.clone(),
            language: identity.language.clone(),
            faults,
        }
    }
}

impl Figures {
    /// What is wrong, if anything is. A load that sold nothing is no success.
    fn complaint(&self) -> Option<String> {
        let errors: usize = self.errors.values().sum();
        if let Some(failure) = &self.failure {
            return Some(failure.clone());
        }
        if let Some((kind, _)) = self.errors.iter().max_by_key(|(_, count)| **count) {
            return Some(format!("{errors} vouchers did not buy, most of them for this: {kind}"));
        }
        (self.sold == 0).then(|| "nothing was sold".to_owned())
    }
}

impl Load {
    pub(super) fn new(channels: usize, vouchers: usize, target: &Tally, reference: &Tally) -> Self {
        let (target, reference) = (target.figures(), reference.figures());
        let ratio = target.milliseconds.zip(reference.milliseconds).map(|(own, its)| Ratio {
            vouchers_per_second: target.vouchers_per_second / reference.vouchers_per_second,
            latencies: Latencies {
                p50: own.p50 / its.p50,
                p95: own.p95 / its.p95,
                p99: own.p99 / its.p99,
            },
        });
        Self { channels, vouchers, target, reference, ratio }
    }
}

impl LoadReport {
    /// Exit 0 if all vouchers bought and the money is right, else 1.
    pub(super) fn new(
        target: Seller,
        reference: Seller,
        testbed: TestbedSummary,
        rounds: usize,
        loads: Vec<Load>,
    ) -> Self {
        let fails = loads.is_empty() || loads.iter().any(|load| load.target.complaint().is_some());
        Self {
            schema: SCHEMA,
            conform402: env!("CARGO_PKG_VERSION"),
            target,
            reference,
            testbed,
            rounds,
            loads,
            exit: u8::from(fails),
        }
    }

    /// The report as JSON, indented, with a final newline.
    ///
    /// # Errors
    /// None in practice: everything in a report is JSON already.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    /// A hundred vouchers that took from 1 to 100 ms, and took `elapsed` in all.
    fn round(elapsed: Duration) -> Round {
        Round {
            elapsed,
            latencies: (1..=100).map(Duration::from_millis).collect(),
            sold: vec![100],
            errors: BTreeMap::new(),
        }
    }

    fn tally(seconds: &[u64]) -> Tally {
        let mut tally = Tally::default();
        for seconds in seconds {
            tally.enter(round(Duration::from_secs(*seconds))).unwrap();
        }
        tally
    }

    fn erring() -> Tally {
        let mut tally = tally(&[1, 1, 1]);
        let errors = [("no answer".to_owned(), 2), ("answered 402".to_owned(), 3)].into();
        let empty = Round { latencies: Vec::new(), errors, ..round(Duration::from_secs(1)) };
        tally.enter(empty).unwrap();
        tally
    }

    fn silent() -> Tally {
        let mut tally = Tally::default();
        let refused = tally.broken_by::<()>(Err(Broken::promise("no channel was opened")));
        assert!(refused.unwrap().is_none());
        tally
    }

    fn report(loads: Vec<Load>) -> LoadReport {
        let seller = |name: &str| Seller {
            name: name.to_owned(),
            sdk: format!("{name}-sdk"),
            version: "1.2.3".to_owned(),
            language: "rust".to_owned(),
            faults: Vec::new(),
        };
        let testbed = TestbedSummary { chain_id: 196, seed: 402, anvil: "1.7.1".to_owned() };
        LoadReport::new(seller("shop"), seller("reference"), testbed, 3, loads)
    }

    #[test]
    fn the_rate_is_the_median_of_the_rounds_and_percentiles_are_of_all() {
        let figures = tally(&[4, 1, 2]).figures();
        assert_eq!((figures.sold, figures.vouchers_per_second), (300, 50.0));
        assert_eq!(figures.each_round, [25.0, 100.0, 50.0]);
        // To three digits, which is what the histogram keeps.
        let Latencies { p50, p95, p99 } = figures.milliseconds.unwrap();
        for (found, expected) in [(p50, 50.0), (p95, 95.0), (p99, 99.0)] {
            assert!((found / expected - 1.0_f64).abs() < 0.001, "{found} for {expected}");
        }
    }

    #[rstest]
    #[case::all_bought(tally(&[1, 1, 1]), 0, None)]
    #[case::some_did_not(erring(), 1, Some("5 vouchers did not buy"))]
    #[case::none_could(silent(), 1, Some("no channel was opened"))]
    #[case::nothing_was_asked_for(Tally::default(), 1, Some("nothing was sold"))]
    fn only_a_load_that_sold_all_is_green(
        #[case] target: Tally,
        #[case] exit: u8,
        #[case] complaint: Option<&str>,
    ) {
        let load = Load::new(1, 100, &target, &tally(&[1, 1, 1]));
        assert_eq!(report(vec![load]).exit, exit);
        let told = target.complaint();
        assert_eq!(told.is_some(), complaint.is_some());
        assert!(told.unwrap_or_default().contains(complaint.unwrap_or_default()));
    }

    #[test]
    fn no_load_at_all_is_not_green() {
        assert_eq!(report(Vec::new()).exit, 1);
    }

    #[test]
    fn what_is_not_the_targets_fault_is_none_of_its_figures() {
        for broken in [Broken::Ours("out of luck".into()), Broken::Undecided("unknown".into())] {
            assert!(Tally::default().broken_by::<()>(Err(broken)).is_err());
        }
    }

    #[test]
    fn the_report_for_people() {
        let loads = vec![
            Load::new(1, 100, &tally(&[20, 30, 40]), &tally(&[1, 1, 1])),
            Load::new(16, 112, &tally(&[1, 1, 1]), &tally(&[2, 2, 2])),
        ];
        let text = report(loads).to_terminal();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text));
    }

    #[test]
    fn the_report_of_a_failure() {
        let loads = vec![
            Load::new(1, 100, &erring(), &tally(&[1, 1, 1])),
            Load::new(16, 112, &silent(), &tally(&[2, 2, 2])),
        ];
        let text = report(loads).to_terminal();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text));
    }
}
