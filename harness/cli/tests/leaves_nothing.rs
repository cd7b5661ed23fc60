//! A run leaves no process and no file behind, however it ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};

use common::{command, target};
use rstest::rstest;

/// The processes whose command line has `mark`, by id, but for this one's.
fn processes_marked(mark: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/proc").unwrap().flatten();
    entries
        .filter_map(|entry| {
            let line = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
            line.contains(mark).then(|| line.replace('\0', " "))
        })
        .collect()
}

fn files_in(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect()
}

#[rstest]
#[case::to_its_end(&["run", "reference", "--filter", "mpp.receipt.*", "--chain-id", "402001"], "402001")]
#[case::with_a_failure(&["run", "reference", "--filter", "mpp.receipt.*", "--fault", "omits-the-receipt", "--chain-id", "402002"], "402002")]
fn after_a_run(#[case] arguments: &[&str], #[case] mark: &str) {
    let folder = tempfile::tempdir().unwrap();
    command(arguments).env("TMPDIR", folder.path()).output().unwrap();
    assert_eq!(processes_marked(mark), Vec::<String>::new());
    assert_eq!(files_in(folder.path()), Vec::<std::path::PathBuf>::new());
}

#[test]
fn after_a_target_that_crashes() {
    let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let start = "echo conform402-adapter http://127.0.0.1:1; exit 1";
    let path = target(folder.path(), start);
    command(&["run", &path, "--chain-id", "402003"]).env("TMPDIR", files.path()).output().unwrap();
    assert_eq!(processes_marked("402003"), Vec::<String>::new());
    assert_eq!(files_in(files.path()), Vec::<std::path::PathBuf>::new());
}

/// Neither the target's children nor those of its set-up outlive the run.
#[rstest]
#[case::of_the_target(
    "402006",
    "(sleep 402006 &) ; echo conform402-adapter http://127.0.0.1:1; cat",
    ""
)]
#[case::of_a_failing_setup("402007", "cat", "(sleep 402007 &) ; exit 1")]
fn after_children(#[case] mark: &str, #[case] start: &str, #[case] setup: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = target(folder.path(), start);
    if !setup.is_empty() {
        let manifest = folder.path().join("target.toml");
        let start = std::fs::read_to_string(&manifest).unwrap();
        std::fs::write(&manifest, format!("setup = [\"sh\", \"-c\", \"{setup}\"]\n{start}"))
            .unwrap();
    }
    let ran = command(&["run", &path]).output().unwrap();
    assert_eq!(ran.status.code(), Some(2));
    assert_eq!(processes_marked(mark), Vec::<String>::new());
}

/// The signal comes once the target is up, so that chain and target both run.
#[rstest]
#[case::ctrl_c("INT", "402004")]
#[case::terminated("TERM", "402005")]
fn after_a_signal(#[case] signal: &str, #[case] mark: &str) {
    let (folder, files) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    // Up, but never to be connected to: the run waits for its identity.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let start = format!("echo conform402-adapter http://127.0.0.1:{port}; exec cat # {mark}");
    let path = target(folder.path(), &start);
    let mut child = command(&["run", &path, "--chain-id", mark])
        .env("TMPDIR", files.path())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut asked, _) = listener.accept().unwrap();
    let _ = BufReader::new(&mut asked).read_line(&mut String::new());
    assert!(!processes_marked(mark).is_empty());
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(2));
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    assert!(told.contains(&format!("interrupted by SIG{signal}")), "{told}");
    assert_eq!(processes_marked(mark), Vec::<String>::new());
    assert_eq!(files_in(files.path()), Vec::<std::path::PathBuf>::new());
}
