//! Loads of a handful of vouchers: what they count, and what they make of a
//! seller that errs. None of it hangs on how long anything takes.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use axum::routing::{get, post};
use axum::{Json, Router};
use common::report::{assert_follows, report};
use common::{Ran, conform402, target};
use rstest::rstest;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Of each load.
const ROUNDS: u64 = 3;

#[test]
fn every_voucher_of_a_load_is_counted() {
    let (code, report) = report(&["load", "reference", "--vouchers", "7", "--channels", "1,3"]);
    assert_eq!(code, 0);
    assert_follows("load.schema.json", &report);
    assert_eq!((&report["exit"], &report["rounds"]), (&0.into(), &ROUNDS.into()));
    let loads = report["loads"].as_array().unwrap();
    assert_eq!(loads.len(), 2);
    // Seven over three channels are three each.
    for (load, (channels, vouchers)) in loads.iter().zip([(1, 7), (3, 9)]) {
        assert_eq!((&load["channels"], &load["vouchers"]), (&channels.into(), &vouchers.into()));
        for side in [&load["target"], &load["reference"]] {
            assert_eq!(side["sold"], vouchers * ROUNDS);
            assert_eq!(side["errors"], json!({}));
            assert_eq!(side["eachRound"].as_array().unwrap().len(), 3);
        }
        assert!(load["ratio"].is_object());
    }
    let told = report.to_string();
    for secret in ["conform402-passphrase", "/tmp", env!("CARGO_MANIFEST_DIR")] {
        assert!(!told.contains(secret), "{secret} stands in the report");
    }
}

/// Of four vouchers a round on a channel, and two ahead of it.
#[rstest]
#[case::sells_nothing("withholds-paid-content", 1, 0, 18, "sold 0 times for 18 vouchers")]
#[case::takes_the_money_of_two("charges-twice", 1, 6, 9, "sold 9 times for 18 vouchers")]
#[case::counts_half_of_it("charges-half", 1, 12, 0, "more than the 18 vouchers")]
#[case::keeps_the_last("stops-short-of-the-deposit", 2, 22, 2, "sold 17 times for 18 vouchers")]
fn a_seller_that_errs(
    #[case] fault: &str,
    #[case] channels: u64,
    #[case] sold: u64,
    #[case] errors: u64,
    #[case] failure: &str,
) {
    let vouchers = (4 * channels).to_string();
    let channels = channels.to_string();
    let load = ["load", "reference", "--vouchers", &vouchers, "--channels", &channels];
    let (code, report) = report(&[&load[..], &["--fault", fault]].concat());
    assert_eq!((code, &report["exit"]), (1, &1.into()));
    assert_follows("load.schema.json", &report);
    assert_eq!(report["target"]["faults"], json!([fault]));
    let load = &report["loads"][0];
    let counted = load["target"]["errors"].as_object().unwrap().values();
    let counted: u64 = counted.map(|count| count.as_u64().unwrap()).sum();
    assert_eq!((&load["target"]["sold"], counted), (&sold.into(), errors));
    let told = load["target"]["failure"].as_str().unwrap_or_default();
    assert!(told.contains(failure), "{told:?}");
    assert_eq!(load["reference"]["errors"], json!({}), "the one beside it is sound");
}

#[rstest]
#[case::target(&["load", "nope"], "okx-python-mpp, pympp, reference")]
#[case::fault(&["load", "reference", "--fault", "nope"], "charges-twice")]
#[case::fault_of_an_operation(&["load", "reference", "--fault", "evm.voucher.verify:HighS"], "evm.voucher.verify:HighS")]
#[case::no_channel(&["load", "reference", "--channels", "0"], "--channels")]
#[case::no_voucher(&["load", "reference", "--vouchers", "0"], "--vouchers")]
fn what_cannot_be_asked_for(#[case] arguments: &[&str], #[case] told: &str) {
    let ran = conform402(arguments);
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

#[tokio::test]
async fn a_target_without_sessions_is_not_loaded() {
    let ran = load_of(&["charge"]).await;
    assert_eq!(ran.code, 2, "{}", ran.stdout);
    assert!(ran.stderr.contains("other does not declare session"), "{}", ran.stderr);
}

#[tokio::test]
async fn declared_and_refused_is_not_green() {
    let ran = load_of(&["session"]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stdout.contains("not today"), "{}", ran.stdout);
}

/// Loads a target that declares these, and serves no offer.
async fn load_of(capabilities: &[&str]) -> Ran {
    let identity = json!({
        "contract": 1, "name": "other", "sdk": "other", "version": "0", "language": "rust",
        "profiles": ["okx-node"], "capabilities": capabilities,
    });
    let refuse = |Json(mount): Json<Value>| async move {
        let path = mount["offers"][0]["path"].clone();
        Json(json!({"refused": [{"path": path, "reason": "not today"}]}))
    };
    let adapter = Router::new()
        .route("/conform402/identity", get(move || async move { Json(identity) }))
        .route("/conform402/mounts", post(refuse));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let start = format!("echo conform402-adapter http://{}; cat", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, adapter).await });
    let run = move || {
        let folder = tempfile::tempdir().unwrap();
        conform402(&["load", &target(folder.path(), &start), "--vouchers", "4"])
    };
    tokio::task::spawn_blocking(run).await.unwrap()
}
