//! `conform402 vectors`.

use std::path::PathBuf;

use alloy::primitives::Address;
use clap::{Args, Subcommand};
use conform402_runner::Seed;
use conform402_vectors::check::{Findings, check};
use conform402_vectors::diff::diff;
use conform402_vectors::{Deployment, Flag, VectorFile, VectorSet, operation};

use crate::{Failure, print};

/// The folder of the vectors, from the root of this repository.
const FOLDER: &str = "vectors";

#[derive(Debug, Subcommand)]
#[expect(clippy::large_enum_variant, reason = "one a process")]
pub enum Command {
    /// Write all vectors, for the default deployment or for yours
    Generate {
        /// Folder to write to
        #[arg(long, value_name = "FOLDER", default_value = FOLDER)]
        out: PathBuf,
        #[command(flatten)]
        deployment: DeploymentArgs,
    },
    /// Hold a folder of vectors against schema, manifest and this build
    Check {
        /// The folder
        #[arg(default_value = FOLDER)]
        folder: PathBuf,
    },
    /// Say which cases differ between two folders; exits with 1 if any does
    Diff {
        /// The earlier folder
        old: PathBuf,
        /// The later folder
        new: PathBuf,
    },
}

/// What differs from the default deployment.
#[derive(Debug, Args)]
pub struct DeploymentArgs {
    /// EIP-155 chain id, up to 2^52, since it is a JSON number
    #[arg(long)]
    chain_id: Option<u64>,
    /// EIP-3009 token
    #[arg(long, value_name = "ADDRESS")]
    token: Option<Address>,
    /// The token's EIP-712 name
    #[arg(long, value_name = "NAME")]
    token_name: Option<String>,
    /// The token's EIP-712 version
    #[arg(long, value_name = "VERSION")]
    token_version: Option<String>,
    /// Channel escrow
    #[arg(long, value_name = "ADDRESS")]
    escrow: Option<Address>,
    /// Permit2
    #[arg(long, value_name = "ADDRESS")]
    permit2: Option<Address>,
    /// Subscription contract
    #[arg(long, value_name = "ADDRESS")]
    subscription: Option<Address>,
    /// x402 proxy of `exact`
    #[arg(long, value_name = "ADDRESS")]
    exact_proxy: Option<Address>,
    /// x402 proxy of `upto`
    #[arg(long, value_name = "ADDRESS")]
    upto_proxy: Option<Address>,
    /// Protection space of challenges
    #[arg(long)]
    realm: Option<String>,
    /// Binds challenge ids; ends up in the files, so never a real one
    #[arg(long)]
    secret: Option<String>,
    /// Every key derives from this number
    #[arg(long)]
    seed: Option<Seed>,
}

impl DeploymentArgs {
    fn into_deployment(self) -> Deployment {
        let default = Deployment::default();
        Deployment {
            chain_id: self.chain_id.unwrap_or(default.chain_id),
            token: self.token.unwrap_or(default.token),
            token_name: self.token_name.unwrap_or(default.token_name),
            token_version: self.token_version.unwrap_or(default.token_version),
            escrow: self.escrow.unwrap_or(default.escrow),
            permit2: self.permit2.unwrap_or(default.permit2),
            subscription: self.subscription.unwrap_or(default.subscription),
            exact_proxy: self.exact_proxy.unwrap_or(default.exact_proxy),
            upto_proxy: self.upto_proxy.unwrap_or(default.upto_proxy),
            realm: self.realm.unwrap_or(default.realm),
            secret: self.secret.unwrap_or(default.secret),
            seed: self.seed.unwrap_or(default.seed),
        }
    }
}

pub fn execute(command: Command) -> Result<u8, Failure> {
    match command {
        Command::Generate { out, deployment } => {
            let set = VectorSet::generate(&deployment.into_deployment())?;
            set.write(&out)?;
            let (cases, negative) = set.count();
            let files = set.files.len();
            let Deployment { chain_id, token, token_name, token_version, escrow, seed, .. } =
                &set.deployment;
            print(&format!(
                "{}: {cases} cases, {negative} of them negative, in {files} files, for chain \
                 {chain_id}, token {token} ({token_name}, version {token_version}), escrow {escrow}, \
                 seed {seed}\n",
                out.display()
            ));
            Ok(0)
        }
        Command::Check { folder } => {
            let findings = check(&folder)?;
            for complaint in &findings.complaints {
                print(&format!("{complaint}\n"));
            }
            let Findings { cases, negative, files, complaints } = findings;
            print(&format!(
                "{}: {cases} cases, {negative} of them negative, in {files} files; {} complaints\n",
                folder.display(),
                complaints.len()
            ));
            Ok(u8::from(!complaints.is_empty()))
        }
        Command::Diff { old, new } => {
            let difference = diff(&old, &new)?;
            print(&difference.to_text());
            Ok(u8::from(!difference.is_empty()))
        }
    }
}

/// The vector of this id, or the operation of this name; `None` if no operation
/// has anything to do with it.
///
/// # Errors
/// Names the cases there are, for an id that begins like one.
pub fn explain(id: &str) -> Result<Option<String>, Failure> {
    if let Some(operation) = operation(id) {
        return Ok(Some(explain_operation(&operation.file(&Deployment::default())?)));
    }
    let operation = id.rsplit_once('.').and_then(|(name, _)| operation(name));
    let Some(operation) = operation else { return Ok(None) };
    let file = operation.file(&Deployment::default())?;
    let found = file.cases().find(|(_, case)| case.id == id);
    let Some((input, case)) = found else {
        let known: Vec<&str> = file.cases().map(|(_, case)| case.id.as_str()).collect();
        return Err(format!("no vector is called {id:?}; known:\n  {}", known.join("\n  ")).into());
    };
    let mut text = format!("{id}\n{}\n\n{}\n", case.level.word(), case.comment);
    text += &about(&file);
    let values = [
        ("input", serde_json::to_string_pretty(&input)?),
        ("steps", serde_json::to_string_pretty(&case.steps)?),
        ("expected", serde_json::to_string_pretty(&case.expectation)?),
    ];
    for (name, value) in values {
        text += &format!("\n{name}: {value}\n");
    }
    text += "\nkilled by:\n";
    for flag in &case.flags {
        let hunts = file.flags.get(flag).map(|flag| flag.hunts.as_str()).unwrap_or_default();
        text += &format!("  {flag}: {hunts}\n");
    }
    Ok(Some(text))
}

fn explain_operation(file: &VectorFile) -> String {
    let mut text = format!("{}\n{}", file.operation, about(file));
    text += "\nflags:\n";
    for (flag, Flag { hunts }) in &file.flags {
        text += &format!("  {flag}: {hunts}\n");
    }
    text += "\ncases:\n";
    for (_, case) in file.cases() {
        text += &format!("  {}\n", case.id);
    }
    text
}

/// What an operation does, by which rules, and where that is written.
fn about(file: &VectorFile) -> String {
    let mut text = format!("\n{}\n", file.summary);
    for rule in &file.rules {
        text += &format!("- {rule}\n");
    }
    for source in &file.sources {
        text += &format!("\n  “{}”\n  — {}\n", source.quote, source.document);
    }
    text
}

/// The ids of all vectors whose id matches `filter`, each with its level.
///
/// # Errors
/// Tells of a filter that is none, or matches nothing.
pub fn list(filter: Option<&str>) -> Result<String, Failure> {
    let files = conform402_runner::vectors_matching(filter)?;
    let lines = files.iter().flat_map(VectorFile::cases);
    Ok(lines.map(|(_, case)| format!("{:8} {}\n", case.level.word(), case.id)).collect())
}
