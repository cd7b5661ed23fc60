//! The catalogue of faults.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::process::Command;

fn reference(arguments: &[&str]) -> std::process::Output {
    Command::new(env!("CARGO_BIN_EXE_conform402-reference")).args(arguments).output().unwrap()
}

#[test]
fn each_fault_is_declared_in_one_place() {
    let listed = String::from_utf8(reference(&["--list-faults"]).stdout).unwrap();
    let names: Vec<&str> =
        listed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let distinct: BTreeSet<&&str> = names.iter().collect();
    assert!(names.len() >= 90, "{} faults", names.len());
    assert_eq!(distinct.len(), names.len(), "{listed}");
}

#[test]
fn an_unknown_fault_is_refused() {
    let refused = reference(&["--fault", "nope"]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("nope"));
}
