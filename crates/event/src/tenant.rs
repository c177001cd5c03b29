//! Tenants.

use std::fmt;
use std::sync::Arc;

use crate::EventError;

const TENANT_CHARS_MAX: usize = 64;

/// The name of a tenant: 1 to 64 characters of `a-z`, `0-9`, `-` and `_`. Part of every key. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(Arc<str>);

impl TenantId {
    /// Checks the name.
    ///
    /// # Errors
    /// [`EventError::Tenant`] when it is not one.
    pub fn new(name: &str) -> Result<Self, EventError> {
        let allowed = |c: u8| matches!(c, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_');
        if name.is_empty() || name.len() > TENANT_CHARS_MAX || !name.bytes().all(allowed) {
            return Err(EventError::Tenant(name.chars().take(TENANT_CHARS_MAX).collect()));
        }
        Ok(Self(name.into()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_reach_into_another_tenants_keys_is_refused() {
        for name in ["acme", "a-1_b", &"x".repeat(TENANT_CHARS_MAX)] {
            assert_eq!(TenantId::new(name).unwrap().as_str(), name);
        }
        for name in ["", "A", "a b", "a\0b", "a/b", "é", &"x".repeat(TENANT_CHARS_MAX + 1)] {
            assert!(TenantId::new(name).is_err(), "{name:?}");
        }
    }
}
