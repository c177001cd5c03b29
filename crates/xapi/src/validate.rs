//! The typed pass: one function per object of the standard. Each reads its object from the cursor, checks every
//! property where it stands, and returns the value beside the digest of what it means.
//!
//! Each check names the section that asks for it, so that a search for `Data 2.4.2.3` finds the code.

mod activity;
mod actor;
mod attachment;
mod context;
mod event;
mod extensions;
mod interaction;
mod language_map;
mod object;
mod result;
mod scalar;
mod statement;
mod verb;

#[cfg(test)]
mod tests;

pub(crate) use actor::actor;
pub(crate) use statement::statement;

use crate::invalid::{Fault, clip};
use crate::json::Text;

/// A value and the digest of its meaning.
pub(crate) type Read<T> = Result<(T, u128), Fault>;

/// The properties of one object that were met so far, one bit each.
#[derive(Clone, Copy, Default)]
pub(crate) struct Seen(u32);

impl Seen {
    /// Notes property number `bit`; a second time is refused (1.0.3 Data 2.2).
    #[inline]
    pub(crate) fn once(&mut self, bit: u32, key: &Text<'_>) -> Result<(), Fault> {
        if self.0 & 1 << bit != 0 {
            let rule = format!("property `{}` occurs twice", key.value);
            return Err(Fault::new(key.at, rule, "xAPI 1.0.3 Data 2.2"));
        }
        self.0 |= 1 << bit;
        Ok(())
    }

    /// Whether any of the properties in `mask` was met.
    #[inline]
    pub(crate) fn any(self, mask: u32) -> bool {
        self.0 & mask != 0
    }
}

/// A key that the object may not have (1.0.3 Data 2.2).
#[cold]
#[inline(never)]
pub(crate) fn unknown<T>(key: &Text<'_>, object: &str, section: &'static str) -> Result<T, Fault> {
    Err(Fault::new(key.at, format!("{object} has no property `{}`", clip(&key.value)), section))
}
