//! Mends the tail of a journal that a power failure tore.
//!
//! What was written to the LSM tree's journal since the last sync may reach the disk in parts and in any order. fjall cuts off a tail
//! that ends early, but refuses to open if the last batch has its end and lacks its middle. Everything that was synced lies before the
//! first batch that is not whole; so the journal is cut there, and what was cut is kept beside it.
//!
//! The format is that of fjall 3: a start (tag 1, number of items, sequence number), items (tag 2) and clears (tag 4), an end (tag 3,
//! xxh3 of the items, magic).

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_64;

const START: u8 = 1;
const ITEM: u8 = 2;
const END: u8 = 3;
const CLEAR: u8 = 4;
const MAGIC: [u8; 4] = [b'F', b'J', b'L', 3];

/// Cuts the newest journal in `dir` after its last whole batch. Returns whether there was something to cut.
pub(crate) fn cut_journal(dir: &Path) -> io::Result<bool> {
    let Some(path) = newest_journal(dir)? else { return Ok(false) };
    let bytes = std::fs::read(&path)?;
    let end = whole_batches_end(&bytes);
    // A journal is filled with zeros in advance.
    if bytes[end..].iter().all(|byte| *byte == 0) {
        return Ok(false);
    }
    let kept = path.with_extension("jnl.damaged");
    std::fs::copy(&path, &kept)?;
    let file = File::options().write(true).open(&path)?;
    file.set_len(end as u64)?;
    file.sync_all()?;
    tracing::error!(
        journal = %path.display(), kept = %kept.display(), cut_at = end,
        "the journal had a batch that is not whole and was cut there"
    );
    Ok(true)
}

fn newest_journal(dir: &Path) -> io::Result<Option<PathBuf>> {
    let mut newest = None;
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        let number =
            path.file_name().and_then(|name| name.to_str()?.strip_suffix(".jnl")?.parse::<u64>().ok());
        if let Some(number) = number {
            newest = newest.max(Some((number, path)));
        }
    }
    Ok(newest.map(|(_, path)| path))
}

fn whole_batches_end(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while let Some(after) = after_batch(rest) {
        rest = after;
    }
    bytes.len() - rest.len()
}

/// What follows the batch at the beginning of `bytes`, if that is whole.
fn after_batch(bytes: &[u8]) -> Option<&[u8]> {
    let mut rest = bytes;
    let start = take(&mut rest, 13)?;
    if start[0] != START {
        return None;
    }
    let items = rest;
    for _ in 0..u32::from_le_bytes(start[1..5].try_into().ok()?) {
        match take(&mut rest, 1)?[0] {
            ITEM => {
                // Kind of value, compression, keyspace (8), length of the key (2), of the value (4) and of its stored form (4).
                let header = take(&mut rest, 20)?;
                let key_len = u16::from_le_bytes(header[10..12].try_into().ok()?);
                let stored_len = u32::from_le_bytes(header[16..20].try_into().ok()?);
                take(&mut rest, usize::from(key_len) + stored_len as usize)?;
            }
            CLEAR => drop(take(&mut rest, 8)?),
            _ => return None,
        }
    }
    let items = &items[..items.len() - rest.len()];
    let end = take(&mut rest, 13)?;
    let is_whole = end[0] == END && end[1..9] == xxh3_64(items).to_le_bytes() && end[9..] == MAGIC;
    is_whole.then_some(rest)
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}
