//! What holds for the whole set, and for the folder that holds it.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use conform402_vectors::check::check;
use conform402_vectors::diff::diff;
use conform402_vectors::{Case, Deployment, Expectation, VERSION, VectorSet};
use conform402_wire::json::canonical;
use rstest::rstest;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../vectors")
}

/// The default set, which takes a while to make.
static SET: LazyLock<VectorSet> =
    LazyLock::new(|| VectorSet::generate(&Deployment::default()).unwrap());

/// A folder with the default set, to be spoilt.
fn written() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    SET.write(folder.path()).unwrap();
    folder
}

#[test]
fn the_committed_files_are_what_is_generated_byte_for_byte() {
    // A second time, since the first could be what is committed by chance.
    let again = VectorSet::generate(&Deployment::default()).unwrap().texts().unwrap();
    assert!(again == SET.texts().unwrap());
    for (path, text) in again {
        let committed = std::fs::read_to_string(committed().join(&path)).unwrap_or_default();
        assert!(committed == text, "{path} is out of date: run `conform402 vectors generate`");
    }
    let findings = check(&committed()).unwrap();
    assert_eq!(findings.complaints, Vec::<String>::new());
}

/// A line for each case: its id, and a short hash of all that machines compare.
/// Comments, and words for a refusal, may change.
fn edition() -> String {
    let promise = |(input, case): (Value, &Case)| {
        let output = match &case.expectation {
            Expectation::Valid { output } => Some(output),
            Expectation::Invalid { .. } => None,
        };
        let asked = canonical(&(input, case.level, &case.steps, output)).unwrap();
        format!("{} {}\n", case.id, alloy::hex::encode(&Sha256::digest(asked)[..4]))
    };
    let lines: BTreeSet<String> =
        SET.files.iter().flat_map(|file| file.cases()).map(promise).collect();
    lines.into_iter().collect()
}

/// Whoever consumes a version must find what it promised in the next, until the
/// first number rises.
#[test]
fn an_edition_keeps_its_promises() {
    let name = format!("edition-{}.txt", VERSION.split('.').next().unwrap());
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join(&name);
    let promised = std::fs::read_to_string(&here).unwrap_or_default();
    let (old, made) = (promised.lines().collect::<BTreeSet<_>>(), edition());
    let new: BTreeSet<_> = made.lines().collect();
    let written = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&name);
    std::fs::write(&written, &made).unwrap();
    assert!(
        promised == made,
        "{name} promises {:#?}, and generated is {:#?}\n\
         An id never disappears. Where a known case asks something else, undo that, or raise the \
         first number of VERSION, which is {VERSION}, and rename the edition after it; for new \
         cases raise the second. Then: cp {} {}",
        old.difference(&new).collect::<Vec<_>>(),
        new.difference(&old).collect::<Vec<_>>(),
        written.display(),
        here.display()
    );
}

#[test]
fn most_cases_are_negative() {
    let (cases, negative) = SET.count();
    assert!(cases >= 1000 && negative * 10 >= cases * 6, "{negative} of {cases}");
}

/// Whatever depends on the chain differs on another; nothing else does.
#[test]
fn another_chain_changes_every_domain_and_digest() {
    let steps = |chain_id: u64| {
        let set = VectorSet::generate(&Deployment { chain_id, ..Deployment::default() }).unwrap();
        let mut values = BTreeMap::new();
        for (input, case) in set.files.iter().flat_map(|file| file.cases()) {
            let names = ["domainSeparator", "digest"];
            let on_a_chain = input["domain"].get("chainId").is_some();
            for name in names.into_iter().filter(|_| on_a_chain) {
                if let Some(value) = case.steps.get(name) {
                    values.insert((case.id.clone(), name), value.clone());
                }
            }
        }
        values
    };
    let (here, there) = (steps(196), steps(8453));
    assert_eq!(here.keys().collect::<Vec<_>>(), there.keys().collect::<Vec<_>>());
    let alike: Vec<_> = here.iter().filter(|(key, value)| there[*key] == **value).collect();
    assert!(here.len() > 500 && alike.is_empty(), "{alike:?}");
}

fn edit(folder: &Path, path: &str, change: impl Fn(&mut Value)) {
    let path = folder.join(path);
    let mut file: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
    change(&mut file);
    std::fs::write(&path, serde_json::to_string_pretty(&file).unwrap() + "\n").unwrap();
}

#[rstest]
#[case::a_changed_byte(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["summary"] = "x".into()), "whose hash the manifest has")]
#[case::a_missing_file(|folder: &Path| std::fs::remove_file(folder.join("evm/channel.id.json")).unwrap(), "which is missing")]
#[case::a_foreign_file(|folder: &Path| std::fs::write(folder.join("evm/x.json"), "{}").unwrap(), "is not in the manifest")]
#[case::no_json(|folder: &Path| std::fs::write(folder.join("evm/channel.id.json"), "{").unwrap(), "not JSON")]
#[case::no_manifest(|folder: &Path| std::fs::remove_file(folder.join("manifest.json")).unwrap(), "manifest.json: is missing")]
#[case::another_shape(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"] = "x".into()), "is not of type")]
#[case::another_output(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"][0]["cases"][0]["output"]["channelId"] = "0x".into()), "this build makes output")]
#[case::another_step(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"][0]["cases"][0]["steps"]["encoded"] = "0x".into()), "takes other steps")]
#[case::an_id_twice(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"][0]["cases"][1]["id"] = "evm.channel.id.no-delegate".into()), "stands twice")]
#[case::an_id_of_another(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"][0]["cases"][0]["id"] = "evm.voucher.id.x".into()), "is not an id of this file")]
#[case::an_unexplained_flag(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"][0]["cases"][0]["flags"][0] = "Unheard".into()), "is not explained")]
#[case::an_idle_flag(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["flags"]["Idle"] = serde_json::json!({ "hunts": "nothing" })), "no case has the flag Idle")]
#[case::an_unconsumed_file(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["operation"] = "evm.unheard".into()), "nothing consumes its cases")]
#[case::another_level(|folder: &Path| edit(folder, "evm/channel.id.json", |file| file["groups"][0]["cases"][0]["level"] = "should".into()), "is not what this build generates")]
#[case::an_operation_left_out(|folder: &Path| std::fs::remove_file(folder.join("evm/channel.id.json")).unwrap(), "this build generates it")]
#[case::a_wrong_count(|folder: &Path| edit(folder, "manifest.json", |file| file["negative"] = 1.into()), "counts other cases")]
fn check_finds(#[case] spoil: fn(&Path), #[case] complaint: &str) {
    let folder = written();
    spoil(folder.path());
    let complaints = check(folder.path()).unwrap().complaints;
    assert!(complaints.iter().any(|told| told.contains(complaint)), "{complaints:#?}");
}

#[test]
fn an_empty_folder_is_not_green() {
    let folder = tempfile::tempdir().unwrap();
    assert!(!check(folder.path()).unwrap().complaints.is_empty());
}

#[test]
fn nothing_is_not_compared() {
    let (old, new) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    assert!(diff(old.path(), new.path()).is_err());
}

#[test]
fn diff_tells_what_changed() {
    let (old, new) = (written(), written());
    assert!(diff(old.path(), new.path()).unwrap().is_empty());
    edit(new.path(), "evm/channel.id.json", |file| {
        file["summary"] = "x".into();
        let cases = file["groups"][0]["cases"].as_array_mut().unwrap();
        cases.remove(0);
        cases[0]["output"]["channelId"] = "0x".into();
        cases[1]["id"] = "evm.channel.id.renamed".into();
    });
    let difference = diff(old.path(), new.path()).unwrap();
    assert_eq!(difference.added, ["evm.channel.id.renamed"]);
    assert_eq!(difference.removed.len(), 2);
    assert_eq!(difference.changed.values().collect::<Vec<_>>(), [&["output"]]);
    assert_eq!(difference.about, ["evm/channel.id.json summary"]);
}

#[test]
fn a_folder_of_something_else_is_not_written_to() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("precious.txt"), "x").unwrap();
    assert!(SET.write(folder.path()).is_err());
}

#[test]
fn a_manifest_of_something_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = r#"{ "manifest_version": 3, "files": [{ "path": "precious.js" }] }"#;
    for (name, text) in [("manifest.json", manifest), ("precious.js", "x")] {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    assert!(SET.write(folder.path()).is_err());
    assert!(folder.path().join("precious.js").exists());
}

#[test]
fn vectors_of_another_deployment_are_not_overwritten() {
    let folder = written();
    let deployment = Deployment { chain_id: 1, ..Deployment::default() };
    let refused = VectorSet::generate(&deployment).unwrap().write(folder.path()).unwrap_err();
    assert!(refused.to_string().contains("another deployment"), "{refused}");
}

#[test]
fn files_of_an_earlier_set_are_removed() {
    let folder = written();
    let stale = folder.path().join("evm/stale.json");
    std::fs::write(&stale, "{}").unwrap();
    edit(folder.path(), "manifest.json", |manifest| {
        let entry = serde_json::json!({ "path": "evm/stale.json", "sha256": "0".repeat(64) });
        manifest["files"].as_array_mut().unwrap().push(entry);
    });
    SET.write(folder.path()).unwrap();
    assert!(!stale.exists());
}
