//! The rows that people ask for: funnel, achievements, recognition. Each follows from a learner's outcome.

use std::collections::HashMap;
use std::hash::Hash;

use bytes::Bytes;
use plaudit_engagement::{Earned, Expectation, FunnelOutcome, Met, Outcome, Revoked};
use plaudit_event::{LearnerId, TenantId};
use plaudit_store::{Row, Table, Value};
use plaudit_xapi::Timestamp;

use super::codec::{decode_funnel, decode_ids, encode_funnel, encode_ids};
use super::tables::{ACHIEVEMENTS, FUNNEL, RECOGNITION, bucket_of};
use crate::Rows;

/// Writes the rows of a learner that differ between two outcomes, and removes those that are not there any more. A batch does
/// so once for a learner.
pub(super) fn write_changes(
    tenant: &TenantId,
    learner: &LearnerId,
    old: &Outcome,
    new: &Outcome,
    rows: &mut Rows,
) {
    let mut writer = Writer { tenant: tenant.as_str(), learner: learner.as_str(), rows };
    writer.funnels(&old.funnels, &new.funnels);
    writer.achievements(&old.achievements, &new.achievements);
    writer.expectations(&old.expectations, &new.expectations);
}

struct Writer<'a> {
    tenant: &'a str,
    learner: &'a str,
    rows: &'a mut Rows,
}

impl Writer<'_> {
    fn funnels(&mut self, old: &[FunnelOutcome], new: &[FunnelOutcome]) {
        let (gone, changed) = difference(old, new, |it| it.funnel.as_str());
        gone.into_iter().for_each(|it| self.rows.delete(&FUNNEL, self.key(&it.funnel)));
        for it in changed {
            let row = funnel_row(self.key(&it.funnel), it);
            self.rows.put_once(&FUNNEL, row);
        }
    }

    fn achievements(&mut self, old: &[Earned], new: &[Earned]) {
        let (gone, changed) = difference(old, new, |it| (it.achievement.as_str(), it.occurrence));
        let key = |writer: &Self, it: &Earned| {
            let mut key = writer.key(&it.achievement);
            key.push(i64::from(it.occurrence).into());
            key
        };
        gone.into_iter().for_each(|it| self.rows.delete(&ACHIEVEMENTS, key(self, it)));
        for it in changed {
            let row = achievement_row(key(self, it), it);
            self.rows.put_once(&ACHIEVEMENTS, row);
        }
    }

    fn expectations(&mut self, old: &[Expectation], new: &[Expectation]) {
        let (gone, changed) =
            difference(old, new, |it| (it.rule.as_str(), it.achievement.as_str(), it.occurrence));
        let key = |writer: &Self, it: &Expectation| {
            let mut key = writer.key(&it.rule);
            key.push(it.achievement.as_str().into());
            key.push(i64::from(it.occurrence).into());
            key
        };
        gone.into_iter().for_each(|it| self.rows.delete(&RECOGNITION, key(self, it)));
        for it in changed {
            let row = expectation_row(key(self, it), it);
            self.rows.put_once(&RECOGNITION, row);
        }
    }

    /// Tenant, what the table is about, bucket, learner.
    fn key(&self, about: &str) -> Row {
        vec![self.tenant.into(), about.into(), bucket_of(self.learner).into(), self.learner.into()]
    }
}

/// What of `old` is not in `new` any more, and what of `new` is not the same in `old`.
fn difference<'o, T: PartialEq, K: Eq + Hash>(
    old: &'o [T],
    new: &'o [T],
    key: impl Fn(&'o T) -> K,
) -> (Vec<&'o T>, Vec<&'o T>) {
    if old == new {
        return (Vec::new(), Vec::new());
    }
    let mut left: HashMap<K, &T> = old.iter().map(|it| (key(it), it)).collect();
    let changed = new.iter().filter(|it| left.remove(&key(it)).is_none_or(|before| before != *it)).collect();
    let gone = old.iter().filter(|it| left.contains_key(&key(it))).collect();
    (gone, changed)
}

fn funnel_row(key: Row, it: &FunnelOutcome) -> Row {
    let last = it.entered.iter().find(|entered| entered.index == it.current);
    let mut row = key;
    row.extend([
        i64::from(it.current).into(),
        last.map(|last| last.stage.as_str()).unwrap_or_default().into(),
        time(it.entered.first().map(|first| first.time)),
        time(last.map(|last| last.time)),
        time(Some(it.last_in_scope)),
        time(it.next_deadline),
        time(it.dormant_after),
        Value::Blob(Bytes::from(encode_funnel(it))),
    ]);
    row
}

fn achievement_row(key: Row, it: &Earned) -> Row {
    let revoked = it.revoked.as_ref();
    let mut row = key;
    row.extend([
        time(Some(it.time)),
        it.statement.into(),
        i64::from(it.points).into(),
        Value::Blob(Bytes::from(encode_ids(&it.evidence))),
        time(revoked.map(|revoked| revoked.time)),
        revoked.map(|revoked| revoked.voided_by).into(),
        revoked.map(|revoked| revoked.voided).into(),
        revoked.map(|revoked| revoked.reason.clone()).into(),
    ]);
    row
}

fn expectation_row(key: Row, it: &Expectation) -> Row {
    let met = it.met.as_ref();
    let mut row = key;
    row.extend([
        time(Some(it.earned_at)),
        time(Some(it.due_at)),
        time(met.map(|met| met.time)),
        met.map(|met| met.by.clone()).into(),
        met.map(|met| met.statement).into(),
    ]);
    row
}

fn time(time: Option<Timestamp>) -> Value {
    time.map_or(Value::Null, |time| Value::Timestamp(time.as_micros()))
}

/// A learner's way through a funnel, from a row of [`FUNNEL`].
pub(super) fn read_funnel(row: &Row) -> Option<FunnelOutcome> {
    decode_funnel(cell(&FUNNEL, row, "entered")?.as_blob()?)
}

/// An achievement, from a row of [`ACHIEVEMENTS`].
pub(super) fn read_achievement(row: &Row) -> Option<Earned> {
    let cell = |name| cell(&ACHIEVEMENTS, row, name);
    let revoked = match cell("revoked_at")?.as_timestamp() {
        Some(at) => Some(Revoked {
            time: Timestamp::from_micros(at),
            voided_by: cell("revoked_by")?.as_uuid()?,
            voided: cell("revoked_evidence")?.as_uuid()?,
            reason: cell("revoked_reason")?.as_text()?.to_owned(),
        }),
        None => None,
    };
    Some(Earned {
        achievement: cell("achievement")?.as_text()?.to_owned(),
        occurrence: u32::try_from(cell("occurrence")?.as_int()?).ok()?,
        time: Timestamp::from_micros(cell("earned_at")?.as_timestamp()?),
        statement: cell("statement")?.as_uuid()?,
        evidence: decode_ids(cell("evidence")?.as_blob()?)?,
        points: u32::try_from(cell("points")?.as_int()?).ok()?,
        revoked,
    })
}

/// An expectation, from a row of [`RECOGNITION`].
pub(super) fn read_expectation(row: &Row) -> Option<Expectation> {
    let cell = |name| cell(&RECOGNITION, row, name);
    let met = match cell("met_at")?.as_timestamp() {
        Some(at) => Some(Met {
            by: cell("met_by")?.as_text()?.to_owned(),
            time: Timestamp::from_micros(at),
            statement: cell("met_statement")?.as_uuid()?,
        }),
        None => None,
    };
    Some(Expectation {
        rule: cell("rule")?.as_text()?.to_owned(),
        achievement: cell("achievement")?.as_text()?.to_owned(),
        occurrence: u32::try_from(cell("occurrence")?.as_int()?).ok()?,
        earned_at: Timestamp::from_micros(cell("earned_at")?.as_timestamp()?),
        due_at: Timestamp::from_micros(cell("due_at")?.as_timestamp()?),
        met,
    })
}

fn cell<'r>(table: &Table, row: &'r Row, column: &str) -> Option<&'r Value> {
    row.get(table.column(column)?)
}
