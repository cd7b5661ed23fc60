//! All files of a set, made in memory and written to a folder.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::cases::Inconsistent;
use crate::catalogue;
use crate::deployment::{Deployment, Unfit};
use crate::format::{
    Expectation, FileEntry, MANIFEST, MANIFEST_SCHEMA, Manifest, SCHEMA, VERSION, VectorFile,
};

/// A complete set of vectors.
#[derive(Clone, Debug)]
pub struct VectorSet {
    /// What it was made for.
    pub deployment: Deployment,
    /// One file an operation.
    pub files: Vec<VectorFile>,
}

/// Why there is no set.
#[derive(Debug, thiserror::Error)]
pub enum NotGenerated {
    /// Of such a deployment.
    #[error("cannot make vectors for this deployment: {0}")]
    Unfit(#[from] Unfit),
    /// By a mistake of ours.
    #[error(transparent)]
    Inconsistent(#[from] Inconsistent),
}

/// Why a set cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// The file system refuses.
    #[error("{}: {error}", .path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// The folder holds what is no vector.
    #[error("{} is not empty, and no folder of vectors: name another", .0.display())]
    Foreign(PathBuf),
    /// The folder holds vectors made for something else.
    #[error("{} holds vectors made for another deployment: name another folder with --out", .0.display())]
    OtherDeployment(PathBuf),
    /// A value without JSON form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl VectorSet {
    /// Makes every file for `deployment`.
    ///
    /// # Errors
    /// [`NotGenerated`] where no deployment is like this one, or the author of a
    /// case made a mistake.
    pub fn generate(deployment: &Deployment) -> Result<Self, NotGenerated> {
        deployment.check()?;
        let files: Result<Vec<VectorFile>, Inconsistent> =
            catalogue().iter().map(|operation| operation.file(deployment)).collect();
        Ok(Self { deployment: deployment.clone(), files: files? })
    }

    /// How many cases there are, and how many of them must be refused.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let cases = || self.files.iter().flat_map(|file| file.cases());
        let negative = |case: &crate::Case| matches!(case.expectation, Expectation::Invalid { .. });
        (cases().count(), cases().filter(|(_, case)| negative(case)).count())
    }

    /// Path and text of every file, the manifest included.
    ///
    /// # Errors
    /// None in practice: every value has a JSON form.
    pub fn texts(&self) -> Result<BTreeMap<String, String>, serde_json::Error> {
        let mut texts = BTreeMap::new();
        for (path, text) in [SCHEMA, MANIFEST_SCHEMA] {
            texts.insert(path.to_owned(), text.to_owned());
        }
        let mut counts = BTreeMap::new();
        for file in &self.files {
            let path = VectorFile::path(&file.operation);
            counts.insert(path.clone(), file.cases().count());
            texts.insert(path, pretty(file)?);
        }
        let (cases, negative) = self.count();
        let entry = |(path, text): (&String, &String)| FileEntry {
            path: path.clone(),
            sha256: sha256(text.as_bytes()),
            cases: counts.get(path).copied(),
        };
        let manifest = Manifest {
            schema: MANIFEST_SCHEMA.0.to_owned(),
            version: VERSION.to_owned(),
            deployment: self.deployment.clone(),
            cases,
            negative,
            files: texts.iter().map(entry).collect(),
        };
        texts.insert(MANIFEST.to_owned(), pretty(&manifest)?);
        Ok(texts)
    }

    /// Writes the set to `folder`, and removes files of an earlier set that are
    /// no longer in it. A README there stays.
    ///
    /// # Errors
    /// [`WriteError`], also where `folder` holds something else.
    pub fn write(&self, folder: &Path) -> Result<(), WriteError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            |error| WriteError::File { path, error }
        };
        let texts = self.texts()?;
        for path in self.earlier_files(folder)? {
            if !texts.contains_key(&path) {
                let path = folder.join(path);
                std::fs::remove_file(&path).map_err(failed(&path))?;
            }
        }
        for (path, text) in texts {
            let path = folder.join(path);
            let parent = path.parent().unwrap_or(folder);
            std::fs::create_dir_all(parent).map_err(failed(parent))?;
            std::fs::write(&path, text).map_err(failed(&path))?;
        }
        Ok(())
    }

    /// The files a manifest in `folder` lists; none for an empty or new folder.
    fn earlier_files(&self, folder: &Path) -> Result<Vec<String>, WriteError> {
        let manifest = folder.join(MANIFEST);
        let Ok(text) = std::fs::read_to_string(&manifest) else {
            let mut entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
            let foreign = entries.any(|entry| entry.file_name() != "README.md");
            return if foreign {
                Err(WriteError::Foreign(folder.to_owned()))
            } else {
                Ok(Vec::new())
            };
        };
        let manifest: serde_json::Value = serde_json::from_str(&text)?;
        // Other programs have manifests, too.
        if manifest["$schema"] != MANIFEST_SCHEMA.0 || !manifest["deployment"].is_object() {
            return Err(WriteError::Foreign(folder.to_owned()));
        }
        let ours = serde_json::to_value(&self.deployment)?;
        let differs = |(name, value): (&String, &serde_json::Value)| {
            ours.get(name).is_some_and(|own| own != value)
        };
        if manifest["deployment"].as_object().into_iter().flatten().any(differs) {
            return Err(WriteError::OtherDeployment(folder.to_owned()));
        }
        let files = manifest["files"].as_array().into_iter().flatten();
        let inside = |path: &&str| !path.starts_with('/') && !path.contains("..");
        Ok(files
            .filter_map(|file| file["path"].as_str())
            .filter(inside)
            .map(str::to_owned)
            .collect())
    }
}

fn pretty(value: &impl Serialize) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// The SHA-256 of `bytes`, in hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    alloy::hex::encode(Sha256::digest(bytes))
}
