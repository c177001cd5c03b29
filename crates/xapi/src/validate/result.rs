//! Results and scores (1.0.3 Data 2.4.5).

use super::extensions::extensions;
use super::{Read, Seen, unknown};
use crate::duration::{comparable, is_duration};
use crate::fingerprint::{Sum, Tag, boolean};
use crate::invalid::Fault;
use crate::json::Cursor;
use crate::statement::StatementResult;

const RESULT: &str = "xAPI 1.0.3 Data 2.4.5";
const SCORE: &str = "xAPI 1.0.3 Data 2.4.5.1";

pub(super) fn result<'a>(cursor: &mut Cursor<'a>) -> Read<StatementResult<'a>> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut sum = Sum::default();
    let mut result = StatementResult::default();
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "score" => {
                seen.once(0, &key)?;
                sum.add(Tag::Score, score(cursor, &mut result)?);
            }
            "success" => {
                seen.once(1, &key)?;
                let value = cursor.boolean()?;
                sum.add(Tag::Success, boolean(value));
                result.success = Some(value);
            }
            "completion" => {
                seen.once(2, &key)?;
                let value = cursor.boolean()?;
                sum.add(Tag::Completion, boolean(value));
                result.completion = Some(value);
            }
            "response" => {
                seen.once(3, &key)?;
                let text = cursor.string()?;
                sum.add(Tag::Response, cursor.digest.text(&text.value));
                result.response = Some(text.value);
            }
            "duration" => {
                seen.once(4, &key)?;
                let text = cursor.string()?;
                if !cursor.rules.trusted && !is_duration(&text.value) {
                    let rule = "not an ISO 8601 duration such as PT4H35M59.14S";
                    return Err(Fault::new(text.at, rule, "xAPI 1.0.3 Data 4.6"));
                }
                let (head, tail) = comparable(&text.value);
                let digest = match tail {
                    "" => cursor.digest.text(head),
                    _ => cursor.digest.text(&[head, tail].concat()),
                };
                sum.add(Tag::Duration, digest);
                result.duration = Some(text.value);
            }
            "extensions" => {
                seen.once(5, &key)?;
                let (raw, digest) = extensions(cursor)?;
                sum.add(Tag::Extensions, digest);
                result.extensions = Some(raw);
            }
            _ => return unknown(&key, "a result", RESULT),
        }
    }
    Ok((result, sum.object()))
}

fn score(cursor: &mut Cursor<'_>, result: &mut StatementResult<'_>) -> Result<u128, Fault> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut sum = Sum::default();
    let mut raw_at = open.start;
    while let Some(key) = cursor.key(&mut open)? {
        let (bit, tag, slot) = match &*key.value {
            "scaled" => (0, Tag::Scaled, &mut result.scaled),
            "raw" => (1, Tag::Raw, &mut result.raw),
            "min" => (2, Tag::Min, &mut result.min),
            "max" => (3, Tag::Max, &mut result.max),
            _ => return unknown(&key, "a score", SCORE),
        };
        seen.once(bit, &key)?;
        let number = cursor.number()?;
        let exact = number.value();
        sum.add(tag, cursor.digest.number(&exact));
        // The nearest f64 is good for comparing, while the bytes keep every digit.
        let value = exact.to_f64(number.text);
        *slot = Some(value);
        if bit == 0 && !(-1.0..=1.0).contains(&value) {
            return Err(Fault::new(number.at, "scaled must lie between -1 and 1", SCORE));
        }
        if bit == 1 {
            raw_at = number.at;
        }
    }
    check_range(result, open.start, raw_at)?;
    Ok(sum.object())
}

fn check_range(score: &StatementResult<'_>, at: usize, raw_at: usize) -> Result<(), Fault> {
    if let (Some(min), Some(max)) = (score.min, score.max)
        && min >= max
    {
        return Err(Fault::new(at, "min must be less than max", SCORE));
    }
    let below = score.raw.zip(score.min).is_some_and(|(raw, min)| raw < min);
    let above = score.raw.zip(score.max).is_some_and(|(raw, max)| raw > max);
    if below || above {
        return Err(Fault::new(raw_at, "raw must lie between min and max", SCORE));
    }
    Ok(())
}
