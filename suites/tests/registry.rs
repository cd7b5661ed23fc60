//! What holds for every check.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeSet;
use std::path::Path;

use conform402_suites::registry;

/// Ids are never reused and never disappear: reports, baselines and habits
/// refer to them. `conform402 list` writes the ids to add.
#[test]
fn no_id_of_an_edition_disappears() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("edition-1.txt");
    let frozen = std::fs::read_to_string(file).unwrap();
    let present: BTreeSet<String> = registry().iter().map(|check| check.id()).collect();
    let gone: Vec<&str> = frozen.lines().filter(|id| !present.contains(*id)).collect();
    assert_eq!(gone, Vec::<&str>::new());
    assert!(frozen.lines().count() >= 110);
}

#[test]
fn ids_are_unique_and_readable() {
    let ids: Vec<String> = registry().iter().map(|check| check.id()).collect();
    let distinct: BTreeSet<&String> = ids.iter().collect();
    assert_eq!(distinct.len(), ids.len());
    for id in &ids {
        let plain =
            id.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-".contains(c));
        assert!(plain && !id.contains(".-") && !id.contains("-."), "{id}");
    }
}

#[test]
fn every_check_names_the_file_it_stands_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    for check in registry().iter() {
        assert!(root.join(check.file()).is_file(), "{}", check.file());
    }
}

#[test]
fn every_group_has_one_control() {
    let groups: BTreeSet<String> = registry().iter().map(|check| check.group()).collect();
    for group in groups {
        let controls = registry().iter().filter(|c| c.group() == group && c.is_control).count();
        assert_eq!(controls, 1, "{group}");
    }
}

#[test]
fn every_check_has_a_source_and_a_fault() {
    for check in registry().iter() {
        assert!(!check.sources.is_empty(), "{}", check.id());
        assert!(!check.killed_by.is_empty(), "{}", check.id());
    }
}
