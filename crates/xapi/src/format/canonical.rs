//! Format `canonical`: activities with the definition the server holds, and one language per language map.

use std::borrow::Cow;

use super::object_type;
use crate::accept_language::AcceptLanguage;
use crate::skim::{Member, decode, member, members, rewrite_array, rewrite_object};

/// Appends the statement `stored` in format `canonical`.
///
/// `definition` gives the merged definition of an activity; where it has none, the statement's own is used.
pub fn append_canonical<'d>(
    stored: &[u8],
    languages: &AcceptLanguage,
    definition: &dyn Fn(&str) -> Option<Cow<'d, [u8]>>,
    out: &mut Vec<u8>,
) {
    let canonical = Canonical { languages, definition };
    canonical.event(stored, out, |object, out| match &*object_type(object) {
        "SubStatement" => canonical.event(object, out, |object, out| canonical.simple_object(object, out)),
        _ => canonical.simple_object(object, out),
    });
}

struct Canonical<'c, 'd> {
    languages: &'c AcceptLanguage,
    definition: &'c dyn Fn(&str) -> Option<Cow<'d, [u8]>>,
}

impl Canonical<'_, '_> {
    /// A statement or sub-statement.
    fn event(&self, value: &[u8], out: &mut Vec<u8>, object: impl Fn(&[u8], &mut Vec<u8>)) {
        rewrite_object(value, out, |key, value, out| {
            match key {
                "verb" => self.with_languages(value, out, &["display"]),
                "object" => object(value, out),
                "context" => self.context(value, out),
                _ => return Member::Kept,
            }
            Member::Written
        });
    }

    fn simple_object(&self, value: &[u8], out: &mut Vec<u8>) {
        match &*object_type(value) {
            "Activity" => self.activity(value, out),
            _ => out.extend_from_slice(value),
        }
    }

    fn context(&self, value: &[u8], out: &mut Vec<u8>) {
        rewrite_object(value, out, |key, value, out| {
            if key != "contextActivities" {
                return Member::Kept;
            }
            rewrite_object(value, out, |_, value, out| {
                if value.first() == Some(&b'[') {
                    rewrite_array(value, out, |item, out| self.activity(item, out));
                } else {
                    self.activity(value, out);
                }
                Member::Written
            });
            Member::Written
        });
    }

    fn activity(&self, value: &[u8], out: &mut Vec<u8>) {
        let id = member(value, "id").map(decode).unwrap_or_default();
        let merged = (self.definition)(&id);
        rewrite_object(value, out, |key, value, out| {
            if key != "definition" {
                return Member::Kept;
            }
            self.definition(merged.as_deref().unwrap_or(value), out);
            Member::Written
        });
        if let Some(merged) = merged.filter(|_| member(value, "definition").is_none()) {
            // An activity has at least its id, so a comma is always right.
            out.pop();
            out.extend_from_slice(b",\"definition\":");
            self.definition(&merged, out);
            out.push(b'}');
        }
    }

    fn definition(&self, value: &[u8], out: &mut Vec<u8>) {
        rewrite_object(value, out, |key, value, out| {
            match key {
                "name" | "description" => self.language_map(value, out),
                "choices" | "scale" | "source" | "target" | "steps" => {
                    rewrite_array(value, out, |item, out| self.with_languages(item, out, &["description"]));
                }
                _ => return Member::Kept,
            }
            Member::Written
        });
    }

    fn with_languages(&self, value: &[u8], out: &mut Vec<u8>, maps: &[&str]) {
        rewrite_object(value, out, |key, value, out| {
            if !maps.contains(&key) {
                return Member::Kept;
            }
            self.language_map(value, out);
            Member::Written
        });
    }

    /// The one language that suits the client best.
    fn language_map(&self, value: &[u8], out: &mut Vec<u8>) {
        let tags: Vec<_> = members(value).map(|(key, _)| decode(key)).collect();
        let tags: Vec<&str> = tags.iter().map(|tag| &**tag).collect();
        let best = self.languages.best(&tags);
        let mut place = 0;
        rewrite_object(value, out, |_, _, _| {
            place += 1;
            if Some(place - 1) == best { Member::Kept } else { Member::Dropped }
        });
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(languages: &str, expected: Expect) {
        let stored = r#"{"actor":{"name":"A","mbox":"mailto:a@x"},"verb":{"id":"v:1","display":{"en":"did","de":"tat"}},
            "object":{"id":"a:1","definition":{"name":{"en":"one"},"type":"t:1"}},
            "context":{"contextActivities":{"other":[{"id":"a:2"},{"id":"a:3","definition":{"interactionType":"choice",
                "choices":[{"id":"c","description":{"de":"ja","en":"yes"}}]}}]}}}"#;
        let merged = br#"{"name":{"en":"One","de":"Eins"},"description":{"de":"Das Erste"}}"#.as_slice();
        let definition = |id: &str| ["a:1", "a:2"].contains(&id).then_some(Cow::Borrowed(merged));
        let mut out = Vec::new();
        append_canonical(stored.as_bytes(), &AcceptLanguage::parse(languages), &definition, &mut out);
        expected.assert_eq(&String::from_utf8(out).unwrap());
    }

    #[test]
    fn each_map_has_one_language_and_activities_the_merged_definition() {
        check(
            "de-CH",
            expect![[
                r#"{"actor":{"name":"A","mbox":"mailto:a@x"},"verb":{"id":"v:1","display":{"de":"tat"}},"object":{"id":"a:1","definition":{"name":{"de":"Eins"},"description":{"de":"Das Erste"}}},"context":{"contextActivities":{"other":[{"id":"a:2","definition":{"name":{"de":"Eins"},"description":{"de":"Das Erste"}}},{"id":"a:3","definition":{"interactionType":"choice","choices":[{"id":"c","description":{"de":"ja"}}]}}]}}}"#
            ]],
        );
        check(
            "en, de;q=0.5",
            expect![[
                r#"{"actor":{"name":"A","mbox":"mailto:a@x"},"verb":{"id":"v:1","display":{"en":"did"}},"object":{"id":"a:1","definition":{"name":{"en":"One"},"description":{"de":"Das Erste"}}},"context":{"contextActivities":{"other":[{"id":"a:2","definition":{"name":{"en":"One"},"description":{"de":"Das Erste"}}},{"id":"a:3","definition":{"interactionType":"choice","choices":[{"id":"c","description":{"en":"yes"}}]}}]}}}"#
            ]],
        );
    }
}
