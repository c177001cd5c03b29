//! The LSM tree while it is open, and how it is opened anew after a failure.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::RwLock;
use plaudit_store::StoreError;

use crate::Options;
use crate::lsm::Lsm;
use crate::space::Space;

/// The LSM tree of a directory.
///
/// Once a write to the journal, or one in the background, has failed, fjall takes no more writes; reads go on. The next write after
/// that opens the tree anew, which brings it to what the journal has. To run out of space does not come to that as a rule: writes are
/// refused before, see [`Space`].
pub(crate) struct Tree {
    dir: PathBuf,
    options: Options,
    space: Space,
    /// `None` while it could not be opened anew.
    open: RwLock<Option<Arc<Lsm>>>,
}

impl Tree {
    pub(crate) fn open(dir: &Path, options: Options) -> Result<Self, StoreError> {
        let open = RwLock::new(Some(Arc::new(Lsm::open(dir, &options)?)));
        let space = Space::new(dir, options.reserve_bytes);
        Ok(Self { dir: dir.to_owned(), options, space, open })
    }

    /// The tree for a read.
    pub(crate) fn get(&self) -> Result<Arc<Lsm>, StoreError> {
        match &*self.open.read() {
            Some(lsm) => Ok(Arc::clone(lsm)),
            None => Err(StoreError::Unavailable("the tables wait to be opened anew".into())),
        }
    }

    /// The tree for a write, if there is space for one.
    pub(crate) fn get_for_write(&self) -> Result<Arc<Lsm>, StoreError> {
        self.space.check()?;
        match &*self.open.read() {
            Some(lsm) if !lsm.is_failed() => return Ok(Arc::clone(lsm)),
            _ => {}
        }
        self.open_anew()
    }

    /// Free bytes of the disk.
    pub(crate) fn free_bytes(&self) -> Result<u64, StoreError> {
        self.space.free_bytes()
    }

    fn open_anew(&self) -> Result<Arc<Lsm>, StoreError> {
        let mut open = self.open.write();
        if let Some(lsm) = open.take() {
            if !lsm.is_failed() {
                return Ok(Arc::clone(open.insert(lsm)));
            }
            // It holds the lock of the directory until all who use it are done.
            if let Err(in_use) = Arc::try_unwrap(lsm) {
                *open = Some(in_use);
                return Err(StoreError::Unavailable(
                    "the tables are in use and cannot be opened anew yet".into(),
                ));
            }
        }
        tracing::warn!("opening the tables anew after a failed write");
        let lsm = Arc::new(Lsm::open(&self.dir, &self.options)?);
        Ok(Arc::clone(open.insert(lsm)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree(dir: &Path, options: Options) -> Tree {
        Tree::open(dir, options).unwrap()
    }

    #[test]
    fn without_space_there_are_no_writes_but_reads() {
        let dir = tempfile::tempdir().unwrap();
        let tree = tree(dir.path(), Options { reserve_bytes: u64::MAX, ..Options::default() });
        assert!(matches!(tree.get_for_write(), Err(StoreError::Full)));
        assert!(tree.get().is_ok());
    }

    #[test]
    fn after_a_failure_the_next_write_opens_it_anew() {
        let dir = tempfile::tempdir().unwrap();
        let tree = tree(dir.path(), Options::default());
        let reader = tree.get().unwrap();
        assert!(matches!(reader.failed(fjall::Error::Poisoned), StoreError::Unavailable(_)));
        assert!(matches!(tree.get_for_write(), Err(StoreError::Unavailable(_))), "somebody still reads");
        assert!(tree.get().is_ok());
        drop(reader);
        assert!(!tree.get_for_write().unwrap().is_failed());
    }
}
