//! Running the command as a person would.
#![allow(dead_code, reason = "each test file uses its part")]

pub mod report;

use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The outcome of one call.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Calls `conform402`.
pub fn conform402(arguments: &[&str]) -> Ran {
    finished(command(arguments).output().unwrap())
}

/// The command, unstarted.
pub fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_conform402"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Reads what a call left.
pub fn finished(output: Output) -> Ran {
    Ran {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A target in a folder of its own, started by a line of shell.
pub fn target(folder: &Path, start: &str) -> String {
    let manifest = format!("start = [\"sh\", \"-c\", '''{start}''']\n");
    std::fs::write(folder.join("target.toml"), manifest).unwrap();
    folder.to_str().unwrap().to_owned()
}
