//! Funnels, by trying every chain.

use plaudit_engagement::{FunnelDefinition, Order, StageDefinition};
use serde_json::{Value, json};

use super::{counted, ids, learners, limit, matching::accepts, time};
use crate::generate::Case;

struct Model<'c> {
    case: &'c Case,
    funnel: &'c FunnelDefinition,
    /// L.
    statements: Vec<&'c Value>,
}

pub fn outcome(case: &Case, funnel: &FunnelDefinition, voids: &[&Value]) -> Option<Value> {
    let mut statements = learners(case, funnel.members, voids);
    statements.retain(|it| accepts(&funnel.scope, it));
    let model = Model { case, funnel, statements };
    let entered: Vec<(usize, usize, usize)> = match funnel.order {
        Order::Ordered | Order::Strict => model.chain(),
        Order::Any => {
            let each = (0..funnel.stages.len()).map(|stage| Some((stage, 0, model.fulfilled(stage, 0)?)));
            each.flatten().collect()
        }
    };
    (!entered.is_empty()).then(|| model.print(&entered))
}

impl Model<'_> {
    /// Conditions that the stage accepts.
    fn accepted(&self, stage: usize) -> &[StageDefinition] {
        let end = if self.funnel.stages[stage].or_later { self.funnel.stages.len() } else { stage + 1 };
        &self.funnel.stages[stage..end]
    }

    /// The counted statements in s..e if they fulfil the stage.
    fn evidence(&self, stage: usize, s: usize, e: usize) -> Option<Vec<&Value>> {
        self.accepted(stage).iter().find_map(|it| {
            let found = counted(self.case, &self.statements[s..=e], &it.matcher, it.distinct);
            (found.len() >= it.count as usize).then_some(found)
        })
    }

    /// The first position e ≥ s at which the stage is fulfilled.
    fn fulfilled(&self, stage: usize, s: usize) -> Option<usize> {
        (s..self.statements.len()).find(|e| self.evidence(stage, s, *e).is_some())
    }

    fn allowed(&self, stage: usize, before: usize, e: usize) -> bool {
        let definition = &self.funnel.stages[stage];
        let in_time = definition.within.as_ref().is_none_or(|within| {
            time(self.statements[e]) <= limit(self.case, self.statements[before], within)
        });
        let between = (before + 1..e).map(|position| self.statements[position]);
        let excluded = |it: &Value| definition.exclude.as_ref().is_some_and(|exclude| accepts(exclude, it));
        let others = |it: &Value| {
            let mut stages = self.funnel.stages.iter().enumerate();
            self.funnel.order == Order::Strict
                && stages.any(|(other, that)| other != stage && accepts(&that.matcher, it))
        };
        in_time && !between.into_iter().any(|it| excluded(it) || others(it))
    }

    /// (stage, s, e) of the longest chain, of the longest the earliest.
    fn chain(&self) -> Vec<(usize, usize, usize)> {
        let mut best = Vec::new();
        self.extend(&mut Vec::new(), &mut best);
        let start = |stage: usize, e: usize| {
            let from = if stage == 0 { 0 } else { best[stage - 1] };
            (from..=e).find(|s| self.fulfilled(stage, *s) == Some(e)).unwrap()
        };
        best.iter().enumerate().map(|(stage, e)| (stage, start(stage, *e), *e)).collect()
    }

    fn extend(&self, chain: &mut Vec<usize>, best: &mut Vec<usize>) {
        let is_better = chain.len() > best.len() || (chain.len() == best.len() && *chain < *best);
        if is_better {
            best.clone_from(chain);
        }
        let stage = chain.len();
        if stage == self.funnel.stages.len() {
            return;
        }
        let before = chain.last().copied();
        let mut entries: Vec<usize> = (before.unwrap_or(0)..self.statements.len())
            .filter_map(|s| self.fulfilled(stage, s))
            .filter(|e| before.is_none_or(|before| self.allowed(stage, before, *e)))
            .collect();
        entries.dedup();
        for e in entries {
            chain.push(e);
            self.extend(chain, best);
            chain.pop();
        }
    }

    fn print(&self, entered: &[(usize, usize, usize)]) -> Value {
        let stages: Vec<Value> = entered
            .iter()
            .map(|(stage, s, e)| {
                json!({
                    "index": stage,
                    "stage": self.funnel.stages[*stage].id,
                    "statement": self.statements[*e]["id"],
                    "time": time(self.statements[*e]).to_string(),
                    "evidence": ids(&self.evidence(*stage, *s, *e).unwrap()),
                })
            })
            .collect();
        let (current, ..) = entered.iter().max_by_key(|(stage, _, e)| (*e, *stage)).unwrap();
        let last = self.statements.last().unwrap();
        let mut outcome = json!({
            "funnel": self.funnel.id, "stages": self.funnel.stages.len(), "entered": stages,
            "current": current, "last_in_scope": time(last).to_string(),
        });
        let (stage, _, e) = entered.last().unwrap();
        if let Some(within) = self.funnel.stages.get(stage + 1).and_then(|next| next.within.as_ref()) {
            outcome["next_deadline"] = json!(limit(self.case, self.statements[*e], within).to_string());
        }
        if let Some(dormant_after) = &self.funnel.dormant_after {
            outcome["dormant_after"] = json!(limit(self.case, last, dormant_after).to_string());
        }
        outcome
    }
}
