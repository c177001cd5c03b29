//! Canonical identities: one text per inverse functional identifier, so that learners can be keys.

use std::borrow::Cow;

use crate::iri::{is_mailto, is_sha1, is_uri};
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

impl<'a> Ifi<'a> {
    /// The identifier that [`Ifi::canonical`] wrote as `text`, if it is one.
    #[must_use]
    pub fn parse_canonical(text: &'a str) -> Option<Self> {
        if is_mailto(text) {
            return Some(Self::Mbox(text.into()));
        }
        match text.split_once(':')? {
            ("sha1", sum) if is_sha1(sum) => Some(Self::MboxSha1Sum(sum.into())),
            ("openid", uri) if is_uri(uri) => Some(Self::OpenId(uri.into())),
            ("account", account) => {
                let (home_page, name) = account.split_once('|')?;
                let home_page = match home_page.contains('%') {
                    true => Cow::Owned(home_page.replace("%7C", "|").replace("%25", "%")),
                    false => Cow::Borrowed(home_page),
                };
                Some(Self::Account { home_page, name: name.into() })
            }
            _ => None,
        }
    }
}

impl<'a> Actor<'a> {
    /// The identifier; none for an anonymous group.
    #[must_use]
    pub fn ifi(&self) -> Option<&Ifi<'a>> {
        match self {
            Self::Agent(agent) => Some(&agent.ifi),
            Self::Group(group) => group.ifi.as_ref(),
        }
    }

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
        let mut text = Vec::new();
        for member in members {
            // With its length before it, no member can pass for two.
            text.extend_from_slice(&(member.len() as u64).to_le_bytes());
            text.extend_from_slice(member.as_bytes());
        }
        Cow::Owned(format!("group:{:032x}", xxhash_rust::xxh3::xxh3_128(&text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Version, parse_actor, parse_statement};

    fn account(home_page: &str, name: &str) -> String {
        Ifi::Account { home_page: home_page.into(), name: name.into() }.canonical().into_owned()
    }

    #[test]
    fn canonical_text_reads_back() {
        for ifi in [
            Ifi::Mbox("mailto:ada@example.com".into()),
            Ifi::MboxSha1Sum("cd9b00a5611f94eaa7b1661edab976068e364975".into()),
            Ifi::OpenId("https://openid.example.org/12345".into()),
            Ifi::Account { home_page: "https://lms.example.com/%7Ca%25|b".into(), name: "a|b%7C".into() },
        ] {
            assert_eq!(Ifi::parse_canonical(&ifi.canonical()), Some(ifi.clone()));
        }
        assert_eq!(Ifi::parse_canonical("group:00"), None);
    }

    #[test]
    fn different_identifiers_have_different_texts() {
        assert_ne!(account("http://a|b", "c"), account("http://a", "b|c"));
        assert_ne!(account("http://a%7Cb", "c"), account("http://a|b", "c"));
    }

    fn learner(actor: &str) -> String {
        let text = format!(r#"{{"actor":{actor},"verb":{{"id":"v:1"}},"object":{{"id":"a:1"}}}}"#);
        parse_statement(text.as_bytes(), Version::V1_0_3).unwrap().actor.learner().into_owned()
    }

    #[test]
    fn an_anonymous_group_is_its_members_in_any_order() {
        let group = r#"{"objectType":"Group","member":[{"mbox":"mailto:a@x"},{"openid":"http://b"}]}"#;
        let swapped =
            r#"{"member":[{"openid":"http://b"},{"mbox":"mailto:a@x","name":"A"}],"objectType":"Group"}"#;
        let other = r#"{"objectType":"Group","member":[{"mbox":"mailto:a@x"}]}"#;
        assert_eq!(learner(group), learner(swapped));
        assert_ne!(learner(group), learner(other));
        assert!(learner(group).starts_with("group:"));
        assert_eq!(learner(r#"{"objectType":"Group","mbox":"mailto:a@x"}"#), "mailto:a@x");
    }

    #[test]
    fn a_query_takes_an_agent_or_an_identified_group() {
        let agent = parse_actor(br#"{"mbox":"mailto:a@x"}"#, Version::V1_0_3).unwrap();
        assert_eq!(agent.ifi().unwrap().canonical(), "mailto:a@x");
        let group = br#"{"objectType":"Group","member":[{"mbox":"mailto:a@x"}]}"#;
        let refused = parse_actor(group, Version::V1_0_3).unwrap_err();
        assert!(refused.rule.contains("identifies nobody"), "{refused}");
    }
}
