//! Language tags (RFC 5646 2.1), by their grammar and without the registry of subtags.

use smallvec::SmallVec;

/// The tags that the grammar does not cover but RFC 5646 keeps valid (2.2.8).
const IRREGULAR: [&str; 17] = [
    "en-gb-oed",
    "i-ami",
    "i-bnn",
    "i-default",
    "i-enochian",
    "i-hak",
    "i-klingon",
    "i-lux",
    "i-mingo",
    "i-navajo",
    "i-pwn",
    "i-tao",
    "i-tay",
    "i-tsu",
    "sgn-be-fr",
    "sgn-be-nl",
    "sgn-ch-de",
];

/// Whether `tag` is a language tag such as `de`, `en-GB`, `zh-Hans-CN` or `x-pirate`.
#[must_use]
pub fn is_language_tag(tag: &str) -> bool {
    match tag.as_bytes() {
        [a, b] => a.is_ascii_alphabetic() && b.is_ascii_alphabetic(),
        [a, b, b'-', c, d] => [a, b, c, d].iter().all(|byte| byte.is_ascii_alphabetic()),
        _ => {
            follows_grammar(tag, Repeats::Refused)
                || IRREGULAR.iter().any(|known| known.eq_ignore_ascii_case(tag))
        }
    }
}

/// What is wrong with `tag`, which is no language tag.
pub(crate) fn fault(tag: &str) -> &'static str {
    if follows_grammar(tag, Repeats::Allowed) {
        return "a language tag must not repeat a variant or an extension (RFC 5646 2.2)";
    }
    "not an RFC 5646 language tag, such as en-GB"
}

/// Whether the same variant or extension may occur twice.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Repeats {
    Refused,
    Allowed,
}

fn follows_grammar(tag: &str, repeats: Repeats) -> bool {
    let mut subtags = Subtags(tag.split('-').collect(), repeats);
    subtags.0.reverse();
    if !subtags.0.iter().all(|subtag| is_alphanumeric(subtag, 1..=8)) {
        return false;
    }
    if subtags.private_use() {
        return subtags.0.is_empty();
    }
    subtags.language()
        && {
            subtags.take(|subtag| is_alphabetic(subtag, 4..=4));
            subtags.take(|subtag| is_alphabetic(subtag, 2..=2) || is_numeric(subtag));
            subtags.variants()
        }
        && subtags.extensions()
        && (subtags.0.is_empty() || subtags.private_use() && subtags.0.is_empty())
}

/// Subtags still to be read, the next one last.
struct Subtags<'a>(SmallVec<[&'a str; 8]>, Repeats);

impl<'a> Subtags<'a> {
    fn take(&mut self, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
        if self.0.last().is_some_and(|subtag| fits(subtag)) { self.0.pop() } else { None }
    }

    /// Two or three letters with up to three extended subtags, or four to eight letters.
    fn language(&mut self) -> bool {
        if self.take(|subtag| is_alphabetic(subtag, 2..=3)).is_some() {
            for _ in 0..3 {
                self.take(|subtag| is_alphabetic(subtag, 3..=3));
            }
            return true;
        }
        self.take(|subtag| is_alphabetic(subtag, 4..=8)).is_some()
    }

    /// Any number of variants, none twice.
    fn variants(&mut self) -> bool {
        let mut seen: SmallVec<[&str; 4]> = SmallVec::new();
        while let Some(variant) = self.take(is_variant) {
            if self.is_repeated(&seen, variant) {
                return false;
            }
            seen.push(variant);
        }
        true
    }

    /// Extensions, each with a letter of its own and at least one subtag.
    fn extensions(&mut self) -> bool {
        let mut seen: SmallVec<[&str; 4]> = SmallVec::new();
        while let Some(singleton) = self.take(|subtag| subtag.len() == 1 && !subtag.eq_ignore_ascii_case("x"))
        {
            if self.is_repeated(&seen, singleton) {
                return false;
            }
            seen.push(singleton);
            if self.take(|subtag| subtag.len() >= 2).is_none() {
                return false;
            }
            while self.take(|subtag| subtag.len() >= 2).is_some() {}
        }
        true
    }

    fn is_repeated(&self, seen: &[&str], subtag: &str) -> bool {
        self.1 == Repeats::Refused && seen.iter().any(|earlier| earlier.eq_ignore_ascii_case(subtag))
    }

    /// `x` and everything after it.
    fn private_use(&mut self) -> bool {
        if self.0.len() < 2 || self.take(|subtag| subtag.eq_ignore_ascii_case("x")).is_none() {
            return false;
        }
        self.0.clear();
        true
    }
}

fn is_variant(subtag: &str) -> bool {
    subtag.len() >= 5 || subtag.len() == 4 && subtag.starts_with(|first: char| first.is_ascii_digit())
}

fn is_alphabetic(subtag: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn is_numeric(subtag: &str) -> bool {
    subtag.len() == 3 && subtag.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_alphanumeric(subtag: &str, lengths: std::ops::RangeInclusive<usize>) -> bool {
    lengths.contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_that_follow_the_grammar_pass() {
        for tag in [
            "de",
            "cmn",
            "tlh",
            "und",
            "de-DE",
            "es-419",
            "zh-Hant",
            "sr-Latn-RS",
            "zh-Hans-CN",
            "zh-cmn-Hans-CN",
            "sl-rozaj-biske",
            "de-CH-1901",
            "en-a-myext-b-another",
            "x-whatever",
            "de-x-a-b",
            "i-klingon",
            "EN-gb-oed",
            "sgn-BE-FR",
            "art-lojban",
            "zh-min-nan",
            "hy-Latn-IT-arevela",
            "qaa-Qaaa-QM-x-southern",
            "abcd",
            "abcdefgh",
        ] {
            assert!(is_language_tag(tag), "{tag}");
        }
    }

    #[test]
    fn tags_that_break_it_do_not() {
        for tag in [
            "",
            "a",
            "something",
            "a12345",
            "a12345678",
            "zh-z-aaa-z-bbb-c-ccc",
            "de_DE",
            "de-",
            "-de",
            "de--DE",
            "x",
            "de-x",
            "en-a",
            "de-DE-de",
            "sl-rozaj-rozaj",
            "1",
            "e1",
            "de-419-DE",
            "en-abcdefghi",
            "dé",
            "i-unknown",
            "de DE",
        ] {
            assert!(!is_language_tag(tag), "{tag}");
        }
    }
}
