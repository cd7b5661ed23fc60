//! The result of a run; terminal and JSON are views of it.

mod json;
mod terminal;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::baseline::Baseline;
use conform402_vectors::Source;

use crate::schedule::{Conclusion, Evidence};
use crate::vectors::{Asked, CaseConclusion, VectorEvidence};
use crate::verdict::{Broken, Verdict};
use conform402_vectors::Level;
use conform402_wire::adapter::Identity;

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Version of the harness.
    pub conform402: &'static str,
    /// Who was tested.
    pub target: Identity,
    /// On what.
    pub testbed: TestbedSummary,
    /// How many checks and vectors ended how.
    pub summary: Summary,
    /// Selected vectors that do not apply: of operations the target does not
    /// declare, or of another dialect than the one asked for. None is listed.
    pub vectors_not_applicable: usize,
    /// Known failures that no longer fail.
    pub stale: Vec<String>,
    /// What the process exits with.
    pub exit: u8,
    /// Every selected check, by id, and every vector that was to be asked.
    pub checks: Vec<CheckReport>,
}

/// The testbed of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestbedSummary {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Keys derive from it.
    pub seed: u64,
    /// Version of anvil.
    pub anvil: String,
}

/// Counts by verdict. Known failures count as failures here too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Summary {
    /// Promises kept.
    pub pass: usize,
    /// MUSTs broken.
    pub fail: usize,
    /// SHOULDs broken.
    pub warn: usize,
    /// Not claimed by the target.
    pub not_applicable: usize,
    /// Undecided.
    pub inconclusive: usize,
    /// How many of `fail` the baseline knows.
    pub known_failures: usize,
}

/// What a result of a report is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A check.
    Check,
    /// A golden vector.
    Vector,
}

/// One check or vector of a report.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckReport {
    /// Id.
    pub id: String,
    /// Which of the two it is.
    pub kind: Kind,
    /// Level.
    pub level: Level,
    /// Verdict.
    pub verdict: Verdict,
    /// Why, unless it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Why the baseline expects it to fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub known_failure: Option<String>,
    /// Where the promise stands.
    pub sources: Vec<Source>,
    /// The bytes.
    pub evidence: Evidence,
    /// The bytes of a vector, unless it passed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vector: Option<VectorEvidence>,
    #[serde(skip)]
    group: String,
    #[serde(skip)]
    is_ours: bool,
    #[serde(skip)]
    for_want_of_control: bool,
}

impl Report {
    pub(crate) fn new(
        target: Identity,
        testbed: TestbedSummary,
        conclusions: Vec<Conclusion>,
        asked: Asked,
        baseline: Option<&Baseline>,
        stale: Vec<String>,
    ) -> Self {
        let known = |id: &str, verdict: Verdict| {
            let known = baseline.and_then(|baseline| baseline.reason(id)).map(str::to_owned);
            known.filter(|_| verdict == Verdict::Fail)
        };
        let check = |conclusion: Conclusion| {
            let id = conclusion.check.id();
            let verdict = conclusion.verdict();
            CheckReport {
                kind: Kind::Check,
                level: conclusion.check.level,
                verdict,
                reason: conclusion.outcome.as_ref().err().map(ToString::to_string),
                known_failure: known(&id, verdict),
                sources: conclusion.check.sources.to_vec(),
                vector: None,
                group: conclusion.check.group(),
                is_ours: matches!(conclusion.outcome, Err(Broken::Ours(_))),
                for_want_of_control: conclusion.for_want_of_control,
                evidence: conclusion.evidence,
                id,
            }
        };
        let vector = |case: CaseConclusion| {
            let verdict = case.verdict();
            let reason = case.outcome.err().map(|broken| broken.to_string());
            CheckReport {
                kind: Kind::Vector,
                level: case.level,
                verdict,
                vector: reason.is_some().then_some(case.evidence),
                reason,
                known_failure: known(&case.id, verdict),
                sources: case.sources,
                evidence: Evidence::default(),
                group: case.operation,
                is_ours: false,
                for_want_of_control: case.for_want_of_control,
                id: case.id,
            }
        };
        let mut checks: Vec<CheckReport> = conclusions.into_iter().map(check).collect();
        checks.extend(asked.cases.into_iter().map(vector));
        let mut report = Self {
            conform402: env!("CARGO_PKG_VERSION"),
            target,
            testbed,
            summary: summarize(&checks),
            vectors_not_applicable: asked.not_applicable,
            stale,
            exit: 0,
            checks,
        };
        report.exit = report.exit_code();
        report
    }

    /// 0: conforms, or only known failures fail. 1: the target fails, or its
    /// baseline is stale. 2: something is ours, undecided, or nothing was run.
    /// A check undecided for want of its control adds nothing to the control's
    /// own failure.
    fn exit_code(&self) -> u8 {
        let decided = self.summary.pass + self.summary.fail + self.summary.warn;
        if decided == 0 || self.checks.iter().any(|check| check.is_ours) {
            return 2;
        }
        if self.summary.fail > self.summary.known_failures || !self.stale.is_empty() {
            return 1;
        }
        let undecided = |check: &CheckReport| {
            check.verdict == Verdict::Inconclusive && !check.for_want_of_control
        };
        if self.checks.iter().any(undecided) { 2 } else { 0 }
    }

    fn by_group(&self, kind: Kind) -> BTreeMap<&str, Summary> {
        let mut groups: BTreeMap<&str, Vec<&CheckReport>> = BTreeMap::new();
        for check in self.checks.iter().filter(|check| check.kind == kind) {
            groups.entry(&check.group).or_default().push(check);
        }
        groups.into_iter().map(|(group, checks)| (group, summarize(checks))).collect()
    }
}

fn summarize<'a>(checks: impl IntoIterator<Item = &'a CheckReport>) -> Summary {
    let mut summary = Summary::default();
    for check in checks {
        match check.verdict {
            Verdict::Pass => summary.pass += 1,
            Verdict::Fail => summary.fail += 1,
            Verdict::Warn => summary.warn += 1,
            Verdict::NotApplicable => summary.not_applicable += 1,
            Verdict::Inconclusive => summary.inconclusive += 1,
        }
        summary.known_failures += usize::from(check.known_failure.is_some());
    }
    summary
}

#[cfg(test)]
mod tests {
    use conform402_vectors::{Expectation, Refusal};
    use conform402_wire::Profile;
    use conform402_wire::adapter::{Capability, Evaluation};
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::check::{Check, Registry};
    use crate::http::{Answer, Exchange, Sent};
    use crate::target::KnownFailures;
    use crate::verdict::Outcome;

    fn check(name: &'static str, level: Level) -> &'static Check {
        Box::leak(Box::new(Check {
            module: "suites::mpp::area",
            name,
            case: None,
            level,
            is_control: false,
            own_chain: false,
            own_target: false,
            needs: &[],
            profile: None,
            killed_by: &["fault"],
            sources: &[Source { quote: "A server MUST.", document: "draft-x, \"Section\"" }],
            explanation: "",
            run: |_| Box::pin(async { Ok(()) }),
        }))
    }

    fn concluded(check: &'static Check, outcome: Outcome) -> Conclusion {
        let answer = Answer {
            status: 200,
            headers: vec![("content-type".into(), "text/plain".into())],
            body: "content".into(),
        };
        let request = Sent { method: "GET".into(), url: "http://t/".into(), ..Sent::default() };
        Conclusion {
            check,
            for_want_of_control: false,
            evidence: Evidence {
                exchanges: vec![Exchange { request, answer: Some(answer), failure: None }],
                ..Evidence::default()
            },
            holders: Vec::new(),
            outcome,
        }
    }

    /// A vector, with an id that exists.
    fn case(name: &str, level: Level, outcome: Outcome) -> CaseConclusion {
        let answered = match outcome {
            Ok(()) => Some(Evaluation::Refusal("bad signature".into())),
            Err(Broken::Promise(_)) => Some(Evaluation::Output(json!({ "signer": "0x402" }))),
            Err(_) => None,
        };
        CaseConclusion {
            operation: "evm.voucher.verify".into(),
            id: format!("evm.voucher.verify.{name}"),
            level,
            sources: vec![Source { quote: "A server MUST.", document: "draft-x, \"Section\"" }],
            outcome,
            for_want_of_control: false,
            evidence: VectorEvidence {
                comment: "s in the upper half".into(),
                bugs: [("MalleableSignature".into(), "takes any s".into())].into(),
                input: json!({ "signature": "0x402" }),
                expected: Expectation::Invalid { refusal: Refusal("signature-high-s".into()) },
                answered,
            },
        }
    }

    fn report(conclusions: Vec<Conclusion>, baseline: Option<&Baseline>, stale: &[&str]) -> Report {
        report_of(conclusions, Vec::new(), baseline, stale)
    }

    fn report_of(
        conclusions: Vec<Conclusion>,
        cases: Vec<CaseConclusion>,
        baseline: Option<&Baseline>,
        stale: &[&str],
    ) -> Report {
        let target = Identity {
            contract: 1,
            name: "target".into(),
            sdk: "sdk".into(),
            version: "1.2.3".into(),
            language: "rust".into(),
            profiles: vec![Profile::OkxNode],
            capabilities: vec![Capability::Charge],
            operations: cases.iter().map(|case| case.operation.clone()).take(1).collect(),
            faults: Vec::new(),
        };
        let testbed = TestbedSummary { chain_id: 196, seed: 402, anvil: "1".into() };
        let stale = stale.iter().map(ToString::to_string).collect();
        let asked = Asked { cases, not_applicable: 3000 };
        Report::new(target, testbed, conclusions, asked, baseline, stale)
    }

    fn broken() -> Outcome {
        Err(Broken::promise("the content is given away (200)"))
    }

    fn baseline(id: &str) -> Baseline {
        let known = KnownFailures { reason: "The SDK sleeps".into(), checks: vec![id.into()] };
        Baseline::new("target", &[known], &Registry::collect()).unwrap()
    }

    #[rstest]
    #[case::passes(Level::Must, Ok(()), 0)]
    #[case::breaks_a_must(Level::Must, broken(), 1)]
    #[case::breaks_only_a_should(Level::Should, broken(), 0)]
    #[case::ours(Level::Must, Err(Broken::Ours("x".into())), 2)]
    #[case::undecided(Level::Must, Err(Broken::Undecided("x".into())), 2)]
    #[case::nothing_applies(Level::Must, Err(Broken::NotApplicable("x".into())), 2)]
    fn exits(#[case] level: Level, #[case] outcome: Outcome, #[case] code: u8) {
        let of_a_check = report(vec![concluded(check("a", level), outcome.clone())], None, &[]);
        let of_a_vector = report_of(Vec::new(), vec![case("high-s", level, outcome)], None, &[]);
        assert_eq!((of_a_check.exit, of_a_vector.exit), (code, code));
    }

    #[test]
    fn nothing_run_is_not_green() {
        assert_eq!(report(Vec::new(), None, &[]).exit, 2);
    }

    #[test]
    fn a_stale_baseline_fails() {
        let passed = concluded(check("a", Level::Must), Ok(()));
        assert_eq!(report(vec![passed], None, &["mpp.area.a"]).exit, 1);
    }

    #[rstest]
    #[case::it_fails(Level::Must, broken(), Verdict::Fail, true)]
    #[case::it_only_warns(Level::Should, broken(), Verdict::Warn, false)]
    #[case::it_passes(Level::Must, Ok(()), Verdict::Pass, false)]
    fn a_vector_in_the_baseline_is_a_known_failure_while(
        #[case] level: Level,
        #[case] outcome: Outcome,
        #[case] verdict: Verdict,
        #[case] known: bool,
    ) {
        let baseline = baseline("evm.voucher.verify.high-s");
        let cases = vec![case("high-s", level, outcome)];
        let report = report_of(Vec::new(), cases, Some(&baseline), &[]);
        let vector = &report.checks[0];
        assert_eq!((vector.kind, vector.verdict), (Kind::Vector, verdict));
        assert_eq!((vector.known_failure.is_some(), report.exit), (known, 0));
        let observed = [(vector.id.as_str(), vector.verdict)].into();
        assert_eq!(baseline.stale(&observed).is_empty(), known);
    }

    #[test]
    fn a_failed_control_is_counted_once() {
        let mut dependent =
            concluded(check("b", Level::Must), Err(Broken::Undecided("no control".into())));
        dependent.for_want_of_control = true;
        let control = concluded(check("a", Level::Must), Ok(()));
        assert_eq!(report(vec![control, dependent], None, &[]).exit, 0);
    }

    #[test]
    fn the_report_for_people() {
        let conclusions = vec![
            concluded(check("keeps", Level::Must), Ok(())),
            concluded(check("breaks", Level::Must), broken()),
            concluded(check("forgets", Level::Should), broken()),
            concluded(check("misses", Level::Must), Err(Broken::Undecided("no answer".into()))),
        ];
        let text = report(conclusions, None, &["mpp.area.mended"]).to_terminal();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text));
    }

    #[rstest]
    #[case::few_are_shown_with_their_bytes(12, true)]
    #[case::many_with_their_reason_alone(13, false)]
    fn of_warnings(#[case] warnings: usize, #[case] with_bytes: bool) {
        let conclusions =
            (0..warnings).map(|_| concluded(check("forgets", Level::Should), broken())).collect();
        let text = report(conclusions, None, &[]).to_terminal();
        assert_eq!(text.contains("> GET http://t/"), with_bytes);
        assert_eq!(text.matches("the content is given away (200)").count(), warnings);
    }

    #[test]
    fn the_vectors_of_a_report_for_people() {
        let undecided = |reason: &str| Err(Broken::Undecided(reason.to_owned()));
        let taken = || Err(Broken::promise("is taken, and must be refused: signature-high-s"));
        let mut unproven = case("no-control", Level::Must, undecided("no valid case passes"));
        unproven.for_want_of_control = true;
        let cases = vec![
            case("plain", Level::Must, Ok(())),
            case("taken", Level::Must, taken()),
            case("unwise", Level::Should, taken()),
            case("high-s", Level::Must, taken()),
            case("slow", Level::Must, undecided("no complete answer within 15 s")),
            case("next", Level::Must, undecided("the adapter ended (exit status: 3)")),
            case("last", Level::Must, undecided("the adapter ended (exit status: 3)")),
            unproven,
        ];
        let baseline = baseline("evm.voucher.verify.high-s");
        let stale = ["evm.voucher.verify.mended"];
        let text = report_of(Vec::new(), cases, Some(&baseline), &stale).to_terminal();
        insta::assert_snapshot!(anstream::adapter::strip_str(&text));
    }
}
