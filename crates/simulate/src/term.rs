//! A term: day after day, group of learners after group.

use std::collections::VecDeque;

use plaudit_xapi::Timestamp;
use uuid::Uuid;

use crate::delivery::Delivery;
use crate::dice::Dice;
use crate::options::TermOptions;
use crate::persona::Persona;
use crate::session::{Journey, Sitting, sit};
use crate::statement::{Actor, Draft, Object, Outcome, Who};
use crate::world::{Verb, course, verbs};

/// Learners whose statements of one day are mixed and delivered together.
const LEARNERS_PER_GROUP: u32 = 200;
/// Passes that mentors remember.
const RECENT_PASSES_MAX: usize = 256;
/// A field worker's device finds a network every so many days.
const FIELD_SYNC_DAYS: u32 = 4;
const MICROS_PER_MINUTE: i64 = 60_000_000;

/// The deliveries of a term, in the order in which an LMS sends them.
pub struct Term {
    options: TermOptions,
    journeys: Vec<Journey>,
    recent_passes: VecDeque<(Who, Uuid)>,
    day: u32,
    group_start: u32,
    ready: VecDeque<Delivery>,
    made: u64,
}

impl Term {
    /// The term that these options describe.
    #[must_use]
    pub fn new(options: TermOptions) -> Self {
        let learners = usize::try_from(options.learners).expect("a u32 fits");
        Self {
            options,
            journeys: vec![Journey::default(); learners],
            recent_passes: VecDeque::new(),
            day: 0,
            group_start: 0,
            ready: VecDeque::new(),
            made: 0,
        }
    }

    /// How much of the term is made, from 0 to 1.
    #[must_use]
    pub fn progress(&self) -> f64 {
        let by_day = (f64::from(self.day) + f64::from(self.group_start) / f64::from(self.options.learners))
            / f64::from(self.options.days);
        #[expect(clippy::cast_precision_loss, reason = "a share for a progress bar")]
        let by_count = self.options.statements.map_or(0.0, |limit| self.made as f64 / limit.max(1) as f64);
        by_day.max(by_count).min(1.0)
    }

    fn play_group(&mut self) {
        let end = (self.group_start + LEARNERS_PER_GROUP).min(self.options.learners);
        let group = (u64::from(self.day) << 32) | u64::from(self.group_start);
        let mut dice = Dice::new(self.options.seed ^ 0x6465_6c69, group);
        let mut online = Vec::new();
        for number in self.group_start..end {
            let offline = self.play_learner(Who(number), &mut online);
            self.deliver(offline, &mut dice);
        }
        self.voids(&mut online, &mut dice);
        self.classes(&mut online, &mut dice, end);
        online.sort_by_key(|draft| draft.at);
        self.deliver(online, &mut dice);
        self.group_start = end;
        if end == self.options.learners {
            self.group_start = 0;
            self.day += 1;
        }
    }

    /// What one learner does today. Returns what was done offline on the days before and is sent only now.
    fn play_learner(&mut self, who: Who, online: &mut Vec<Draft>) -> Vec<Draft> {
        match Persona::of(self.options.seed, who.0) {
            Persona::Field if self.day % FIELD_SYNC_DAYS == who.0 % FIELD_SYNC_DAYS => {
                let first = self.day.saturating_sub(FIELD_SYNC_DAYS - 1);
                (first..=self.day).flat_map(|day| self.day_of(who, day)).collect()
            }
            Persona::Field => Vec::new(),
            _ => {
                online.extend(self.day_of(who, self.day));
                Vec::new()
            }
        }
    }

    fn day_of(&mut self, who: Who, day: u32) -> Vec<Draft> {
        let seed = self.options.seed;
        let habits = Persona::of(seed, who.0).habits();
        let mut dice = Dice::new(seed, (u64::from(who.0) << 32) | u64::from(day));
        let today = self.options.start_day + i64::from(day);
        let weekend = matches!((today + 3).rem_euclid(7), 5 | 6);
        let journey = &mut self.journeys[usize::try_from(who.0).expect("a u32 fits")];
        let given_up = match (habits.gives_up_after, journey.first_day) {
            (Some(after), Some(first)) => u64::from(day - first.min(day)) > after,
            _ => false,
        };
        if given_up || !dice.percent(if weekend { habits.weekend } else { habits.weekday }) {
            return Vec::new();
        }
        journey.first_day.get_or_insert(day);
        let mut drafts = sit(Sitting { seed, who, habits, day: today, dice: &mut dice }, journey);
        self.remember_passes(who, &drafts);
        if dice.percent(habits.social) {
            let after = drafts.last().map_or(0, |draft| draft.at.as_micros());
            drafts.extend(self.social(who, after, &mut dice));
        }
        drafts
    }

    fn remember_passes(&mut self, who: Who, drafts: &[Draft]) {
        for draft in drafts.iter().filter(|draft| draft.verb == verbs::PASSED) {
            self.recent_passes.push_back((who, draft.id));
        }
        while self.recent_passes.len() > RECENT_PASSES_MAX {
            self.recent_passes.pop_front();
        }
    }

    /// Praise, endorsement, help, a share or a comment.
    fn social(&self, who: Who, after: i64, dice: &mut Dice) -> Vec<Draft> {
        let others: Vec<_> = self.recent_passes.iter().filter(|(other, _)| *other != who).collect();
        let at = after + i64::try_from(dice.between(1, 90)).expect("small") * MICROS_PER_MINUTE;
        let draft = |id, verb: Verb, object| say(id, Actor::One(who), verb, object, at);
        let id = dice.uuid();
        let choice = dice.below(6);
        if others.is_empty() || choice >= 4 {
            let place = course(dice.below(crate::world::COURSES));
            let verb = if choice == 4 { verbs::SHARED } else { verbs::COMMENTED };
            return vec![draft(id, verb, Object::Activity(place))];
        }
        let (other, passed) = **dice.pick(&others);
        vec![match choice {
            0 => draft(id, verbs::PRAISED, Object::Learner(other)),
            1 => draft(id, verbs::PRAISED, Object::Statement(passed)),
            2 => draft(id, verbs::ENDORSED, Object::Statement(passed)),
            _ => draft(id, verbs::MENTORED, Object::Learner(other)),
        }]
    }

    /// Some statements were wrong, and the LMS takes them back.
    fn voids(&self, drafts: &mut Vec<Draft>, dice: &mut Dice) {
        let wrong: Vec<_> =
            drafts.iter().filter(|_| dice.permille(3)).map(|draft| (draft.id, draft.at)).collect();
        for (id, at) in wrong {
            let at = at.as_micros() + 30 * MICROS_PER_MINUTE;
            drafts.push(say(dice.uuid(), Actor::Registrar, verbs::VOIDED, Object::Statement(id), at));
        }
    }

    /// Once a week a class meets.
    fn classes(&self, drafts: &mut Vec<Draft>, dice: &mut Dice, end: u32) {
        let today = self.options.start_day + i64::from(self.day);
        if (today + 3).rem_euclid(7) != 2 || end - self.group_start < 3 {
            return;
        }
        let span = u64::from(end - self.group_start);
        let first = u64::from(self.group_start);
        let mut members: Vec<u64> = (0..dice.between(3, 8)).map(|_| first + dice.below(span)).collect();
        members.sort_unstable();
        members.dedup();
        let members =
            members.into_iter().map(|number| Who(u32::try_from(number).expect("a learner"))).collect();
        let at = (today * 1440 + 14 * 60) * MICROS_PER_MINUTE;
        let object = Object::Activity(course(dice.below(crate::world::COURSES)));
        let class = Actor::Class(self.group_start / LEARNERS_PER_GROUP, members);
        let mut draft = say(dice.uuid(), class, verbs::ATTENDED, object, at);
        draft.result = Some(Outcome { completion: Some(true), seconds: Some(3600), ..Outcome::default() });
        drafts.push(draft);
    }

    /// Cuts into batches; some arrive twice, because an answer was lost.
    fn deliver(&mut self, drafts: Vec<Draft>, dice: &mut Dice) {
        let mut statements: VecDeque<String> = drafts.iter().map(Draft::to_json).collect();
        while !statements.is_empty() {
            let full = u64::from(self.options.batch);
            let size = if dice.percent(70) { full } else { dice.between(1, full) };
            let size = usize::try_from(size).expect("small").min(statements.len());
            let delivery = Delivery { statements: statements.drain(..size).collect(), again: false };
            self.made += u64::try_from(size).expect("small");
            let lost = dice.percent(1);
            self.ready.push_back(delivery.clone());
            if lost {
                self.ready.push_back(Delivery { again: true, ..delivery });
            }
        }
    }
}

impl Iterator for Term {
    type Item = Delivery;

    fn next(&mut self) -> Option<Delivery> {
        loop {
            if let Some(delivery) = self.ready.pop_front() {
                return Some(delivery);
            }
            let enough = self.options.statements.is_some_and(|limit| self.made >= limit);
            if enough || self.day >= self.options.days {
                return None;
            }
            self.play_group();
        }
    }
}

fn say(id: Uuid, actor: Actor, verb: Verb, object: Object, at: i64) -> Draft {
    Draft {
        id,
        actor,
        verb,
        object,
        result: None,
        course: None,
        registration: None,
        session: None,
        platform: "Example LMS 4.2",
        at: Timestamp::from_micros(at),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use plaudit_xapi::{Version, parse_statements};

    use super::*;

    fn term(seed: u64) -> Term {
        Term::new(TermOptions { seed, learners: 60, days: 28, ..TermOptions::default() })
    }

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_another_seed_others() {
        assert!(term(7).eq(term(7)));
        assert!(!term(7).eq(term(8)));
    }

    #[test]
    fn every_statement_is_valid_and_ids_repeat_only_in_repeated_deliveries() {
        let mut ids = HashSet::new();
        for delivery in term(1) {
            let body = delivery.body();
            let batch = parse_statements(body.as_bytes(), Version::V1_0_3).expect("valid statements");
            for statement in &batch.statements {
                assert_eq!(ids.insert(statement.id), !delivery.again);
            }
        }
        assert!(ids.len() > 1000, "{} statements", ids.len());
    }

    #[test]
    fn there_is_some_of_everything() {
        let all: Vec<Delivery> = term(3).collect();
        let text = all.iter().map(Delivery::body).collect::<String>();
        for verb in ["passed", "failed", "voided", "attended", "answered", "played", "praised", "loggedin"] {
            assert!(text.contains(&format!("/{verb}")), "no {verb}");
        }
        assert!(all.iter().any(|delivery| delivery.again));
        assert!(all.iter().any(|delivery| delivery.statements.len() < 50));
    }

    #[test]
    fn a_limit_on_statements_ends_the_term() {
        let options = TermOptions { statements: Some(500), ..TermOptions::default() };
        let made: usize = Term::new(options).filter(|d| !d.again).map(|d| d.statements.len()).sum();
        assert!((500..4000).contains(&made), "{made}");
    }
}
