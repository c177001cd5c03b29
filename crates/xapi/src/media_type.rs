//! Internet media types (1.0.3 Data 2.4.11, RFC 9110 8.3.1).

/// Whether `text` is a media type such as `text/plain; charset=utf-8`.
#[must_use]
pub fn is_media_type(text: &str) -> bool {
    let mut parts = Parameters(text);
    let essence = parts.until_semicolon();
    let Some((kind, subtype)) = essence.trim_end_matches(BLANK).split_once('/') else { return false };
    is_token(kind) && is_token(subtype) && parts.all(is_parameter)
}

const BLANK: [char; 2] = [' ', '\t'];

/// `name=value` pairs, split at semicolons outside quotes.
struct Parameters<'a>(&'a str);

impl<'a> Parameters<'a> {
    fn until_semicolon(&mut self) -> &'a str {
        let mut quoted = false;
        let mut escaped = false;
        for (at, byte) in self.0.bytes().enumerate() {
            match byte {
                _ if escaped => escaped = false,
                b'\\' if quoted => escaped = true,
                b'"' => quoted = !quoted,
                b';' if !quoted => {
                    let (part, rest) = self.0.split_at(at);
                    self.0 = rest;
                    return part;
                }
                _ => {}
            }
        }
        std::mem::take(&mut self.0)
    }
}

impl<'a> Iterator for Parameters<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        self.0 = self.0.strip_prefix(';')?;
        Some(self.until_semicolon().trim_matches(BLANK))
    }
}

/// RFC 9110 allows an empty parameter between two semicolons.
fn is_parameter(text: &str) -> bool {
    let Some((name, value)) = text.split_once('=') else { return text.is_empty() };
    let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
    is_token(name) && (is_token(value) || quoted && !value.contains(|c: char| c.is_control() && c != '\t'))
}

fn is_token(text: &str) -> bool {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    !text.is_empty() && text.bytes().all(is_token_byte)
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
        ] {
            assert!(is_media_type(good), "{good}");
        }
        for bad in
            ["", "text", "text/", "/plain", "should fail", "text/plain charset=x", "a/b/c", "a/b;c", "a/b;=c"]
        {
            assert!(!is_media_type(bad), "{bad}");
        }
    }
}
