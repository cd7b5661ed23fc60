//! `target.toml`.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::TargetError;

/// Checks a target is known to fail, and why.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KnownFailures {
    /// What is wrong with the SDK, in a sentence.
    pub reason: String,
    /// Ids of the checks that fail for it.
    pub checks: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    requires: String,
    #[serde(default)]
    setup: Vec<String>,
    start: Vec<String>,
    #[serde(default)]
    known_failure: Vec<KnownFailures>,
}

/// A target that can be started.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name of its folder.
    pub name: String,
    /// What the machine must have.
    pub requires: String,
    /// Its baseline.
    pub known_failures: Vec<KnownFailures>,
    pub(crate) folder: PathBuf,
    pub(crate) setup: Vec<String>,
    pub(crate) start: Vec<String>,
}

/// The folder of targets.
#[derive(Clone, Debug)]
pub struct Targets(PathBuf);

impl Default for Targets {
    fn default() -> Self {
        Self(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../targets"))
    }
}

impl Targets {
    /// The names of all targets.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter(|entry| entry.path().join("target.toml").is_file())
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// The target of a name, or in a folder.
    ///
    /// # Errors
    /// [`TargetError`] names the known targets, or what is wrong with the
    /// manifest.
    pub fn get(&self, name: &str) -> Result<Target, TargetError> {
        let named = self.0.join(name);
        let is_name = !name.is_empty() && !name.contains(['/', '\\', '.']);
        let folder = if is_name && named.join("target.toml").is_file() {
            named
        } else if Path::new(name).join("target.toml").is_file() {
            PathBuf::from(name)
        } else if Path::new(name).exists() {
            let reason = "no target.toml in this folder".to_owned();
            return Err(TargetError::Manifest { file: name.to_owned(), reason });
        } else {
            return Err(TargetError::Unknown { name: name.to_owned(), known: self.names() });
        };
        read(&folder)
    }
}

fn read(folder: &Path) -> Result<Target, TargetError> {
    let file = folder.join("target.toml");
    let broken =
        |reason: String| TargetError::Manifest { file: file.display().to_string(), reason };
    let folder = folder.canonicalize().map_err(|error| broken(error.to_string()))?;
    let text = std::fs::read_to_string(&file).map_err(|error| broken(error.to_string()))?;
    let manifest: Manifest = toml::from_str(&text).map_err(|error| broken(error.to_string()))?;
    if manifest.start.is_empty() {
        return Err(broken("`start` is empty".into()));
    }
    let mut listed: Vec<&String> =
        manifest.known_failure.iter().flat_map(|known| &known.checks).collect();
    listed.sort();
    if let Some(twice) = listed.windows(2).find(|pair| pair[0] == pair[1]) {
        return Err(broken(format!("{} is a known failure twice", twice[0])));
    }
    if let Some(empty) = manifest.known_failure.iter().find(|known| known.reason.trim().is_empty())
    {
        return Err(broken(format!("no reason is given for {}", empty.checks.join(", "))));
    }
    Ok(Target {
        name: folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        requires: manifest.requires,
        known_failures: manifest.known_failure,
        folder,
        setup: manifest.setup,
        start: manifest.start,
    })
}
