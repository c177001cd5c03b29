//! Where the server that runs on a data directory takes commands: a small file in it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::config::no_file;
use crate::error::ServerError;

const FILE: &str = "running.json";

/// What the file says.
#[derive(Debug, Serialize, Deserialize)]
pub struct Running {
    /// URL of the admin listener.
    pub admin: String,
    /// The process.
    pub pid: u32,
}

/// Removes the file when dropped.
pub struct Announced(PathBuf);

impl Running {
    /// What the last server wrote; it may have been killed since.
    pub fn read(data_dir: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(data_dir.join(FILE)).ok()?).ok()
    }

    /// Writes it down.
    pub fn announce(&self, data_dir: &Path) -> Result<Announced, ServerError> {
        let path = data_dir.join(FILE);
        let text = serde_json::to_vec(self).expect("plain data");
        std::fs::write(&path, text).map_err(|cause| no_file("write", &path, cause))?;
        Ok(Announced(path))
    }
}

impl Drop for Announced {
    fn drop(&mut self) {
        // A file that stays is noticed by who reads it: nobody answers there.
        let _ = std::fs::remove_file(&self.0);
    }
}
