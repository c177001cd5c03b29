//! The entrances: a request body with one statement or many, a stored statement, an actor in a query.

use crate::fingerprint::Digest;
use crate::invalid::{Fault, Invalid};
use crate::json::{Cursor, Rules};
use crate::statement::{Actor, Statement, StatementId, Version};
use crate::validate;

/// How many statements one body may hold: some 7.5 MB of ordinary ones. More than that only delays the answer,
/// since a batch is confirmed as a whole.
pub const STATEMENTS_PER_BATCH_MAX: usize = 10_000;

/// The smallest statement that is valid has more bytes than this; it bounds what is reserved in advance.
const STATEMENT_BYTES_MIN: usize = 80;

/// The statements of one request body.
#[derive(Clone, Debug)]
pub struct Batch<'a> {
    /// In the order sent.
    pub statements: Vec<Statement<'a>>,
    /// Whether the body was one statement rather than an array.
    pub single: bool,
}

/// Reads the body of a POST: one statement or an array of them (1.0.3 Communication 2.1.2).
///
/// # Errors
///
/// The first rule that the body breaks. A batch is all or nothing.
pub fn parse_statements(body: &[u8], version: Version) -> Result<Batch<'_>, Invalid> {
    read(body, Rules::request(version), Digest::Wanted, batch)
}

/// Reads the body of a PUT: exactly one statement (1.0.3 Communication 2.1.1).
///
/// # Errors
///
/// The first rule that the body breaks.
pub fn parse_statement(body: &[u8], version: Version) -> Result<Statement<'_>, Invalid> {
    read(body, Rules::request(version), Digest::Wanted, validate::statement)
}

/// Reads a statement that was stored under either version, and accepted then: structure and types are checked
/// again, the content of language maps and extensions and the form of strings are not. Its fingerprint is not
/// computed: that belongs to the request, before the server added its properties.
///
/// # Errors
///
/// If `bytes` is not a statement.
pub fn read_stored(bytes: &[u8]) -> Result<Statement<'_>, Invalid> {
    read(bytes, Rules::STORED, Digest::Skipped, validate::statement)
}

/// Reads an agent or identified group as the `agent` parameter of a query gives it (1.0.3 Communication 2.1.3).
///
/// # Errors
///
/// If `json` is neither, or an anonymous group.
pub fn parse_actor(json: &[u8], version: Version) -> Result<Actor<'_>, Invalid> {
    read(json, Rules::request(version), Digest::Skipped, |cursor| {
        let (actor, _) = validate::actor(cursor)?;
        if actor.ifi().is_none() {
            let rule =
                "an anonymous group identifies nobody: give one of mbox, mbox_sha1sum, openid, account";
            return Err(Fault::new(0, rule, "xAPI 1.0.3 Communication 2.1.3"));
        }
        Ok(actor)
    })
}

/// Runs `value` over the whole of `body`.
fn read<'a, T>(
    body: &'a [u8],
    rules: Rules,
    digest: Digest,
    value: impl FnOnce(&mut Cursor<'a>) -> Result<T, Fault>,
) -> Result<T, Invalid> {
    let run = || {
        let mut cursor = Cursor::new(body, rules, digest)?;
        let value = value(&mut cursor)?;
        cursor.end()?;
        Ok(value)
    };
    run().map_err(|fault: Fault| fault.locate(body))
}

fn batch<'a>(cursor: &mut Cursor<'a>) -> Result<Batch<'a>, Fault> {
    if cursor.peek() != Some(b'[') {
        return Ok(Batch { statements: vec![validate::statement(cursor)?], single: true });
    }
    let mut open = cursor.array()?;
    let mut statements = Vec::new();
    while cursor.item(&mut open)? {
        if statements.len() == STATEMENTS_PER_BATCH_MAX {
            let rule = format!("more than {STATEMENTS_PER_BATCH_MAX} statements, the limit of this server");
            return Err(Fault::new(cursor.at(), rule, "xAPI 1.0.3 Communication 2.1.2"));
        }
        let statement = validate::statement(cursor)?;
        if statements.is_empty() {
            statements.reserve(cursor.remaining() / statement.raw.len().max(STATEMENT_BYTES_MIN) + 1);
        }
        statements.push(statement);
    }
    check_ids(&statements)?;
    Ok(Batch { statements, single: false })
}

/// Two equal ids in one batch are refused (1.0.3 Communication 2.1.2).
fn check_ids(statements: &[Statement<'_>]) -> Result<(), Fault> {
    let id_and_place = |statement: &Statement<'_>| Some((statement.id?, statement.layout.id_at));
    let mut ids: Vec<(StatementId, usize)> = statements.iter().filter_map(id_and_place).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        None => Ok(()),
        Some(pair) => {
            let rule = format!("two statements of one batch have the id {}", pair[1].0);
            Err(Fault::new(pair[1].1, rule, "xAPI 1.0.3 Communication 2.1.2"))
        }
    }
}
