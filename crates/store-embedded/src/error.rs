//! What goes wrong below the tables, in the words of the contract.

use std::io::ErrorKind;

use plaudit_store::StoreError;

/// The contract's error for one of the LSM tree.
pub(crate) fn backend(error: fjall::Error) -> StoreError {
    match io_kind(&error) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => StoreError::Full,
        // What failed before is said by whoever it happened to; the store opens the tree anew with the next write.
        _ if matches!(error, fjall::Error::Poisoned) => StoreError::Unavailable(Box::new(error)),
        _ => StoreError::Backend(Box::new(error)),
    }
}

/// The contract's error for one of the file system.
pub(crate) fn io(error: std::io::Error) -> StoreError {
    backend(fjall::Error::Io(error))
}

fn io_kind(error: &fjall::Error) -> Option<ErrorKind> {
    match error {
        fjall::Error::Io(io) | fjall::Error::Storage(fjall::LsmError::Io(io)) => Some(io.kind()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = || std::io::Error::from(ErrorKind::StorageFull);
        assert!(matches!(backend(fjall::Error::Io(full())), StoreError::Full));
        assert!(matches!(backend(fjall::Error::Storage(fjall::LsmError::Io(full()))), StoreError::Full));
        assert!(matches!(backend(fjall::Error::Poisoned), StoreError::Unavailable(_)));
    }
}
