//! Agents and groups (1.0.3 Data 2.4.2), wherever they occur.

use std::borrow::Cow;

use super::{Read, Seen, unknown};
use crate::fingerprint::{Sum, Tag, integer};
use crate::invalid::Fault;
use crate::iri::{is_mailto, is_sha1, is_uri};
use crate::json::{Cursor, Text};
use crate::statement::{Actor, Agent, Group, Ifi};

const AGENT: &str = "xAPI 1.0.3 Data 2.4.2.1";
const GROUP: &str = "xAPI 1.0.3 Data 2.4.2.2";
const IFI: &str = "xAPI 1.0.3 Data 2.4.2.3";
const ACCOUNT: &str = "xAPI 1.0.3 Data 2.4.2.4";

/// An agent or a group.
pub(crate) fn actor<'a>(cursor: &mut Cursor<'a>) -> Read<Actor<'a>> {
    read(cursor, |_| Ok(()))
}

/// An agent, where groups are not allowed. A `member` is refused before it is read, so groups in groups cannot
/// exhaust the stack.
pub(super) fn agent<'a>(cursor: &mut Cursor<'a>, section: &'static str) -> Read<Agent<'a>> {
    cursor.peek();
    let at = cursor.at();
    let no_member = |key: &Text<'_>| match &*key.value {
        "member" => Err(Fault::new(key.at, "must be an agent, which has no member", section)),
        _ => Ok(()),
    };
    match read(cursor, no_member)? {
        (Actor::Agent(agent), digest) => Ok((agent, digest)),
        (Actor::Group(_), _) => Err(Fault::new(at, "must be an agent, not a group", section)),
    }
}

#[inline]
fn read<'a>(cursor: &mut Cursor<'a>, check: impl Fn(&Text<'_>) -> Result<(), Fault>) -> Read<Actor<'a>> {
    let mut open = cursor.object()?;
    let mut parts = ActorParts::default();
    let mut is_group = false;
    let mut seen = Seen::default();
    while let Some(key) = cursor.key(&mut open)? {
        check(&key)?;
        if key.value == "objectType" {
            seen.once(0, &key)?;
            is_group = object_type(cursor)?;
        } else if !parts.take(cursor, &key)? {
            return unknown(&key, "an agent or group", "xAPI 1.0.3 Data 2.4.2");
        }
    }
    parts.finish(is_group, open.start)
}

/// A group, where agents are not allowed.
pub(super) fn group<'a>(cursor: &mut Cursor<'a>, section: &'static str) -> Read<Group<'a>> {
    cursor.peek();
    let at = cursor.at();
    match actor(cursor)? {
        (Actor::Group(group), digest) => Ok((group, digest)),
        (Actor::Agent(_), _) => {
            Err(Fault::new(at, "must be a group, with objectType `Group`, not an agent", section))
        }
    }
}

/// Who asserts a statement: an agent, or an application and a user as a group of two (1.0.3 Data 2.4.9).
pub(super) fn authority<'a>(cursor: &mut Cursor<'a>) -> Result<Actor<'a>, Fault> {
    cursor.peek();
    let at = cursor.at();
    let (authority, _) = actor(cursor)?;
    match &authority {
        Actor::Group(Group { ifi: Some(_), .. }) => Err("must be an agent or an anonymous group of two"),
        Actor::Group(group) if group.members.len() != 2 => {
            Err("a group as authority has exactly two members, an application and a user")
        }
        Actor::Group(group) if !group.members.iter().any(|one| matches!(one.ifi, Ifi::Account { .. })) => {
            Err("one member of an authority group, the application, is identified by account")
        }
        _ => return Ok(authority),
    }
    .map_err(|rule| Fault::new(at, rule, "xAPI 1.0.3 Data 2.4.9"))
}

/// Says whether it is a group.
fn object_type(cursor: &mut Cursor<'_>) -> Result<bool, Fault> {
    let text = cursor.string()?;
    match &*text.value {
        "Agent" => Ok(false),
        "Group" => Ok(true),
        _ => Err(Fault::new(text.at, "objectType must be `Agent` or `Group`", "xAPI 1.0.3 Data 2.4.2")),
    }
}

/// The properties of agents and groups, before it is known which it is.
#[derive(Default)]
pub(super) struct ActorParts<'a> {
    ifi: Option<(Ifi<'a>, &'static str)>,
    name: Option<Cow<'a, str>>,
    members: Vec<Agent<'a>>,
    seen: Seen,
    sum: Sum,
}

const MEMBER: u32 = 5;

impl<'a> ActorParts<'a> {
    /// Reads the value of `key` if agents or groups have such a property.
    pub(super) fn take(&mut self, cursor: &mut Cursor<'a>, key: &Text<'a>) -> Result<bool, Fault> {
        match &*key.value {
            "mbox" => {
                self.seen.once(0, key)?;
                let value = checked(cursor, is_mailto, "mbox must be `mailto:` and an e-mail address")?;
                self.sum.add(Tag::Mbox, cursor.digest.text(&value));
                self.identify(Ifi::Mbox(value), "mbox", key)?;
            }
            "mbox_sha1sum" => {
                self.seen.once(1, key)?;
                let value = checked(cursor, is_sha1, "mbox_sha1sum must be 40 hex digits")?;
                self.sum.add(Tag::MboxSha1Sum, cursor.digest.text(&value));
                self.identify(Ifi::MboxSha1Sum(value), "mbox_sha1sum", key)?;
            }
            "openid" => {
                self.seen.once(2, key)?;
                let value = checked(cursor, is_uri, "openid must be a URI with a scheme")?;
                self.sum.add(Tag::OpenId, cursor.digest.text(&value));
                self.identify(Ifi::OpenId(value), "openid", key)?;
            }
            "account" => {
                self.seen.once(3, key)?;
                let (value, digest) = account(cursor)?;
                self.sum.add(Tag::Account, digest);
                self.identify(value, "account", key)?;
            }
            "name" => {
                self.seen.once(4, key)?;
                let name = cursor.string()?.value;
                self.sum.add(Tag::Name, cursor.digest.text(&name));
                self.name = Some(name);
            }
            "member" => {
                self.seen.once(MEMBER, key)?;
                let digest = self.read_members(cursor)?;
                self.sum.add(Tag::Member, digest);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn identify(&mut self, ifi: Ifi<'a>, name: &'static str, key: &Text<'_>) -> Result<(), Fault> {
        if let Some((_, earlier)) = &self.ifi {
            return Err(Fault::new(
                key.at,
                format!("two identifiers: {earlier}, {name}; give exactly one"),
                IFI,
            ));
        }
        self.ifi = Some((ifi, name));
        Ok(())
    }

    /// The members in any order: their digests are added up.
    fn read_members(&mut self, cursor: &mut Cursor<'a>) -> Result<u128, Fault> {
        let mut open = cursor.array()?;
        let mut sum = Sum::default();
        while cursor.item(&mut open)? {
            let (member, digest) = agent(cursor, GROUP)?;
            sum.named(0, digest);
            self.members.push(member);
        }
        Ok(sum.object())
    }

    /// The agent or group that began at `at`.
    pub(super) fn finish(mut self, is_group: bool, at: usize) -> Read<Actor<'a>> {
        let missing = "no identifier: give one of mbox, mbox_sha1sum, openid, account";
        let ifi = self.ifi.map(|(ifi, _)| ifi);
        if !is_group {
            if self.seen.any(1 << MEMBER) {
                return Err(Fault::new(at, "an agent has no member; a group has objectType `Group`", AGENT));
            }
            let ifi = ifi.ok_or_else(|| Fault::new(at, missing, IFI))?;
            return Ok((Actor::Agent(Agent { ifi, name: self.name }), self.sum.object()));
        }
        if ifi.is_none() && self.members.is_empty() {
            return Err(Fault::new(at, "an anonymous group needs members", GROUP));
        }
        self.sum.add(Tag::Group, integer(1));
        let group = Group { ifi, name: self.name, members: self.members };
        Ok((Actor::Group(group), self.sum.object()))
    }
}

fn checked<'a>(
    cursor: &mut Cursor<'a>,
    is_valid: fn(&str) -> bool,
    rule: &'static str,
) -> Result<Cow<'a, str>, Fault> {
    let text = cursor.string()?;
    if cursor.rules.trusted || is_valid(&text.value) {
        Ok(text.value)
    } else {
        Err(Fault::new(text.at, rule, IFI))
    }
}

/// An account on a system.
fn account<'a>(cursor: &mut Cursor<'a>) -> Read<Ifi<'a>> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut sum = Sum::default();
    let (mut home_page, mut name) = (None, None);
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "homePage" => {
                seen.once(0, &key)?;
                let value = cursor.irl(ACCOUNT)?;
                sum.add(Tag::HomePage, cursor.digest.text(&value));
                home_page = Some(value);
            }
            "name" => {
                seen.once(1, &key)?;
                let value = cursor.string()?.value;
                sum.add(Tag::Name, cursor.digest.text(&value));
                name = Some(value);
            }
            _ => return unknown(&key, "an account", ACCOUNT),
        }
    }
    match (home_page, name) {
        (Some(home_page), Some(name)) => Ok((Ifi::Account { home_page, name }, sum.object())),
        _ => Err(Fault::new(open.start, "an account needs homePage and name", ACCOUNT)),
    }
}
