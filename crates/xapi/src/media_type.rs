//! Internet media types (1.0.3 Data 2.4.11, RFC 9110 8.3.1).

/// Whether `text` is a media type such as `text/plain; charset=utf-8`.
#[must_use]
pub fn is_media_type(text: &str) -> bool {
    let Some(subtype) = after_token(text).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let Some(mut rest) = after_token(subtype).map(skip_blanks) else { return false };
    while let Some(parameter) = rest.strip_prefix(';') {
        // RFC 9110 allows nothing between two semicolons.
        let parameter = skip_blanks(parameter);
        match after_token(parameter) {
            None => rest = parameter,
            Some(value) => match value.strip_prefix('=').and_then(after_value) {
                None => return false,
                Some(after) => rest = skip_blanks(after),
            },
        }
    }
    rest.is_empty()
}

fn skip_blanks(text: &str) -> &str {
    text.trim_start_matches([' ', '\t'])
}

/// What follows a token.
fn after_token(text: &str) -> Option<&str> {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    let length = text.bytes().position(|byte| !is_token_byte(byte)).unwrap_or(text.len());
    if length == 0 { None } else { text.get(length..) }
}

/// What follows a token or a quoted string.
fn after_value(text: &str) -> Option<&str> {
    let Some(quoted) = text.strip_prefix('"') else { return after_token(text) };
    let mut characters = quoted.chars();
    let is_control = |character: char| character != '\t' && character.is_ascii_control();
    loop {
        match characters.next()? {
            '"' => return Some(characters.as_str()),
            '\\' if is_control(characters.next()?) => return None,
            other if is_control(other) => return None,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_are_recognised() {
        for good in [
            "text/plain",
            "text/plain; charset=ascii",
            "application/vnd.x+json;v=1 ; q=\"a;b\\\"c\"",
            "image/svg+xml;",
            "a/b; ;c=d\t;",
        ] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in [
            "",
            "text",
            "text/",
            "/plain",
            "should fail",
            "text/plain charset=x",
            "a/b/c",
            "a/b;c",
            "a/b;=c",
            "a/b;c=\"a\"b\"",
            "a/b;c=\"d",
            "a/b c",
        ] {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
