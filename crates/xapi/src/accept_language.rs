//! Which language of a map a client wants (RFC 9110 12.5.4, RFC 4647 3.4).

use smallvec::SmallVec;

/// How many ranges of a header count; browsers send a handful.
const RANGES_MAX: usize = 32;

/// The ranges of an `Accept-Language` header, the most wanted first. Empty if there was none: then any will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AcceptLanguage {
    ranges: SmallVec<[String; 4]>,
    refused: SmallVec<[String; 1]>,
}

impl AcceptLanguage {
    /// Reads the header. What is malformed is skipped, as the standard asks of preferences.
    #[must_use]
    pub fn parse(header: &str) -> Self {
        let mut weighted: SmallVec<[(u16, String); 4]> = SmallVec::new();
        let mut refused = SmallVec::new();
        for part in header.split(',').take(RANGES_MAX) {
            let (range, parameters) = part.split_once(';').unwrap_or((part, ""));
            let range = range.trim().to_ascii_lowercase();
            match weight_thousandths(parameters) {
                _ if range.is_empty() => {}
                Some(0) => refused.push(range),
                Some(weight) => weighted.push((weight, range)),
                None => {}
            }
        }
        // Stable, so that equal weights keep the order of the header.
        weighted.sort_by_key(|(weight, _)| std::cmp::Reverse(*weight));
        Self { ranges: weighted.into_iter().map(|(_, range)| range).collect(), refused }
    }

    /// The place in `tags` of the best one, or `None` if there are none.
    ///
    /// Each range is tried as it is, then with its last subtags cut off (`de-CH` finds `de`), then as a prefix
    /// (`en` finds `en-GB`). If nothing fits, the first tag that is not refused is taken: a name in a foreign
    /// language is better than none (1.0.3 Communication 2.1.3, Language Filtering).
    #[must_use]
    pub fn best(&self, tags: &[&str]) -> Option<usize> {
        let by_range = self.ranges.iter().filter(|range| *range != "*").find_map(|range| lookup(range, tags));
        let is_refused = |tag: &str| self.refused.iter().any(|range| is_prefix(range, tag));
        let fallback =
            || tags.iter().position(|tag| !is_refused(tag)).or(if tags.is_empty() { None } else { Some(0) });
        by_range.or_else(fallback)
    }
}

fn lookup(range: &str, tags: &[&str]) -> Option<usize> {
    let mut shorter = range;
    loop {
        if let Some(place) = tags.iter().position(|tag| tag.eq_ignore_ascii_case(shorter)) {
            return Some(place);
        }
        let Some((rest, _)) = shorter.rsplit_once('-') else { break };
        // A singleton means nothing without what follows it.
        shorter =
            rest.strip_suffix(|last: char| last != '-').and_then(|cut| cut.strip_suffix('-')).unwrap_or(rest);
    }
    tags.iter()
        .position(|tag| is_prefix(range, tag))
        .or_else(|| tags.iter().position(|tag| is_prefix(shorter, tag)))
}

/// Whether `tag` is `range` or begins with it and a hyphen.
fn is_prefix(range: &str, tag: &str) -> bool {
    range == "*"
        || tag.get(..range.len()).is_some_and(|start| start.eq_ignore_ascii_case(range))
            && matches!(tag.as_bytes().get(range.len()), None | Some(b'-'))
}

/// The `q` of a range in thousandths: 1000 if there is none, `None` if malformed.
fn weight_thousandths(parameters: &str) -> Option<u16> {
    let parameters = parameters.trim();
    if parameters.is_empty() {
        return Some(1000);
    }
    let (name, value) = parameters.split_once('=')?;
    let value: f32 = value.trim().parse().ok()?;
    (name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&value)).then_some((value * 1000.0) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(header: &str, tags: &[&str], expected: &str) {
        let place = AcceptLanguage::parse(header).best(tags);
        assert_eq!(place.map(|place| tags[place]), Some(expected), "{header} of {tags:?}");
    }

    #[test]
    fn the_best_language_is_found() {
        let tags = ["en-GB", "de", "fr-CA", "zh-Hant-TW"];
        check("fr-CA", &tags, "fr-CA");
        check("de-CH, en;q=0.9", &tags, "de");
        check("en", &tags, "en-GB");
        check("en-US", &tags, "en-GB");
        check("fr;q=0.4, de;q=0.8", &tags, "de");
        check("ZH-hant", &tags, "zh-Hant-TW");
        check("*", &tags, "en-GB");
        check("en;q=0, *", &tags, "de");
        check("tlh", &tags, "en-GB");
        check("", &tags, "en-GB");
        check("q=;;,=,de;q=x,fr;q=2", &tags, "en-GB");
        check("en;q=0", &["en"], "en");
        assert_eq!(AcceptLanguage::default().best(&[]), None);
    }
}
