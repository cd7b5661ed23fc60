//! Channels on disk, where a restart finds them (draft-evm-session-00, "Crash
//! Safety"): a folder for each till, and in it a file for each channel, which
//! is replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use conform402_wire::session::channel::ChannelId;

use crate::channels::{Channel, Till};

/// The channels of one till.
#[derive(Debug)]
pub struct Store(PathBuf);

impl Store {
    /// In a folder that many tills share.
    pub fn of(folder: &Path, till: Till) -> Self {
        Self(folder.join(till.to_string()))
    }

    /// All that is kept.
    ///
    /// # Errors
    /// Where a file cannot be read, or is no channel.
    pub fn channels(&self) -> io::Result<Vec<Channel>> {
        if !self.0.exists() {
            return Ok(Vec::new());
        }
        let mut channels = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            // What was being written when the process ended counts for nothing.
            if path.extension().is_some_and(|extension| extension == "json") {
                channels.push(serde_json::from_slice(&fs::read(path)?)?);
            }
        }
        Ok(channels)
    }

    /// Keeps a channel as it stands; `None` is one that is no more.
    ///
    /// # Errors
    /// Where the disk does not take it.
    pub fn keep(&self, id: ChannelId, channel: Option<&Channel>) -> io::Result<()> {
        let path = self.0.join(format!("{id}.json"));
        let Some(channel) = channel else {
            return match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                _ => Ok(()),
            };
        };
        fs::create_dir_all(&self.0)?;
        let written = path.with_extension("new");
        let mut file = File::create(&written)?;
        file.write_all(&serde_json::to_vec(channel)?)?;
        file.sync_all()?;
        fs::rename(written, path)
    }
}
