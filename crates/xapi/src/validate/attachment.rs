//! Attachment metadata (1.0.3 Data 2.4.11).

use super::language_map::language_map;
use super::{Read, Seen, unknown};
use crate::fingerprint::{Sum, Tag};
use crate::invalid::Fault;
use crate::iri::is_sha2;
use crate::json::Cursor;
use crate::media_type::is_media_type;
use crate::statement::Attachment;

const ATTACHMENT: &str = "xAPI 1.0.3 Data 2.4.11";

/// All attachments of a statement.
pub(super) fn attachments<'a>(cursor: &mut Cursor<'a>) -> Result<Vec<Attachment<'a>>, Fault> {
    let mut open = cursor.array()?;
    let mut attachments = Vec::new();
    while cursor.item(&mut open)? {
        let (mut attachment, digest) = attachment(cursor)?;
        attachment.meaning = digest;
        attachments.push(attachment);
    }
    Ok(attachments)
}

fn attachment<'a>(cursor: &mut Cursor<'a>) -> Read<Attachment<'a>> {
    let mut open = cursor.object()?;
    let mut seen = Seen::default();
    let mut sum = Sum::default();
    let (mut usage_type, mut content_type, mut length, mut sha2, mut file_url) =
        (None, None, None, None, None);
    while let Some(key) = cursor.key(&mut open)? {
        match &*key.value {
            "usageType" => {
                seen.once(0, &key)?;
                let value = cursor.iri(ATTACHMENT)?;
                sum.add(Tag::UsageType, cursor.digest.text(&value));
                usage_type = Some(value);
            }
            "display" => {
                seen.once(DISPLAY, &key)?;
                sum.add(Tag::Display, language_map(cursor)?.1);
            }
            "description" => {
                seen.once(2, &key)?;
                sum.add(Tag::Description, language_map(cursor)?.1);
            }
            "contentType" => {
                seen.once(3, &key)?;
                let rule = "contentType must be a media type such as text/plain";
                let value = checked(cursor, is_media_type, rule)?;
                sum.add(Tag::ContentType, cursor.digest.text(&value));
                content_type = Some(value);
            }
            "length" => {
                seen.once(4, &key)?;
                let number = cursor.number()?;
                let exact = number.value();
                sum.add(Tag::Length, cursor.digest.number(&exact));
                let rule = "length must be a whole number of octets";
                let octets = exact.to_u64();
                length = Some(octets.ok_or_else(|| Fault::new(number.at, rule, ATTACHMENT))?);
            }
            "sha2" => {
                seen.once(5, &key)?;
                let rule = "sha2 must be a SHA-224, SHA-256, SHA-384 or SHA-512 in hex digits";
                let value = checked(cursor, is_sha2, rule)?;
                sum.add(Tag::Sha2, cursor.digest.caseless(&value));
                sha2 = Some(value);
            }
            "fileUrl" => {
                seen.once(6, &key)?;
                let value = cursor.irl(ATTACHMENT)?;
                sum.add(Tag::FileUrl, cursor.digest.text(&value));
                file_url = Some(value);
            }
            _ => return unknown(&key, "an attachment", ATTACHMENT),
        }
    }
    let missing = |name| Fault::new(open.start, format!("an attachment needs {name}"), ATTACHMENT);
    if !seen.any(1 << DISPLAY) {
        return Err(missing("display"));
    }
    let attachment = Attachment {
        usage_type: usage_type.ok_or_else(|| missing("usageType"))?,
        content_type: content_type.ok_or_else(|| missing("contentType"))?,
        length: length.ok_or_else(|| missing("length"))?,
        sha2: sha2.ok_or_else(|| missing("sha2"))?,
        file_url,
        meaning: 0,
    };
    Ok((attachment, sum.object()))
}

const DISPLAY: u32 = 1;

fn checked<'a>(
    cursor: &mut Cursor<'a>,
    is_valid: fn(&str) -> bool,
    rule: &'static str,
) -> Result<std::borrow::Cow<'a, str>, Fault> {
    let text = cursor.string()?;
    if cursor.rules.trusted || is_valid(&text.value) {
        Ok(text.value)
    } else {
        Err(Fault::new(text.at, rule, ATTACHMENT))
    }
}
