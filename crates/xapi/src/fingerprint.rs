//! What a statement means, as 128 bits, collected while it is read.
//!
//! Two statements have the same [`Fingerprint`] if and only if (up to chance, 2⁻¹²⁸ per pair) the standard calls
//! them equal (1.0.3 Data 2.3.1; IEEE 9274.1.1 4.2.3). Left out are what a server may set (id, authority,
//! stored, version, an absent timestamp), verb displays, activity definitions, and the bytes of attachments.
//! Spelling does not count: key order, white space, escapes, time zones, number notation, the order of group
//! members, the case of UUIDs and language tags, a single context activity instead of a list of one, and
//! durations beyond 0.01 s. Objects add up the hashes of their members, so their order is of no consequence.

use xxhash_rust::xxh3::xxh3_128_with_seed;

use crate::decimal::{Decimal, Digits};

/// What a statement means, as 128 bits: two statements that the standard calls equal have equal fingerprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint(pub u128);

/// The digest of JSON `null`.
pub(crate) const NULL: u128 = 0x6e75_6c6c;

/// Names the kinds of values, so that `"1"`, `1` and `[1]` differ.
mod kind {
    pub(super) const TEXT: u64 = 1;
    pub(super) const NUMBER: u128 = 2;
    pub(super) const BOOLEAN: u128 = 3;
    pub(super) const OBJECT: u128 = 4;
    pub(super) const LIST: u128 = 5;
    pub(super) const INTEGER: u128 = 6;
    pub(super) const LONG_NUMBER: u128 = 7;
}

/// Whether leaves are hashed at all; reading what is already stored needs no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    Wanted,
    Skipped,
}

impl Digest {
    /// The digest of a string, decoded.
    #[inline]
    pub(crate) fn text(self, text: &str) -> u128 {
        match self {
            Self::Wanted => xxh3_128_with_seed(text.as_bytes(), kind::TEXT),
            Self::Skipped => 0,
        }
    }

    /// The digest of a number by value: 1, 1.0 and 1e0 are the same.
    #[inline]
    pub(crate) fn number(self, value: &Decimal) -> u128 {
        if self == Self::Skipped {
            return 0;
        }
        let scale = mix(u128::from(value.negative), value.exponent.cast_unsigned().into());
        match &value.digits {
            Digits::Few(digits) => mix(kind::NUMBER ^ scale, (*digits).into()),
            Digits::Many(digits) => mix(kind::LONG_NUMBER ^ scale, xxh3_128_with_seed(digits, 0)),
        }
    }

    /// The digest of a language tag, whose case does not matter (RFC 5646 2.1.1).
    pub(crate) fn caseless(self, text: &str) -> u128 {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return self.text(&text.to_ascii_lowercase());
        }
        self.text(text)
    }
}

/// The digest of a boolean.
pub(crate) const fn boolean(value: bool) -> u128 {
    mix(kind::BOOLEAN, value as u128)
}

/// The digest of a value that fits into 128 bits: a UUID, an instant.
pub(crate) const fn integer(value: u128) -> u128 {
    mix(kind::INTEGER, value)
}

/// The members of an object, in any order.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sum(u128);

impl Sum {
    /// Adds the member with the fixed name `tag`.
    #[inline]
    pub(crate) fn add(&mut self, tag: Tag, value: u128) {
        self.named(tag as u128, value);
    }

    /// Adds the member whose key has the digest `name`.
    #[inline]
    pub(crate) fn named(&mut self, name: u128, value: u128) {
        self.0 = self.0.wrapping_add(mix(name, value));
    }

    /// The digest of the object.
    #[inline]
    pub(crate) const fn object(self) -> u128 {
        mix(kind::OBJECT, self.0)
    }
}

/// The items of an array, in their order.
#[derive(Clone, Copy, Default)]
pub(crate) struct List {
    so_far: u128,
    length: u128,
}

impl List {
    #[inline]
    pub(crate) fn push(&mut self, item: u128) {
        self.so_far = mix(self.so_far, item);
        self.length += 1;
    }

    #[inline]
    pub(crate) const fn finish(self) -> u128 {
        mix(kind::LIST.wrapping_add(self.length << 8), self.so_far)
    }
}

/// The properties that the standard names, as far as they bear meaning.
#[derive(Clone, Copy)]
pub(crate) enum Tag {
    Actor = 100,
    Verb,
    Object,
    Result,
    Context,
    Timestamp,
    Attachments,
    Mbox,
    MboxSha1Sum,
    OpenId,
    Account,
    HomePage,
    Name,
    Group,
    Member,
    Id,
    Activity,
    StatementRef,
    SubStatement,
    Score,
    Scaled,
    Raw,
    Min,
    Max,
    Success,
    Completion,
    Response,
    Duration,
    Extensions,
    Registration,
    Instructor,
    Team,
    ContextActivities,
    Parent,
    Grouping,
    Category,
    Other,
    ContextAgents,
    ContextGroups,
    RelevantTypes,
    Revision,
    Platform,
    Language,
    Statement,
    UsageType,
    Display,
    Description,
    ContentType,
    Length,
    Sha2,
    FileUrl,
}

/// Mixes two values; for a fixed `name` it is a bijection of `value`, so it adds no collisions of its own.
#[inline]
const fn mix(name: u128, value: u128) -> u128 {
    const A: u128 = 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835;
    const B: u128 = 0xd1b5_4a32_d192_ed03_aef1_7502_108e_f2d9;
    let mut hash = value ^ name.wrapping_add(1).wrapping_mul(A).rotate_left(64);
    hash = (hash ^ hash >> 65).wrapping_mul(B);
    hash = (hash ^ hash >> 62).wrapping_mul(A);
    hash ^ hash >> 64
}
