//! A target process that one check has to itself, with a store: it can be
//! killed, and started again where it left off.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use conform402_wire::adapter::Reached;
use tempfile::TempDir;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::Client;
use crate::target::{Adapter, Process, Target, TargetError};

/// Collects the faults that requests reach in targets which do not live long
/// enough to be asked at the end of a run.
pub(crate) type ReachedLog = Arc<Mutex<Reached>>;

/// Targets of checks' own at once: starting one is work for the machine.
const AT_ONCE: usize = 4;

/// Starts targets of checks' own.
#[derive(Clone, Debug)]
pub(crate) struct OwnTargets {
    target: Target,
    client: Client,
    reached: Option<ReachedLog>,
    turns: Arc<Semaphore>,
}

/// A running target of a check's own. Process and store end with it.
#[derive(Debug)]
pub(crate) struct OwnTarget {
    with: OwnTargets,
    store: TempDir,
    process: Process,
    adapter: Arc<Adapter>,
}

impl OwnTargets {
    /// Of a target that was set up already.
    pub fn new(target: &Target, client: &Client) -> Self {
        let turns = Arc::new(Semaphore::new(AT_ONCE));
        Self { target: target.clone(), client: client.clone(), reached: None, turns }
    }

    /// Noting what they reach, which only the reference target can tell.
    pub fn noting(&self, reached: &ReachedLog) -> Self {
        Self { reached: Some(reached.clone()), ..self.clone() }
    }

    /// Waits for a place; it is free again when this is dropped.
    pub async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.turns.clone().acquire_owned().await.ok()
    }

    /// Starts one on an empty store.
    ///
    /// # Errors
    /// [`TargetError`] if there is no folder for the store, or the adapter does
    /// not come up.
    pub async fn start(&self) -> Result<OwnTarget, TargetError> {
        let store = tempfile::tempdir().map_err(|error| TargetError::Store(error.to_string()))?;
        let (process, adapter) = self.launch().await?;
        Ok(OwnTarget { with: self.clone(), store, process, adapter })
    }

    async fn launch(&self) -> Result<(Process, Arc<Adapter>), TargetError> {
        let process = Process::launch(&self.target).await?;
        let adapter = Adapter::new(self.client.clone(), process.url.clone());
        Ok((process, Arc::new(adapter)))
    }
}

impl OwnTarget {
    pub fn adapter(&self) -> Arc<Adapter> {
        self.adapter.clone()
    }

    /// Where it keeps channels.
    pub fn store(&self) -> &Path {
        self.store.path()
    }

    /// Kills it by SIGKILL.
    pub async fn kill(self) -> Killed {
        let Self { with, store, process, adapter } = self;
        if let Some(log) = &with.reached
            && let Ok(reached) = adapter.reached().await
        {
            let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
            for (path, faults) in reached {
                log.entry(path).or_default().extend(faults);
            }
        }
        process.kill().await;
        Killed { with, store }
    }
}

/// What is left of a target that was killed.
#[derive(Debug)]
pub(crate) struct Killed {
    with: OwnTargets,
    store: TempDir,
}

impl Killed {
    /// Starts it again on the store it left.
    ///
    /// # Errors
    /// [`TargetError`] if the adapter does not come up.
    pub async fn restart(self) -> Result<OwnTarget, TargetError> {
        let Self { with, store } = self;
        let (process, adapter) = with.launch().await?;
        Ok(OwnTarget { with, store, process, adapter })
    }
}
