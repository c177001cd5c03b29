//! Merging activity definitions: later statements add languages and replace the rest (1.0.3 Data 2.4.4.1).

use crate::skim::{Member, decode, members, rewrite_object};

/// What the definition of an activity becomes when `newer` arrives after `older`: language maps are merged by
/// language, any other property is replaced, and what `newer` does not mention stays.
#[must_use]
pub fn merge_definitions(older: &[u8], newer: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(older.len() + newer.len());
    merge(older, newer, &mut out, |key, old, new, out| match key {
        "name" | "description" => merge(old, new, out, |_, _, new, out| out.extend_from_slice(new)),
        _ => out.extend_from_slice(new),
    });
    out
}

/// The members of both; `both` writes the value of a member that both have.
fn merge(older: &[u8], newer: &[u8], out: &mut Vec<u8>, both: impl Fn(&str, &[u8], &[u8], &mut Vec<u8>)) {
    let mut left: Vec<_> = members(newer).map(|(key, value)| (decode(key), key, value)).collect();
    left.sort_unstable();
    let mut is_used = vec![false; left.len()];
    rewrite_object(older, out, |key, old, out| match left.binary_search_by(|(name, ..)| (**name).cmp(key)) {
        Err(_) => Member::Kept,
        Ok(place) => {
            is_used[place] = true;
            both(key, old, left[place].2, out);
            Member::Written
        }
    });
    out.pop();
    for ((_, key, value), _) in left.iter().zip(is_used).filter(|(_, is_used)| !is_used) {
        if out.last() != Some(&b'{') {
            out.push(b',');
        }
        out.extend_from_slice(key);
        out.push(b':');
        out.extend_from_slice(value);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(older: &str, newer: &str, expected: &str) {
        let merged = merge_definitions(older.as_bytes(), newer.as_bytes());
        assert_eq!(String::from_utf8(merged).unwrap(), expected);
    }

    #[test]
    fn languages_add_up_and_the_rest_is_replaced() {
        check(
            r#"{"name":{"en":"one"},"type":"t:1","moreInfo":"http://m"}"#,
            r#"{"type":"t:2","name":{"de":"eins","en":"One"},"description":{"en":"d"}}"#,
            r#"{"name":{"en":"One","de":"eins"},"type":"t:2","moreInfo":"http://m","description":{"en":"d"}}"#,
        );
        check("{}", r#"{"type":"t:2"}"#, r#"{"type":"t:2"}"#);
        check(r#"{"type":"t:2"}"#, "{}", r#"{"type":"t:2"}"#);
        check(r#"{"name":{}}"#, r#"{"name":{"de":"x"}}"#, r#"{"name":{"de":"x"}}"#);
    }
}
