//! The log's directory: its lock, and what its files are called.
//!
//! `<sequence>.raw` and `<sequence>.sealed` are segments, `<number>.spare` is a file of zeros or old frames that
//! waits to be used, `*.tmp` is unfinished and dropped at start, `lock` is held while the log is open.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use plaudit_log::LogError;

/// Creates `dir` if need be and locks it until the file is dropped.
pub(crate) fn lock(dir: &Path) -> Result<File, LogError> {
    fs::create_dir_all(dir)?;
    if let Some(parent) = dir.canonicalize()?.parent() {
        // The directory's own name must survive too. Who may not open the parent did not create it in there.
        let _ = sync(parent);
    }
    let file = File::options().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(LogError::InUse { log: dir.display().to_string() }),
        Err(TryLockError::Error(cause)) => Err(cause.into()),
    }
}

/// Makes created, renamed and removed names durable.
pub(crate) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

pub(crate) fn raw_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:010}.raw"))
}

pub(crate) fn sealed_path(dir: &Path, sequence: u64) -> PathBuf {
    dir.join(format!("{sequence:010}.sealed"))
}

pub(crate) fn spare_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(format!("{number:010}.spare"))
}

/// The unfinished form of a file.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    path.with_added_extension("tmp")
}

/// What was found in the directory, each list sorted.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    pub(crate) raw: Vec<u64>,
    pub(crate) sealed: Vec<u64>,
    pub(crate) spare: Vec<u64>,
    pub(crate) unfinished: Vec<PathBuf>,
}

/// Sorts the directory's files by what they are. Foreign files are left alone.
pub(crate) fn list(dir: &Path) -> io::Result<Listing> {
    let mut listing = Listing::default();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        let number = path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| stem.parse().ok());
        match (path.extension().and_then(|extension| extension.to_str()), number) {
            (Some("raw"), Some(number)) => listing.raw.push(number),
            (Some("sealed"), Some(number)) => listing.sealed.push(number),
            (Some("spare"), Some(number)) => listing.spare.push(number),
            (Some("tmp"), _) => listing.unfinished.push(path),
            _ => {}
        }
    }
    listing.raw.sort_unstable();
    listing.sealed.sort_unstable();
    listing.spare.sort_unstable();
    Ok(listing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_has_one_user() {
        let dir = tempfile::tempdir().unwrap();
        let held = lock(dir.path()).unwrap();
        let refused = lock(dir.path()).unwrap_err();
        assert_eq!(refused.to_string(), format!("{} is in use by another process", dir.path().display()));
        drop(held);
        lock(dir.path()).unwrap();
    }

    #[test]
    fn files_are_told_apart_and_strangers_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["0000000002.raw", "0000000001.sealed", "7.spare", "7.spare.tmp", "notes.txt", "x.raw"] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        let found = list(dir.path()).unwrap();
        assert_eq!((found.raw, found.sealed, found.spare), (vec![2], vec![1], vec![7]));
        assert_eq!(found.unfinished, [dir.path().join("7.spare.tmp")]);
    }
}
