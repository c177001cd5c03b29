//! What goes wrong below the tables, in the words of the contract.

use std::io::ErrorKind;

use plaudit_store::StoreError;

/// The contract's error for one of the LSM tree.
pub(crate) fn backend(error: fjall::Error) -> StoreError {
    match io_kind(&error) {
        Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded) => StoreError::Full,
        _ => StoreError::Backend(Box::new(error)),
    }
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
        assert!(matches!(backend(fjall::Error::Poisoned), StoreError::Backend(_)));
    }
}
