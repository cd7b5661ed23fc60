//! The `conform402` command: parses arguments and calls the runner.

mod progress;
mod vectors;

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use conform402_runner::kill_matrix::kill_matrix;
use conform402_runner::load::{LoadOptions, load};
use conform402_runner::run::{RunOptions, run};
use conform402_runner::{Check, Profile, Seed, Targets};

use crate::progress::Progress;

/// Conformance tests for HTTP 402 payments.
///
/// Exit status: 0 if the target conforms, or only its known failures fail;
/// 1 if it fails; 2 if the run decided nothing, or failed itself.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the checks against a target
    Run {
        /// Name of a folder in targets/, or a path to one with a target.toml
        target: String,
        #[command(flatten)]
        selection: Selection,
        /// Write the whole report, evidence included, to this file
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Count known failures as failures
        #[arg(long)]
        no_baseline: bool,
        /// Only this dialect (okx-node, okx-python, okx-rust or ietf); checks and vectors of
        /// another are not applicable
        #[arg(long)]
        profile: Option<Profile>,
        /// Longest an answer of the target may take
        #[arg(long, value_name = "SECONDS", default_value_t = 15, value_parser = clap::value_parser!(u64).range(1..=60))]
        timeout: u64,
        /// Switch a fault of the reference target on; may be given several times
        #[arg(long = "fault", value_name = "NAME")]
        faults: Vec<String>,
    },
    /// Measure how a target sells for vouchers under load, beside the reference
    ///
    /// The two are measured in turn, never at once. Latency is that of the
    /// request that presents a voucher: its challenge was asked for, and the
    /// voucher signed, before. Every channel has a connection of its own.
    Load {
        /// Name of a folder in targets/, or a path to one with a target.toml
        target: String,
        /// Numbers of channels that are paid on at once, each a load of its own
        #[arg(long, value_name = "N,…", value_delimiter = ',', default_value = "1,16", value_parser = clap::value_parser!(u16).range(1..=64))]
        channels: Vec<u16>,
        /// Vouchers a round, divided among the channels
        #[arg(long, value_name = "N", default_value_t = 240, value_parser = clap::value_parser!(u16).range(1..=20_000))]
        vouchers: u16,
        /// Write the report to this file, too
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Switch a fault of the reference target on; may be given several times
        #[arg(long = "fault", value_name = "NAME")]
        faults: Vec<String>,
    },
    /// List the checks, or the vectors
    List {
        /// Only those whose id matches this pattern
        #[arg(long, value_name = "GLOB")]
        filter: Option<String>,
        /// List the golden vectors instead of the checks
        #[arg(long)]
        vectors: bool,
    },
    /// Say what a check or a vector asks, where that is written, and what breaks it
    Explain {
        /// Id of the check or vector, or name of an operation
        id: String,
    },
    /// Run every check against every fault of the reference target, and every
    /// vector against every flag of its operation
    KillMatrix {
        #[command(flatten)]
        selection: Selection,
        /// Only faults and flags that match this pattern, such as 'omits-*' or
        /// 'evm.voucher.verify:*'
        #[arg(long, value_name = "GLOB")]
        fault: Option<String>,
    },
    /// Make, check or compare golden vectors
    #[command(subcommand)]
    Vectors(vectors::Command),
}

#[derive(Debug, Args)]
struct Selection {
    /// Only checks and vectors whose id matches this pattern, such as 'mpp.charge.*'
    #[arg(long, value_name = "GLOB")]
    filter: Option<String>,
    /// Chain id of the local chain; vectors keep their own, 196
    #[arg(long, default_value_t = 196, value_parser = clap::value_parser!(u64).range(1..))]
    chain_id: u64,
    /// Every key of the testbed derives from this number
    #[arg(long, default_value_t = 402)]
    seed: u64,
}

impl Selection {
    fn into_options(self) -> RunOptions {
        RunOptions {
            filter: self.filter,
            chain_id: self.chain_id,
            seed: Seed(self.seed),
            ..RunOptions::default()
        }
    }
}

/// What goes wrong outside the runner.
type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How long threads that wait for a process may take at the end.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(15);

fn main() -> ExitCode {
    let cli = Cli::parse();
    let executed = tokio::runtime::Runtime::new().map_err(Failure::from).and_then(|runtime| {
        let executed = runtime.block_on(async {
            tokio::select! {
                executed = execute(cli.command) => executed,
                signal = interrupted() => {
                    // A second one ends us at once, whatever hangs.
                    tokio::spawn(async {
                        interrupted().await;
                        std::process::exit(2);
                    });
                    Err(format!("interrupted by {signal}").into())
                }
            }
        });
        runtime.shutdown_timeout(SHUTDOWN_TIMEOUT);
        executed
    });
    match executed {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            anstream::eprintln!("conform402: {failure}");
            ExitCode::from(2)
        }
    }
}

/// Everything started by a run ends when the run is dropped.
async fn interrupted() -> &'static str {
    use tokio::signal::unix::{SignalKind, signal};
    let wait = async |kind| match signal(kind) {
        Ok(mut signal) => {
            signal.recv().await;
        }
        Err(_) => std::future::pending().await,
    };
    tokio::select! {
        () = wait(SignalKind::interrupt()) => "SIGINT",
        () = wait(SignalKind::terminate()) => "SIGTERM",
        () = wait(SignalKind::hangup()) => "SIGHUP",
    }
}

async fn execute(command: Command) -> Result<u8, Failure> {
    let registry = conform402_suites::registry();
    match command {
        Command::Run { target, selection, json, no_baseline, profile, timeout, faults } => {
            let target = Targets::default().get(&target)?;
            let timeout = Duration::from_secs(timeout);
            let options =
                RunOptions { no_baseline, profile, timeout, faults, ..selection.into_options() };
            // Before the run, so that a report that cannot be written costs none.
            let json = json.map(Output::create).transpose()?;
            let progress = Progress::default();
            let report = run(&target, &registry, &options, &progress).await?;
            progress.finish();
            if let Some(json) = json {
                json.write(&report.to_json()?)?;
            }
            print(&report.to_terminal());
            Ok(report.exit)
        }
        Command::Load { target, channels, vouchers, json, faults } => {
            let targets = Targets::default();
            let (target, reference) = (targets.get(&target)?, targets.get("reference")?);
            let options = LoadOptions {
                channels: channels.into_iter().map(usize::from).collect(),
                vouchers: vouchers.into(),
                faults,
                ..LoadOptions::default()
            };
            let json = json.map(Output::create).transpose()?;
            let progress = Progress::default();
            let open = conform402_suites::mpp::session::load::open;
            let report = load(&target, &reference, open, &options, &progress).await?;
            progress.finish();
            if let Some(json) = json {
                json.write(&report.to_json()?)?;
            }
            print(&report.to_terminal());
            Ok(report.exit)
        }
        Command::List { filter, vectors: true } => {
            print(&vectors::list(filter.as_deref())?);
            Ok(0)
        }
        Command::List { filter, vectors: false } => {
            let mut text = String::new();
            for check in registry.select(filter.as_deref())? {
                text += &format!("{:8} {}\n", check.level.word(), check.id());
            }
            print(&text);
            Ok(0)
        }
        Command::Explain { id } => {
            match vectors::explain(&id)? {
                Some(text) => print(&text),
                None => print(&explain(registry.get(&id)?)),
            }
            Ok(0)
        }
        Command::KillMatrix { selection, fault } => {
            let target = Targets::default().get("reference")?;
            let options = selection.into_options();
            let progress = Progress::default();
            let matrix =
                kill_matrix(&target, &registry, &options, fault.as_deref(), &progress).await?;
            progress.finish();
            print(&matrix.to_terminal());
            Ok(match matrix.complaints.as_slice() {
                [] if matrix.ran_nothing() => 2,
                [] => 0,
                _ => 1,
            })
        }
        Command::Vectors(command) => vectors::execute(command),
    }
}

/// A file to be written.
struct Output {
    path: PathBuf,
    file: File,
}

impl Output {
    fn create(path: PathBuf) -> Result<Self, Failure> {
        match File::create(&path) {
            Ok(file) => Ok(Self { path, file }),
            Err(error) => Err(format!("{}: {error}", path.display()).into()),
        }
    }

    fn write(mut self, text: &str) -> Result<(), Failure> {
        let written = self.file.write_all(text.as_bytes());
        written.map_err(|error| format!("{}: {error}", self.path.display()).into())
    }
}

fn explain(check: &Check) -> String {
    let mut text = format!("{}\n{}", check.id(), check.level.word());
    if check.is_control {
        text += ", the positive control of its group";
    }
    if !check.explanation.is_empty() {
        text += &format!("\n\n{}", check.explanation);
    }
    for source in check.sources {
        text += &format!("\n\n  “{}”\n  — {}", source.quote, source.document);
    }
    let needs: Vec<String> = check.needs.iter().map(ToString::to_string).collect();
    text += &format!("\n\nneeds: {}", needs.join(", "));
    if let Some(profile) = check.profile {
        text += &format!("\nonly in profile: {profile}");
    }
    text += &format!("\nkilled by: {}", check.killed_by.join(", "));
    text += &format!("\nstands in: {}", check.file());
    text + &format!("\nalone: conform402 run <TARGET> --filter {}\n", check.id())
}

/// Prints with colours where they are wanted. A reader that went away, as
/// `head` does, is no error.
fn print(text: &str) {
    let _ = anstream::stdout().write_all(text.as_bytes());
}
