//! The command against the reference target, and what it says to bad input.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use common::conform402;
use common::report::{assert_valid, report, with_verdict};
use rstest::rstest;

#[test]
fn the_reference_conforms_and_its_report_follows_the_schema() {
    let (code, report) = report(&["run", "reference"]);
    assert_eq!(code, 0);
    assert_valid(&report);
    let checks = report["checks"].as_array().unwrap();
    assert!(checks.len() >= 110, "{} checks", checks.len());
    assert_eq!(report["summary"]["pass"], checks.len());
    let told = report.to_string();
    for secret in ["conform402-passphrase", "ok-access"] {
        assert!(!told.contains(secret), "{secret} stands in the report");
    }
}

#[test]
fn a_fault_fails_the_run_and_shows_its_evidence() {
    let arguments = ["run", "reference", "--filter", "mpp.receipt.*", "--fault", "shares-receipts"];
    let (code, report) = report(&arguments);
    assert_eq!(code, 1);
    assert_valid(&report);
    let failed = with_verdict(&report, "fail");
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["id"], "mpp.receipt.an-answer-with-a-receipt-is-private");
    let evidence = &failed[0]["evidence"];
    assert_eq!(evidence["exchanges"][1]["answer"]["status"], 200);
    assert_eq!(evidence["facilitator"][0]["endpoint"], "/api/v6/pay/mpp/charge/settle");
    assert_eq!(evidence["movements"].as_array().unwrap().len(), 2);
}

/// A filter must not remove the control without which its checks decide nothing.
#[test]
fn a_filter_keeps_the_control() {
    let filter = ["run", "reference", "--filter", "mpp.charge.transaction.another-value*"];
    let (code, report) = report(&[&filter[..], &["--fault", "withholds-paid-content"]].concat());
    assert_eq!(code, 1);
    assert_eq!((&report["summary"]["fail"], &report["summary"]["pass"]), (&1.into(), &0.into()));
}

#[test]
fn the_same_run_twice_gives_the_same_verdicts() {
    let verdicts = || {
        let (_, report) = report(&["run", "reference", "--filter", "mpp.{binding,charge}.*"]);
        let checks = report["checks"].as_array().unwrap().clone();
        checks.iter().map(|c| (c["id"].clone(), c["verdict"].clone())).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(), verdicts());
}

#[test]
fn another_chain_and_seed_conform_too() {
    let run = conform402(&["run", "reference", "--chain-id", "31337", "--seed", "7"]);
    assert_eq!(run.code, 0, "{}", run.stdout);
}

#[rstest]
#[case::target(&["run", "nope"], "okx-python-mpp, pympp, reference")]
#[case::filter(&["run", "reference", "--filter", "nope.*"], "mpp.charge.splits.*")]
#[case::pattern(&["list", "--filter", "mpp.[*"], "is not a pattern")]
#[case::profile(&["run", "reference", "--profile", "nope"], "okx-node, okx-python, okx-rust")]
#[case::fault(&["run", "reference", "--fault", "nope"], "delivers-on-sa-refusal")]
#[case::check(&["explain", "mpp.charge.splits.nope"], "mpp.charge.splits.an-added-split-is-refused")]
#[case::fault_filter(&["kill-matrix", "--fault", "nope"], "delivers-on-sa-refusal")]
fn what_is_unknown_names_what_is_known(#[case] arguments: &[&str], #[case] known: &str) {
    let ran = conform402(arguments);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(known), "{}", ran.stderr);
}

#[test]
fn a_check_explains_itself() {
    let ran = conform402(&["explain", "mpp.charge.splits.the-limits-are-paid.ten"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.stdout);
}

#[test]
fn the_list_names_every_check_with_its_level() {
    let ran = conform402(&["list", "--filter", "mpp.receipt.*"]);
    assert_eq!(ran.code, 0);
    insta::assert_snapshot!(ran.stdout);
}
