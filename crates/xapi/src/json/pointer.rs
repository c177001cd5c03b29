//! From a byte offset to a JSON Pointer (RFC 6901), so that the typed pass need not carry a path.

use crate::skim::string_end;

/// Clients choose their keys; an error repeats only so much of them.
const POINTER_BYTES_MAX: usize = 1024;

/// One open container on the way to the offset.
enum Step {
    Object(String),
    Array(usize),
}

/// The pointer of the innermost value or key that contains byte `offset` of `body`.
///
/// Reads tokens leniently: what precedes the offset was accepted already, what follows does not matter.
pub(crate) fn pointer_at(body: &[u8], offset: usize) -> String {
    let mut path: Vec<Step> = Vec::new();
    let mut at = 0;
    let mut is_key = false;
    while at < body.len() && at <= offset {
        match body[at] {
            b'{' | b'[' if at == offset => break,
            b'{' => {
                path.push(Step::Object(String::new()));
                is_key = true;
            }
            b'[' => path.push(Step::Array(0)),
            b'}' | b']' => {
                // The end of a container belongs to it: a fault found there concerns the whole.
                if at < offset {
                    path.pop();
                }
                is_key = false;
            }
            b',' => is_key = next_item(&mut path),
            b'"' => {
                let end = string_end(body, at);
                if is_key && let Some(Step::Object(key)) = path.last_mut() {
                    *key = decoded(&body[at..end]);
                    is_key = false;
                }
                at = end;
                continue;
            }
            _ => {}
        }
        at += 1;
    }
    let mut pointer: String = path.iter().map(rendered).collect();
    if pointer.len() > POINTER_BYTES_MAX {
        pointer.truncate(pointer.floor_char_boundary(POINTER_BYTES_MAX));
        pointer.push('…');
    }
    pointer
}

/// Moves the innermost container on by one and says whether a key comes next.
fn next_item(path: &mut [Step]) -> bool {
    match path.last_mut() {
        Some(Step::Array(index)) => {
            *index += 1;
            false
        }
        Some(Step::Object(key)) => {
            key.clear();
            true
        }
        None => false,
    }
}

/// The text of a key, without its quotes; escapes stay as written, they are rare and still readable.
fn decoded(quoted: &[u8]) -> String {
    let inner = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
    String::from_utf8_lossy(inner).into_owned()
}

fn rendered(step: &Step) -> String {
    match step {
        Step::Object(key) if key.is_empty() => String::new(),
        Step::Object(key) => format!("/{}", key.replace('~', "~0").replace('/', "~1")),
        Step::Array(index) => format!("/{index}"),
    }
}
