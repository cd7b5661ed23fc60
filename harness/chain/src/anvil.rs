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

/// An anvil that can be started.
#[derive(Clone, Debug)]
pub struct AnvilBinary(PathBuf);

/// Why there is no anvil.
#[derive(Debug, thiserror::Error)]
pub enum MissingAnvil {
    /// `CONFORM402_ANVIL` names no program.
    #[error("CONFORM402_ANVIL is set, but {0} cannot be run")]
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
            return match version_of(&path).await {
                Some(_) => Ok(Self(path)),
                None => Err(MissingAnvil::Override(path)),
            };
        }
        let pinned = pinned_path();
        if pinned.is_file() {
            return Ok(Self(pinned));
        }
        let on_path = PathBuf::from("anvil");
        if version_of(&on_path).await.is_some_and(|version| version.contains(ANVIL_VERSION)) {
            return Ok(Self(on_path));
        }
        notice(&format!("anvil {ANVIL_VERSION} not found: installing it with npm in contracts/"));
        install().await?;
        if pinned.is_file() {
            Ok(Self(pinned))
        } else {
            Err(MissingAnvil::NotInstalled("npm has none for this platform".into()))
        }
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

async fn version_of(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().await.ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
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
    let anvil = Anvil::at(&binary.0)
        .host("127.0.0.1")
        .port(0_u16)
        .chain_id(chain_id)
        .args(["--accounts", "1", "--gas-price", "0", "--block-base-fee-per-gas", "0"])
        .arg("--disable-min-priority-fee")
        .arg("--cache-path")
        .arg(files.path());
    let started = tokio::task::spawn_blocking(move || anvil.try_spawn()).await;
    let instance = started
        .map_err(|error| ChainError::Spawn(error.to_string()))?
        .map_err(|error| ChainError::Spawn(error.to_string()))?;
    Ok((instance, files))
}
