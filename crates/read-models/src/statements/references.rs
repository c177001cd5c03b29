//! Statements that refer to others: their terms travel along the references, in any order of arrival.

use plaudit_log::Partition;
use plaudit_store::{Row, Value};
use plaudit_xapi::{Statement, StatementId};

use super::arrival::{Arrival, Arrivals};
use super::tables::{AWAITED, REFERENCES, STATEMENTS, VOIDED};
use super::terms::{Term, Terms};
use super::{LateEntries, REFERENCE_STEPS_MAX, Statements, TenantNumber, chunk_and_low};
use crate::{ApplyError, Position, Rows};

/// A statement as others see it that refer to it, or that it refers to.
struct Node {
    id: StatementId,
    position: u64,
    terms: Terms,
    target: Option<StatementId>,
    voiding: bool,
}

impl Node {
    fn of(id: StatementId, position: u64, statement: &Statement<'_>) -> Self {
        let terms = Term::of_statement(statement);
        Self { id, position, terms, target: statement.refers_to(), voiding: statement.is_voiding() }
    }
}

/// A statement that refers to another, as the other's row of `references` says.
struct Referrer {
    id: StatementId,
    position: u64,
}

/// What a batch looks up in: statements before `position`, in the batch and in the rows.
struct Sight<'a, 'b, 'c> {
    arrivals: &'a Arrivals<'b, 'c>,
    tenant: TenantNumber,
    tenant_name: &'a str,
    partition: Partition,
    /// Only what is earlier in the log is seen, also when a batch is delivered again and its rows are there already.
    position: u64,
}

impl Statements {
    /// Files a new statement under its terms, those of what it refers to, and gives its terms to those that refer to it.
    pub(super) async fn arrive(
        &mut self,
        arrival: &Arrival<'_, '_>,
        arrivals: &Arrivals<'_, '_>,
        late: &mut LateEntries,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        let low = chunk_and_low(arrival.position).1;
        for term in Term::of_statement(arrival.statement) {
            self.postings.push(arrival.tenant, term, low);
        }
        self.times.push(low, arrival.event.stored.as_micros());
        let target = arrival.statement.refers_to().filter(|target| *target != arrival.id);
        let tenant_name = self.tenants.name(arrival.tenant);
        let awaited = self.awaited.may_have(tenant_name, arrival.id);
        if target.is_none() && !awaited {
            return Ok(());
        }
        let tenant_name = tenant_name.to_owned();
        let (tenant, partition, position) = (arrival.tenant, arrival.partition, arrival.position);
        let sight = Sight { arrivals, tenant, tenant_name: &tenant_name, partition, position };
        let mut chain = vec![Node::of(arrival.id, arrival.position, arrival.statement)];
        if let Some(target) = target {
            sight.follow(&mut chain, rows).await?;
            self.refer(&sight, &chain, target, late, rows).await?;
        }
        if awaited {
            self.adopt(&sight, &chain, late, rows).await?;
        }
        Ok(())
    }

    /// Writes down that the first of `chain` refers to `target`, and files it under the terms of the others.
    async fn refer(
        &mut self,
        sight: &Sight<'_, '_, '_>,
        chain: &[Node],
        target: StatementId,
        late: &mut LateEntries,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        let referrer = &chain[0];
        rows.put(&REFERENCES, sight.reference(target, referrer));
        let Some(found) = chain.get(1) else {
            rows.put(&AWAITED, sight.key(target));
            self.awaited.insert(sight.tenant_name, target);
            return Ok(());
        };
        let low = chunk_and_low(referrer.position).1;
        for term in chain[1..].iter().flat_map(|node| &node.terms) {
            self.postings.push(sight.tenant, *term, low);
        }
        if referrer.voiding && !found.voiding {
            sight.void(found, referrer.id, late, rows).await?;
        }
        Ok(())
    }

    /// Gives the terms of `chain` (a new statement, and what it refers to) to the statements that wait for the new one, and on to those
    /// that refer to them.
    async fn adopt(
        &mut self,
        sight: &Sight<'_, '_, '_>,
        chain: &[Node],
        late: &mut LateEntries,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        let new = &chain[0];
        let mut voiding = Vec::new();
        // Each with its distance from the new statement and the terms of those on the way, which it has already.
        let mut open: Vec<(Referrer, usize, Vec<Term>)> = Vec::new();
        let first = sight.referrers(new.id, rows).await?;
        open.extend(first.into_iter().rev().map(|referrer| (referrer, 1, Vec::new())));
        while let Some((referrer, steps, mut has)) = open.pop() {
            let Some(node) = sight.node(referrer.id, rows).await? else { continue };
            if node.id == new.id || node.position != referrer.position {
                continue;
            }
            has.extend(&node.terms);
            for term in within_reach(chain, steps).filter(|term| !has.contains(term)) {
                late.push(sight.tenant, term, node.position);
            }
            if steps == 1 && node.voiding {
                voiding.push((node.position, node.id));
            }
            if steps < REFERENCE_STEPS_MAX {
                let next = sight.referrers(node.id, rows).await?;
                open.extend(next.into_iter().rev().map(|referrer| (referrer, steps + 1, has.clone())));
            }
        }
        rows.delete(&AWAITED, sight.key(new.id));
        self.awaited.remove(sight.tenant_name, new.id);
        if let (Some((_, by)), false) = (voiding.iter().min(), new.voiding) {
            sight.void(new, *by, late, rows).await?;
        }
        Ok(())
    }
}

/// The terms of a chain that reach a statement so many steps before its beginning.
fn within_reach(chain: &[Node], steps: usize) -> impl Iterator<Item = Term> + use<> {
    let reach = (REFERENCE_STEPS_MAX + 1 - steps).min(chain.len());
    let mut terms: Vec<Term> = chain[..reach].iter().flat_map(|node| &node.terms).copied().collect();
    terms.sort_unstable();
    terms.dedup();
    terms.into_iter()
}

impl Sight<'_, '_, '_> {
    fn key(&self, id: StatementId) -> Row {
        vec![self.tenant_name.into(), id.into()]
    }

    fn reference(&self, target: StatementId, referrer: &Node) -> Row {
        let mut row = self.key(target);
        let place = [Value::Int(self.partition.into()), Value::Int(referrer.position.cast_signed())];
        row.push(referrer.id.into());
        row.extend(place);
        row.push(referrer.voiding.into());
        row
    }

    /// Adds to a chain that begins with one statement what that refers to, and so on.
    async fn follow(&self, chain: &mut Vec<Node>, rows: &Rows) -> Result<(), ApplyError> {
        while chain.len() <= REFERENCE_STEPS_MAX {
            let Some(target) = chain.last().and_then(|node| node.target) else { break };
            if chain.iter().any(|node| node.id == target) {
                break;
            }
            let Some(node) = self.node(target, rows).await? else { break };
            chain.push(node);
        }
        Ok(())
    }

    /// The statement of that id.
    async fn node(&self, id: StatementId, rows: &Rows) -> Result<Option<Node>, ApplyError> {
        if let Some(arrival) = self.arrivals.find(self.tenant, id) {
            let seen = arrival.position <= self.position;
            return Ok(seen.then(|| Node::of(id, arrival.position, arrival.statement)));
        }
        let row = rows.get(&STATEMENTS, &self.key(id)).await?;
        let Some(record) = row.as_ref().and_then(|row| row.last()?.as_record()) else { return Ok(None) };
        if record.partition == self.partition && record.position >= self.position {
            return Ok(None);
        }
        let statement = plaudit_xapi::read_stored(&record.bytes).map_err(|cause| ApplyError::Poison {
            partition: self.partition,
            position: Position(self.position),
            reason: format!("statement {id}, which it concerns, is stored but cannot be read: {cause}"),
        })?;
        Ok(Some(Node::of(id, record.position, &statement)))
    }

    /// Those that refer to the statement of that id, in the order of their ids.
    async fn referrers(&self, id: StatementId, rows: &Rows) -> Result<Vec<Referrer>, ApplyError> {
        let rows = rows.partition(&REFERENCES, &self.key(id)).await?;
        let referrer = |row: &Row| {
            let [_, _, Value::Uuid(id), Value::Int(partition), Value::Int(position), ..] = row.as_slice()
            else {
                return None;
            };
            let position = position.cast_unsigned();
            let seen = *partition != i64::from(self.partition) || position < self.position;
            seen.then_some(Referrer { id: *id, position })
        };
        Ok(rows.iter().filter_map(referrer).collect())
    }

    async fn void(
        &self,
        target: &Node,
        by: StatementId,
        late: &mut LateEntries,
        rows: &mut Rows,
    ) -> Result<(), ApplyError> {
        let mut row = self.key(target.id);
        if rows.get(&VOIDED, &row).await?.is_none() {
            row.push(by.into());
            rows.put(&VOIDED, row);
        }
        late.push(self.tenant, Term::VOIDED, target.position);
        Ok(())
    }
}
