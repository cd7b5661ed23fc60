//! Finding, installing and starting anvil.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use alloy::node_bindings::{Anvil, AnvilInstance};
use tokio::process::Command;

use crate::ChainError;

/// The anvil this project is pinned to, by `contracts/package-lock.json`.
pub const ANVIL_VERSION: &str = "1.7.1";

/// How long npm may take to install it.
const INSTALL_TIMEOUT: Duration = Duration::from_mins(5);

/// How long anvil may take to say its version, or that it listens.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// An anvil that can be started.
#[derive(Clone, Debug)]
pub struct AnvilBinary {
    path: PathBuf,
    version: String,
}

/// Why there is no anvil.
#[derive(Debug, thiserror::Error)]
pub enum MissingAnvil {
    /// `CONFORM402_ANVIL` names no program.
    #[error("CONFORM402_ANVIL is set, but {0} does not say its version")]
    Override(PathBuf),
    /// Not found, and npm could not bring it.
    #[error(
        "anvil {ANVIL_VERSION} was not found, and `npm ci` in contracts/ did not install it: \
         {0}. Install Foundry {ANVIL_VERSION}, or set CONFORM402_ANVIL to its anvil"
    )]
    NotInstalled(String),
}

impl AnvilBinary {
    /// Finds anvil: `CONFORM402_ANVIL`, else the one pinned in `contracts/`,
    /// else one of the same version on the `PATH`; else installs the pinned one
    /// with npm and tells `notice` so.
    ///
    /// # Errors
    /// [`MissingAnvil`] says what was tried.
    pub async fn find(notice: impl Fn(&str)) -> Result<Self, MissingAnvil> {
        if let Some(path) = std::env::var_os("CONFORM402_ANVIL").map(PathBuf::from) {
            let found = Self::at(path.clone()).await.ok_or(MissingAnvil::Override(path))?;
            if found.version != ANVIL_VERSION {
                notice(&format!(
                    "anvil {} instead of {ANVIL_VERSION}, by CONFORM402_ANVIL",
                    found.version
                ));
            }
            return Ok(found);
        }
        if let Some(pinned) = Self::at(pinned_path()).await {
            return Ok(pinned);
        }
        let on_path = Self::at(PathBuf::from("anvil")).await;
        if let Some(found) = on_path.filter(|found| found.version == ANVIL_VERSION) {
            return Ok(found);
        }
        notice(&format!("anvil {ANVIL_VERSION} not found: installing it with npm in contracts/"));
        install().await?;
        let none = "npm has none for this platform".to_owned();
        Self::at(pinned_path()).await.ok_or(MissingAnvil::NotInstalled(none))
    }

    /// The anvil at `path`, if it says its version.
    async fn at(path: PathBuf) -> Option<Self> {
        let asked =
            Command::new(&path).arg("--version").stdin(Stdio::null()).kill_on_drop(true).output();
        let output = tokio::time::timeout(ANSWER_TIMEOUT, asked).await.ok()?.ok()?;
        let text = String::from_utf8_lossy(&output.stdout);
        // "anvil Version: 1.7.1-stable", then the commit.
        let version = text.lines().next()?.split_whitespace().last()?;
        let version = version.split('-').next()?.to_owned();
        output.status.success().then_some(Self { path, version })
    }

    /// Its version, as it says itself.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

fn contracts_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contracts")
}

/// The native program inside the npm package: the wrapper npm puts on its
/// `.bin` path would outlive a SIGKILL as a second process.
fn pinned_path() -> PathBuf {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        os => os,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        arch => arch,
    };
    contracts_folder().join(format!("node_modules/@foundry-rs/anvil-{os}-{arch}/bin/anvil"))
}

async fn install() -> Result<(), MissingAnvil> {
    let npm = Command::new("npm")
        .args(["ci", "--omit=dev", "--no-audit", "--no-fund"])
        .current_dir(contracts_folder())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let refuse = |reason: String| Err(MissingAnvil::NotInstalled(reason));
    match tokio::time::timeout(INSTALL_TIMEOUT, npm).await {
        Err(_) => refuse(format!("npm took more than {} s", INSTALL_TIMEOUT.as_secs())),
        Ok(Err(error)) => refuse(format!("npm cannot be run ({error})")),
        Ok(Ok(output)) if !output.status.success() => {
            refuse(String::from_utf8_lossy(&output.stderr).trim().to_owned())
        }
        Ok(Ok(_)) => Ok(()),
    }
}

/// Starts anvil on a port of its choice. Gas is free, so that payers hold
/// nothing but tokens; what anvil spills to disk goes to a folder that is
/// removed with the chain.
pub(crate) async fn spawn(
    binary: &AnvilBinary,
    chain_id: u64,
) -> Result<(AnvilInstance, tempfile::TempDir), ChainError> {
    let files = tempfile::tempdir().map_err(|error| ChainError::Spawn(error.to_string()))?;
    let anvil = Anvil::at(&binary.path)
        .host("127.0.0.1")
        .port(0_u16)
        .chain_id(chain_id)
        .args(["--accounts", "1", "--gas-price", "0", "--block-base-fee-per-gas", "0"])
        .arg("--disable-min-priority-fee")
        .arg("--cache-path")
        .arg(files.path());
    let starting = tokio::task::spawn_blocking(move || anvil.try_spawn());
    let started = tokio::time::timeout(ANSWER_TIMEOUT, starting).await;
    let silent = || ChainError::Spawn(format!("silent for {} s", ANSWER_TIMEOUT.as_secs()));
    let instance = started
        .map_err(|_| silent())?
        .map_err(|error| ChainError::Spawn(error.to_string()))?
        .map_err(|error| ChainError::Spawn(error.to_string()))?;
    Ok((instance, files))
}
