//! Canonical identities: one text per inverse functional identifier, so that learners can be keys.

use std::borrow::Cow;

use crate::statement::{Actor, Ifi};

impl Ifi<'_> {
    /// One readable text per identifier, different for different ones:
    /// `mailto:ada@example.com`, `sha1:<40 hex digits>`, `openid:<URI>`, `account:<home page>|<name>`
    /// (in the home page `%` is written `%25` and `|` is written `%7C`). Hex digits are in lower case.
    #[must_use]
    pub fn canonical(&self) -> Cow<'_, str> {
        match self {
            Self::Mbox(mbox) => Cow::Borrowed(mbox),
            Self::MboxSha1Sum(sum) => Cow::Owned(format!("sha1:{}", sum.to_ascii_lowercase())),
            Self::OpenId(uri) => Cow::Owned(format!("openid:{uri}")),
            Self::Account { home_page, name } => {
                let home_page = home_page.replace('%', "%25").replace('|', "%7C");
                Cow::Owned(format!("account:{home_page}|{name}"))
            }
        }
    }
}

impl Actor<'_> {
    /// Who the learner of a statement with this actor is: its identifier, or for an anonymous group
    /// `group:` and a hash of its members' identifiers in any order.
    #[must_use]
    pub fn learner(&self) -> Cow<'_, str> {
        let group = match self {
            Self::Agent(agent) => return agent.ifi.canonical(),
            Self::Group(group) => group,
        };
        if let Some(ifi) = &group.ifi {
            return ifi.canonical();
        }
        let mut members: Vec<_> = group.members.iter().map(|member| member.ifi.canonical()).collect();
        members.sort_unstable();
        members.dedup();
        Cow::Owned(format!("group:{:032x}", xxhash_rust::xxh3::xxh3_128(members.join("\0").as_bytes())))
    }
}
