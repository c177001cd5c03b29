//! What must hold of definitions beyond what their schemas can say.

use std::collections::{HashMap, HashSet};

use crate::definition::{
    AchievementDefinition, ExtensionCondition, FunnelDefinition, MatcherDefinition, Order,
    RecognitionDefinition, StageDefinition,
};
use crate::error::Fault;

/// A longer funnel is not a funnel; evaluation takes time and memory for each stage.
pub const STAGES_MAX: usize = 32;
/// How deep `any`, `all` and `not` may nest: deeper than people write, and nothing that recurses gets into trouble.
pub const MATCHER_DEPTH_MAX: usize = 8;
/// How many matchers may stand inside one, all levels together; each may cost time for every statement.
pub const MATCHER_PARTS_MAX: usize = 256;
/// How many values a list in a matcher may have; they are kept in memory.
pub const VALUES_MAX: usize = 1_000;
/// How many statements or days may be asked for: more than anybody does, and evidence stays small enough to store.
pub const COUNT_MAX: u32 = 10_000;
/// How many funnels a tenant may have; each is evaluated for every change of a learner.
pub const FUNNELS_MAX: usize = 100;
/// How many achievements a tenant may have; each is evaluated for every change of a learner.
pub const ACHIEVEMENTS_MAX: usize = 500;
/// How many recognition rules a tenant may have; each opens an expectation for every achievement.
pub const RULES_MAX: usize = 50;

/// What is wrong with the funnel, taken by itself.
pub(crate) fn check_funnel(funnel: &FunnelDefinition) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_matcher(&funnel.scope, "/scope", &mut faults);
    if !(1..=STAGES_MAX).contains(&funnel.stages.len()) {
        faults.push(Fault::at("/stages", format!("must be a list of 1 to {STAGES_MAX} stages")));
    }
    let mut ids = HashSet::new();
    for (index, stage) in funnel.stages.iter().enumerate() {
        if !ids.insert(&stage.id) {
            let message = format!("another stage has the id `{}`, too", stage.id);
            faults.push(Fault::at(format!("/stages/{index}/id"), message));
        }
        check_stage(stage, index, funnel.order, &mut faults);
    }
    faults
}

fn check_stage(stage: &StageDefinition, index: usize, order: Order, faults: &mut Vec<Fault>) {
    let at = format!("/stages/{index}");
    check_matcher(&stage.matcher, &format!("{at}/match"), faults);
    check_count(Some(stage.count), &format!("{at}/count"), faults);
    if let Some(exclude) = &stage.exclude {
        check_matcher(exclude, &format!("{at}/exclude"), faults);
    }
    let needless = match (index, order) {
        (_, Order::Any) => "not allowed in a funnel of order `any`, whose stages do not follow one another",
        (0, _) => "not allowed on the first stage, there is none before it",
        _ => return,
    };
    for (key, is_there) in [("within", stage.within.is_some()), ("exclude", stage.exclude.is_some())] {
        if is_there {
            faults.push(Fault::at(format!("{at}/{key}"), needless));
        }
    }
}

/// What is wrong with the achievement, taken by itself.
pub(crate) fn check_achievement(achievement: &AchievementDefinition) -> Vec<Fault> {
    let mut faults = Vec::new();
    let ways = [
        achievement.count.is_some(),
        achievement.streak.is_some(),
        achievement.all_of.is_some(),
        achievement.any_of.is_some(),
    ];
    if ways.into_iter().filter(|there| *there).count() != 1 {
        faults.push(Fault::at("", ONE_WAY));
    }
    check_matcher(&achievement.matcher, "/match", &mut faults);
    check_count(achievement.count, "/count", &mut faults);
    check_count(achievement.streak, "/streak", &mut faults);
    let is_made_of_others = achievement.all_of.is_some() || achievement.any_of.is_some();
    if is_made_of_others && !achievement.matcher.is_empty() {
        faults.push(Fault::at("/match", "only with `count` or `streak`"));
    }
    for (key, is_there) in
        [("distinct", achievement.distinct.is_some()), ("within", achievement.within.is_some())]
    {
        if is_there && achievement.count.is_none() {
            faults.push(Fault::at(format!("/{key}"), "only with `count`"));
        }
    }
    for (key, ids) in [("all_of", &achievement.all_of), ("any_of", &achievement.any_of)] {
        check_list(ids.as_deref(), &format!("/{key}"), ACHIEVEMENTS_MAX, &mut faults);
    }
    faults
}

/// Said by the check and for the schema's `oneOf`.
pub(crate) const ONE_WAY: &str = "give exactly one of `count`, `streak`, `all_of`, `any_of`";

/// What is wrong with the recognition rule, taken by itself.
pub(crate) fn check_recognition(rule: &RecognitionDefinition) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_matcher(&rule.matcher, "/match", &mut faults);
    check_list(Some(&rule.achievements), "/achievements", ACHIEVEMENTS_MAX, &mut faults);
    faults
}

/// What is wrong with the definitions of a tenant, taken together.
pub(crate) fn check_together(
    funnels: &[FunnelDefinition],
    achievements: &[AchievementDefinition],
    recognition: &[RecognitionDefinition],
) -> Vec<Fault> {
    let mut faults = Vec::new();
    check_ids("funnel", FUNNELS_MAX, funnels.iter().map(|it| it.id.as_str()), &mut faults);
    check_ids("achievement", ACHIEVEMENTS_MAX, achievements.iter().map(|it| it.id.as_str()), &mut faults);
    check_ids("recognition rule", RULES_MAX, recognition.iter().map(|it| it.id.as_str()), &mut faults);
    let known: HashMap<&str, &AchievementDefinition> =
        achievements.iter().map(|it| (it.id.as_str(), it)).collect();
    for achievement in achievements {
        let document = format!("achievement `{}`", achievement.id);
        for (key, ids) in [("all_of", &achievement.all_of), ("any_of", &achievement.any_of)] {
            check_known(&document, key, ids.as_deref().unwrap_or_default(), &known, &mut faults);
        }
    }
    for rule in recognition {
        let document = format!("recognition rule `{}`", rule.id);
        check_known(&document, "achievements", &rule.achievements, &known, &mut faults);
    }
    if faults.is_empty() {
        check_cycles(achievements, &known, &mut faults);
    }
    faults
}

fn check_ids<'d>(kind: &str, max: usize, ids: impl Iterator<Item = &'d str>, faults: &mut Vec<Fault>) {
    let mut seen = HashSet::new();
    for id in ids {
        if !seen.insert(id) {
            let document = Some(format!("{kind} `{id}`"));
            faults.push(Fault { document, ..Fault::at("/id", format!("another {kind} has the same id")) });
        }
    }
    if seen.len() > max {
        faults.push(Fault::at("", format!("more than {max} of the kind {kind}")));
    }
}

fn check_known(
    document: &str,
    key: &str,
    ids: &[String],
    known: &HashMap<&str, &AchievementDefinition>,
    faults: &mut Vec<Fault>,
) {
    let is_known = |id: &str| known.contains_key(id) || (key == "achievements" && id == "*");
    let unknown = ids.iter().enumerate().filter(|(_, id)| !is_known(id));
    faults.extend(unknown.map(|(index, id)| Fault {
        document: Some(document.to_owned()),
        ..Fault::at(format!("/{key}/{index}"), format!("there is no achievement `{id}`"))
    }));
}

/// An achievement is in a cycle if it stays when those whose parts are all done are taken away again and again.
fn check_cycles(
    achievements: &[AchievementDefinition],
    known: &HashMap<&str, &AchievementDefinition>,
    faults: &mut Vec<Fault>,
) {
    let mut left: HashSet<&str> = known.keys().copied().collect();
    loop {
        let done: Vec<&str> = left
            .iter()
            .filter(|id| parts(known[*id]).all(|part| !left.contains(part.as_str())))
            .copied()
            .collect();
        if done.is_empty() {
            break;
        }
        done.iter().for_each(|id| _ = left.remove(id));
    }
    for achievement in achievements.iter().filter(|it| left.contains(it.id.as_str())) {
        let key = if achievement.all_of.is_some() { "/all_of" } else { "/any_of" };
        let document = Some(format!("achievement `{}`", achievement.id));
        faults.push(Fault { document, ..Fault::at(key, "is made of itself, by way of others or directly") });
    }
}

fn parts(achievement: &AchievementDefinition) -> impl Iterator<Item = &String> {
    achievement.all_of.iter().chain(&achievement.any_of).flatten()
}

fn check_count(count: Option<u32>, at: &str, faults: &mut Vec<Fault>) {
    if count.is_some_and(|count| !(1..=COUNT_MAX).contains(&count)) {
        faults.push(Fault::at(at, format!("must be a whole number from 1 to {COUNT_MAX}")));
    }
}

fn check_list<T>(values: Option<&[T]>, at: &str, max: usize, faults: &mut Vec<Fault>) {
    if values.is_some_and(|values| !(1..=max).contains(&values.len())) {
        faults.push(Fault::at(at, format!("must be a list of 1 to {max} values")));
    }
}

/// What is wrong with the matcher at `at`.
pub(crate) fn check_matcher(matcher: &MatcherDefinition, at: &str, faults: &mut Vec<Fault>) {
    let mut parts = 0;
    check_part(matcher, at, 1, &mut parts, faults);
    if parts > MATCHER_PARTS_MAX {
        faults.push(Fault::at(at, format!("has {parts} matchers inside, at most {MATCHER_PARTS_MAX}")));
    }
}

fn check_part(
    matcher: &MatcherDefinition,
    at: &str,
    depth: usize,
    parts: &mut usize,
    faults: &mut Vec<Fault>,
) {
    *parts += 1;
    if depth > MATCHER_DEPTH_MAX {
        faults.push(Fault::at(at, format!("is nested deeper than {MATCHER_DEPTH_MAX} levels")));
        return;
    }
    check_lists(matcher, at, faults);
    if let Some(scaled) = matcher.result.as_ref().and_then(|result| result.scaled) {
        check_range(scaled.min, scaled.max, &format!("{at}/result/scaled"), faults);
    }
    check_list(matcher.extension.as_deref(), &format!("{at}/extension"), MATCHER_PARTS_MAX, faults);
    for (index, extension) in matcher.extension.iter().flatten().enumerate() {
        check_extension(extension, &format!("{at}/extension/{index}"), faults);
    }
    for (key, inner) in [("any", &matcher.any), ("all", &matcher.all)] {
        check_list(inner.as_deref(), &format!("{at}/{key}"), MATCHER_PARTS_MAX, faults);
        for (index, inner) in inner.iter().flatten().enumerate() {
            check_part(inner, &format!("{at}/{key}/{index}"), depth + 1, parts, faults);
        }
    }
    if let Some(inner) = &matcher.not {
        check_part(inner, &format!("{at}/not"), depth + 1, parts, faults);
    }
}

fn check_lists(matcher: &MatcherDefinition, at: &str, faults: &mut Vec<Fault>) {
    let lists = [
        ("verb", &matcher.verb),
        ("activity", &matcher.activity),
        ("activity_prefix", &matcher.activity_prefix),
        ("activity_type", &matcher.activity_type),
        ("platform", &matcher.platform),
        ("language", &matcher.language),
    ];
    for (key, values) in lists {
        check_list(values.as_deref(), &format!("{at}/{key}"), VALUES_MAX, faults);
    }
    check_list(matcher.registration.as_deref(), &format!("{at}/registration"), VALUES_MAX, faults);
    if let Some(context) = &matcher.context {
        let lists = [
            ("parent", &context.parent),
            ("grouping", &context.grouping),
            ("category", &context.category),
            ("other", &context.other),
        ];
        for (key, values) in lists {
            check_list(values.as_deref(), &format!("{at}/context/{key}"), VALUES_MAX, faults);
        }
    }
}

fn check_range(min: Option<f64>, max: Option<f64>, at: &str, faults: &mut Vec<Fault>) {
    if min.zip(max).is_some_and(|(min, max)| min > max) {
        faults.push(Fault::at(at, "`min` is greater than `max`"));
    }
}

fn check_extension(extension: &ExtensionCondition, at: &str, faults: &mut Vec<Fault>) {
    if extension.equals.is_some() && (extension.min.is_some() || extension.max.is_some()) {
        faults.push(Fault::at(at, "has either `equals` or `min` and `max`"));
    }
    if !is_json_pointer(&extension.pointer) {
        faults.push(Fault::at(format!("{at}/pointer"), "not a JSON pointer (RFC 6901)"));
    }
    check_range(extension.min, extension.max, at, faults);
}

/// Whether the text is a JSON pointer: empty, or each part after a `/`, with `~` only in `~0` and `~1`.
pub(crate) fn is_json_pointer(text: &str) -> bool {
    let escapes_are_known = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    (text.is_empty() || text.starts_with('/')) && escapes_are_known
}
