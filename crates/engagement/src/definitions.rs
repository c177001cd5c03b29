//! The compiled definitions of one tenant.

use std::collections::HashMap;

use jiff::tz::TimeZone;
use plaudit_xapi::{Object, Statement};
use xxhash_rust::xxh3::xxh3_64;

use crate::check::{check_achievement, check_funnel, check_recognition, check_together};
use crate::definition::{
    AchievementDefinition, Distinct, FunnelDefinition, Order, RecognitionDefinition, StageDefinition,
};
use crate::duration::Length;
use crate::entry::voids;
use crate::error::{DefinitionError, Fault};
use crate::mark::Mark;
use crate::matcher::{MatcherCompiler, Matchers};

/// Everything that a tenant has defined, ready to be applied.
#[derive(Debug)]
pub struct Definitions {
    pub(crate) funnels: Vec<Funnel>,
    pub(crate) achievements: Vec<Achievement>,
    /// Indices of achievements, each after those that it is made of.
    pub(crate) bottom_up: Vec<usize>,
    pub(crate) rules: Vec<Rule>,
    pub(crate) zone: TimeZone,
    matchers: Matchers,
    fingerprint: u64,
}

/// More different matchers than this make marking a statement slow. Each takes a bit in every mark.
pub const MATCHERS_MAX: usize = 4_096;

#[derive(Debug)]
pub(crate) struct Funnel {
    pub id: String,
    pub order: Order,
    pub members: bool,
    pub scope: u32,
    pub dormant_after: Option<Length>,
    pub stages: Vec<Stage>,
}

#[derive(Debug)]
pub(crate) struct Stage {
    pub id: String,
    /// The stage's own condition and then those that it accepts beside it; never empty.
    pub conditions: Vec<Condition>,
    pub within: Option<Length>,
    /// What must not match between the entry of the stage before and this one's.
    pub blockers: Vec<u32>,
}

/// So many statements that match.
#[derive(Clone, Debug)]
pub(crate) struct Condition {
    pub matcher: u32,
    pub count: u32,
    pub distinct: Option<Distinct>,
}

#[derive(Debug)]
pub(crate) struct Achievement {
    pub id: String,
    pub points: u32,
    pub repeatable: bool,
    pub members: bool,
    pub way: Way,
}

/// How an achievement is earned.
#[derive(Debug)]
pub(crate) enum Way {
    Count(Condition, Option<Length>),
    Streak { matcher: u32, days: u32 },
    AllOf(Vec<usize>),
    AnyOf(Vec<usize>),
}

/// A recognition rule.
#[derive(Debug)]
pub(crate) struct Rule {
    pub id: String,
    pub due_within: Length,
    pub matcher: u32,
    pub members: bool,
    /// Whether it is about achievement i.
    pub covers: Vec<bool>,
}

impl Definitions {
    /// Compiles the documents of one tenant together.
    ///
    /// # Errors
    /// If one of them is not valid, if an id is taken twice, or if they do not fit together: an achievement that
    /// is not there, or that is made of itself.
    pub fn compile(
        funnels: &[FunnelDefinition],
        achievements: &[AchievementDefinition],
        recognition: &[RecognitionDefinition],
        zone: &TimeZone,
    ) -> Result<Self, DefinitionError> {
        check_all(funnels, achievements, recognition)?;
        let mut compiler = Compiler {
            matchers: MatcherCompiler::default(),
            zone,
            index: achievements.iter().enumerate().map(|(index, it)| (it.id.as_str(), index)).collect(),
        };
        let compiled_achievements: Vec<_> = achievements.iter().map(|it| compiler.achievement(it)).collect();
        let definitions = Self {
            funnels: funnels.iter().map(|it| compiler.funnel(it)).collect(),
            bottom_up: bottom_up(&compiled_achievements),
            achievements: compiled_achievements,
            rules: recognition.iter().map(|it| compiler.rule(it, achievements)).collect(),
            zone: zone.clone(),
            fingerprint: fingerprint(funnels, achievements, recognition, zone),
            matchers: limited(compiler.matchers)?,
        };
        Ok(definitions)
    }

    /// What the statement means to these definitions.
    #[must_use]
    pub fn mark(&self, statement: &Statement<'_>) -> Mark {
        Mark::new(self.matchers.accepting(statement), object_hash(statement), voids(statement))
    }

    /// Differs between definitions whose marks or outcomes differ, also across processes and releases.
    #[must_use]
    pub const fn fingerprint(&self) -> u64 {
        self.fingerprint
    }

    /// The time zone whose days and months count.
    #[must_use]
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }
}

fn check_all(
    funnels: &[FunnelDefinition],
    achievements: &[AchievementDefinition],
    recognition: &[RecognitionDefinition],
) -> Result<(), DefinitionError> {
    let mut faults = Vec::new();
    let mut add = |kind: &str, id: &str, found: Vec<Fault>| {
        let document = Some(format!("{kind} `{id}`"));
        faults.extend(found.into_iter().map(|fault| Fault { document: document.clone(), ..fault }));
    };
    funnels.iter().for_each(|it| add("funnel", &it.id, check_funnel(it)));
    achievements.iter().for_each(|it| add("achievement", &it.id, check_achievement(it)));
    recognition.iter().for_each(|it| add("recognition rule", &it.id, check_recognition(it)));
    faults.extend(check_together(funnels, achievements, recognition));
    DefinitionError::unless_none(faults)
}

fn limited(matchers: MatcherCompiler) -> Result<Matchers, DefinitionError> {
    let count = matchers.matchers();
    let fault =
        Fault::at("", format!("{count} different matchers in all definitions, at most {MATCHERS_MAX}"));
    DefinitionError::unless_none(if count > MATCHERS_MAX { vec![fault] } else { Vec::new() })?;
    Ok(matchers.finish())
}

fn object_hash(statement: &Statement<'_>) -> Option<u64> {
    match &statement.object {
        Object::Activity(activity) => Some(xxh3_64(activity.id.as_bytes())),
        Object::StatementRef(id) => Some(xxh3_64(id.as_bytes())),
        Object::Actor(_) | Object::SubStatement(_) => None,
    }
}

fn fingerprint(
    funnels: &[FunnelDefinition],
    achievements: &[AchievementDefinition],
    recognition: &[RecognitionDefinition],
    zone: &TimeZone,
) -> u64 {
    let zone = zone.iana_name().map_or_else(|| format!("{zone:?}"), str::to_owned);
    let all = serde_json::to_vec(&(MEANING_VERSION, funnels, achievements, recognition, zone));
    xxh3_64(&all.expect("definitions have only string keys"))
}

/// Counts the releases that changed what a document means or how marks are made; rows made before are then rebuilt.
const MEANING_VERSION: u32 = 1;

struct Compiler<'d> {
    matchers: MatcherCompiler,
    zone: &'d TimeZone,
    /// Achievements by id.
    index: HashMap<&'d str, usize>,
}

impl Compiler<'_> {
    fn funnel(&mut self, funnel: &FunnelDefinition) -> Funnel {
        let own: Vec<Condition> = funnel.stages.iter().map(|stage| self.condition(stage)).collect();
        let stages = (0..own.len()).map(|index| self.stage(funnel, index, &own)).collect();
        Funnel {
            id: funnel.id.clone(),
            order: funnel.order,
            members: funnel.members,
            scope: self.matchers.matcher(&funnel.scope),
            dormant_after: funnel.dormant_after.as_ref().map(|it| Length::new(it, self.zone)),
            stages,
        }
    }

    fn condition(&mut self, stage: &StageDefinition) -> Condition {
        let matcher = self.matchers.matcher(&stage.matcher);
        Condition { matcher, count: stage.count, distinct: stage.distinct }
    }

    fn stage(&mut self, funnel: &FunnelDefinition, index: usize, own: &[Condition]) -> Stage {
        let stage = &funnel.stages[index];
        let accepted = if stage.or_later { own.len() } else { index + 1 };
        let mut blockers: Vec<u32> = stage.exclude.iter().map(|it| self.matchers.matcher(it)).collect();
        if funnel.order == Order::Strict {
            let others = own.iter().enumerate().filter(|(other, _)| *other != index);
            blockers.extend(others.map(|(_, condition)| condition.matcher));
        }
        Stage {
            id: stage.id.clone(),
            conditions: own[index..accepted].to_vec(),
            within: stage.within.as_ref().map(|it| Length::new(it, self.zone)),
            blockers,
        }
    }

    fn achievement(&mut self, achievement: &AchievementDefinition) -> Achievement {
        let parts = |ids: &Vec<String>| ids.iter().map(|id| self.index[id.as_str()]).collect();
        let way = if let Some(ids) = &achievement.all_of {
            Way::AllOf(parts(ids))
        } else if let Some(ids) = &achievement.any_of {
            Way::AnyOf(parts(ids))
        } else {
            self.counting(achievement)
        };
        Achievement {
            id: achievement.id.clone(),
            points: achievement.points,
            repeatable: achievement.repeatable,
            members: achievement.members,
            way,
        }
    }

    fn counting(&mut self, achievement: &AchievementDefinition) -> Way {
        let matcher = self.matchers.matcher(&achievement.matcher);
        if let Some(days) = achievement.streak {
            return Way::Streak { matcher, days };
        }
        let count = achievement.count.expect("checked: one of the four ways is there");
        let within = achievement.within.as_ref().map(|it| Length::new(it, self.zone));
        Way::Count(Condition { matcher, count, distinct: achievement.distinct }, within)
    }

    fn rule(&mut self, rule: &RecognitionDefinition, achievements: &[AchievementDefinition]) -> Rule {
        let covered = |id: &String| rule.achievements.iter().any(|it| it == "*" || it == id);
        Rule {
            id: rule.id.clone(),
            due_within: Length::new(&rule.due_within, self.zone),
            matcher: self.matchers.matcher(&rule.matcher),
            members: rule.members,
            covers: achievements.iter().map(|it| covered(&it.id)).collect(),
        }
    }
}

/// The achievements in an order in which each comes after its parts; checked before: there are no cycles.
fn bottom_up(achievements: &[Achievement]) -> Vec<usize> {
    let mut order = Vec::with_capacity(achievements.len());
    let mut placed = vec![false; achievements.len()];
    let mut open: Vec<(usize, bool)> = (0..achievements.len()).rev().map(|index| (index, false)).collect();
    while let Some((index, parts_placed)) = open.pop() {
        if placed[index] {
            continue;
        }
        if parts_placed {
            placed[index] = true;
            order.push(index);
            continue;
        }
        open.push((index, true));
        open.extend(achievements[index].way.parts().iter().map(|part| (*part, false)));
    }
    order
}

impl Way {
    /// The achievements that it is made of.
    pub(crate) fn parts(&self) -> &[usize] {
        match self {
            Self::Count(..) | Self::Streak { .. } => &[],
            Self::AllOf(parts) | Self::AnyOf(parts) => parts,
        }
    }
}
