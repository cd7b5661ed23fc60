//! The adapter's process: set-up, start, log, end.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::{Target, TargetError};
use conform402_wire::adapter::READY;

/// How long a set-up may take; it may have to fetch packages.
const SETUP_TIMEOUT: Duration = Duration::from_mins(15);

/// How long an adapter may take to print that it listens.
const START_TIMEOUT: Duration = Duration::from_secs(60);

/// How long an adapter may take to end once its standard input is closed.
const STOP_TIMEOUT: Duration = Duration::from_secs(5);

/// How long to wait for what an ended adapter printed last.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Log lines kept to be shown when something fails.
const LOG_LINES: usize = 40;

/// Longest log line kept; a hostile adapter may print without end.
const LOG_LINE_LENGTH: u64 = 64 * 1024;

/// A running adapter. Its standard input stays open as long as this lives, so
/// that it cannot outlive the harness.
#[derive(Debug)]
pub(crate) struct Process {
    name: String,
    child: Child,
    group: Group,
    stdin: Option<ChildStdin>,
    log: Log,
    readers: Vec<JoinHandle<()>>,
    /// Where it listens.
    pub url: String,
}

impl Process {
    /// Sets the target up and starts its adapter.
    pub async fn start(
        target: &Target,
        notice: &(dyn Fn(&str) + Sync),
    ) -> Result<Self, TargetError> {
        if !target.setup.is_empty() {
            set_up(target, notice).await?;
        }
        Self::launch(target).await
    }

    /// Starts the adapter of a target that was set up before.
    pub async fn launch(target: &Target) -> Result<Self, TargetError> {
        let mut child = command(target, &target.start)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(|error| unusable(target, &target.start, &error))?;
        let group = Group::of(&child);
        let (lines, mut printed) = mpsc::channel(16);
        let log = Log::default();
        let readers = log.read(&mut child, lines);
        let stdin = child.stdin.take();
        let name = target.name.clone();
        let url_to_come = String::new();
        let mut process = Self { name, child, group, stdin, log, readers, url: url_to_come };
        let url = async {
            while let Some(line) = printed.recv().await {
                if let Some(url) = line.strip_prefix(READY) {
                    // Whatever else it prints has been logged; nobody listens.
                    printed.close();
                    return Some(url.trim().trim_end_matches('/').to_owned());
                }
            }
            None
        };
        let what = tokio::select! {
            url = url => match url {
                Some(url) if is_loopback(&url) => {
                    process.url = url;
                    return Ok(process);
                }
                Some(url) => format!("listens on {url}, which is not loopback"),
                None => "closed its standard output without saying where it listens".to_owned(),
            },
            status = process.child.wait() => format!("ended before it listened ({})", describe(status)),
            () = tokio::time::sleep(START_TIMEOUT) => {
                format!("did not say where it listens within {} s", START_TIMEOUT.as_secs())
            }
        };
        Err(process.failed(what).await)
    }

    /// Resolves when the adapter ends, and tells how.
    pub async fn ended(&mut self) -> String {
        describe(self.child.wait().await)
    }

    /// Resolves when the adapter ends, which it should not.
    pub async fn died(&mut self) -> TargetError {
        let status = self.ended().await;
        self.failed(format!("ended in the middle of the run ({status})")).await
    }

    /// The same error with the log, where it is about what the adapter did.
    pub async fn explain(&mut self, error: TargetError) -> TargetError {
        match error {
            TargetError::Contract { .. } | TargetError::NoAnswer { .. } => {
                self.failed(format!("breaks the contract: {error}")).await
            }
            error => error,
        }
    }

    /// What the adapter printed last.
    pub fn last_lines(&self) -> String {
        self.log.last_lines()
    }

    /// An error that carries the log.
    async fn failed(&mut self, what: String) -> TargetError {
        read_to_the_end(&mut self.readers).await;
        TargetError::Process { name: self.name.clone(), what, log: self.log.last_lines() }
    }

    /// Closes the adapter's standard input and waits for its end; kills it if
    /// it does not come.
    pub async fn stop(mut self) {
        drop(self.stdin.take());
        let _ = tokio::time::timeout(STOP_TIMEOUT, self.child.wait()).await;
    }

    /// Kills the adapter by SIGKILL, with all it started, in the middle of
    /// whatever it does.
    pub async fn kill(mut self) {
        self.group.kill();
        let _ = self.child.wait().await;
    }
}

/// A process and all it started. They have a process group of their own, which
/// is killed in the end, so that none outlives us.
#[derive(Debug)]
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn kill(&self) {
        if let Some(group) = self.0 {
            // Fails where nobody is left, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.kill();
    }
}

async fn set_up(target: &Target, notice: &(dyn Fn(&str) + Sync)) -> Result<(), TargetError> {
    let mut child = command(target, &target.setup)
        .stdin(Stdio::null())
        .spawn()
        .map_err(|error| unusable(target, &target.setup, &error))?;
    let _group = Group::of(&child);
    let log = Log::default();
    let (lines, mut printed) = mpsc::channel(16);
    let mut readers = log.read(&mut child, lines);
    // A child it leaves may hold its output open, so its end is awaited too.
    let run = async {
        loop {
            tokio::select! {
                line = printed.recv() => match line {
                    Some(line) => notice(&line),
                    None => break child.wait().await,
                },
                status = child.wait() => break status,
            }
        }
    };
    let status = match tokio::time::timeout(SETUP_TIMEOUT, run).await {
        Ok(Ok(status)) if status.success() => return Ok(()),
        Ok(status) => describe(status),
        Err(_) => format!("no end after {} s", SETUP_TIMEOUT.as_secs()),
    };
    drop(printed);
    read_to_the_end(&mut readers).await;
    Err(TargetError::Setup {
        name: target.name.clone(),
        command: target.setup.join(" "),
        status,
        requires: target.requires.clone(),
        log: log.last_lines(),
    })
}

/// A command of the manifest, run in the target's folder. `{bin}` stands for
/// the folder of this program, where a workspace build leaves the reference.
fn command(target: &Target, words: &[String]) -> Command {
    let program = words.first().cloned().unwrap_or_default();
    let program = match program.strip_prefix("{bin}/") {
        Some(name) => own_folder().join(name),
        None if program.contains('/') => target.folder.join(&program),
        None => PathBuf::from(program),
    };
    let mut command = Command::new(program);
    command
        .args(words.iter().skip(1))
        .current_dir(&target.folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    command
}

fn own_folder() -> PathBuf {
    let program = std::env::current_exe().unwrap_or_default();
    let folder = program.parent().unwrap_or_else(|| Path::new("."));
    // Tests run from a folder below the one that holds the programs.
    if folder.ends_with("deps") { folder.join("..") } else { folder.to_owned() }
}

fn unusable(target: &Target, words: &[String], error: &std::io::Error) -> TargetError {
    let is_ours = words.first().is_some_and(|program| program.starts_with("{bin}/"));
    let hint = if is_ours { "; run `cargo build --workspace` first" } else { "" };
    TargetError::Command {
        name: target.name.clone(),
        command: words.join(" ").replace("{bin}", &own_folder().display().to_string()),
        reason: format!("{error}{hint}"),
    }
}

fn describe(status: std::io::Result<ExitStatus>) -> String {
    status.map_or_else(|error| error.to_string(), |status| status.to_string())
}

fn is_loopback(url: &str) -> bool {
    let host = url.parse::<reqwest::Url>().ok().and_then(|url| url.host_str().map(str::to_owned));
    host.is_some_and(|host| {
        let host = host.trim_matches(['[', ']']);
        host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    })
}

/// The last lines of a log.
#[derive(Clone, Debug, Default)]
struct Log(Arc<Mutex<VecDeque<String>>>);

impl Log {
    /// Logs what `child` prints, and hands what it prints on its standard
    /// output to `lines` as long as somebody listens.
    fn read(&self, child: &mut Child, lines: mpsc::Sender<String>) -> Vec<JoinHandle<()>> {
        let stdout =
            child.stdout.take().map(|out| tokio::spawn(self.clone().follow(out, Some(lines))));
        let stderr = child.stderr.take().map(|err| tokio::spawn(self.clone().follow(err, None)));
        stdout.into_iter().chain(stderr).collect()
    }

    async fn follow(self, stream: impl AsyncRead + Unpin, lines: Option<mpsc::Sender<String>>) {
        let mut read = Lines::new(stream);
        while let Some(line) = read.next().await {
            self.push(line.clone());
            if let Some(lines) = &lines {
                let _ = lines.send(line).await;
            }
        }
    }

    fn push(&self, line: String) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == LOG_LINES {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    fn last_lines(&self) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.is_empty() {
            return "  (it printed nothing)".to_owned();
        }
        lines.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
    }
}

/// What was printed last may still be on its way to us; a grandchild that
/// holds the pipe open must not keep us.
async fn read_to_the_end(readers: &mut Vec<JoinHandle<()>>) {
    let _ = tokio::time::timeout(LAST_WORDS, futures::future::join_all(readers.drain(..))).await;
}

/// Lines of bounded length.
struct Lines<R>(BufReader<R>);

impl<R: AsyncRead + Unpin> Lines<R> {
    fn new(stream: R) -> Self {
        Self(BufReader::new(stream))
    }

    async fn next(&mut self) -> Option<String> {
        use tokio::io::AsyncReadExt as _;
        let mut line = Vec::new();
        let read = (&mut self.0).take(LOG_LINE_LENGTH).read_until(b'\n', &mut line).await;
        match read {
            Ok(0) | Err(_) => None,
            // Control characters could act on the terminal that shows them.
            Ok(_) => {
                let line = String::from_utf8_lossy(&line);
                Some(line.trim_end().replace(|c: char| c.is_control() && c != '\t', " "))
            }
        }
    }
}
