//! Figures and the rows behind them must agree.

mod world;

use std::collections::BTreeSet;

use plaudit_engagement::{CohortUnit, ExpectationStatus, FunnelFigure, MatcherDefinition, StageFigures};

use self::world::{World, instant};
use super::{
    AchievementsAsk, FunnelAsk, FunnelLearner, FunnelLearnersAsk, Listed, PageAsk, Period, RecognitionAsk,
};
use crate::QueryError;

/// Days from before anything to after everything.
const DAYS: [i64; 4] = [0, 40, 90, 400];
const FIGURES: [FunnelFigure; 6] = [
    FunnelFigure::Reached,
    FunnelFigure::Current,
    FunnelFigure::Completed,
    FunnelFigure::InProgress,
    FunnelFigure::Dropped,
    FunnelFigure::Dormant,
];

fn figure(figures: &StageFigures, figure: FunnelFigure) -> u64 {
    match figure {
        FunnelFigure::Reached => figures.reached,
        FunnelFigure::Current => figures.current,
        FunnelFigure::Completed => figures.completed,
        FunnelFigure::InProgress => figures.in_progress,
        FunnelFigure::Dropped => figures.dropped,
        FunnelFigure::Dormant => figures.dormant,
    }
}

fn in_german() -> MatcherDefinition {
    MatcherDefinition { language: Some(vec!["de".to_owned()]), ..MatcherDefinition::default() }
}

/// All rows of a list, page by page.
async fn whole<T>(
    limit: usize,
    mut page: impl AsyncFnMut(PageAsk) -> Result<Listed<T>, QueryError>,
) -> Vec<T> {
    let mut all = Vec::new();
    let mut cursor = None;
    loop {
        let found = page(PageAsk { limit, cursor }).await.unwrap();
        assert!(found.items.len() == limit || found.next.is_none(), "only the last page may be short");
        all.extend(found.items);
        cursor = found.next;
        if cursor.is_none() {
            return all;
        }
    }
}

async fn learners(world: &World, funnel: &str, ask: &FunnelLearnersAsk, limit: usize) -> Vec<FunnelLearner> {
    let page = async |page: PageAsk| world.queries.funnel_learners(&world.tenant, funnel, ask, &page).await;
    whole(limit, page).await
}

#[tokio::test]
async fn a_figure_of_a_funnel_has_as_many_learners_as_it_says() {
    let world = World::new().await;
    let mut seen = BTreeSet::new();
    for (funnel, day, entered_by) in [
        ("course", 0, None),
        ("course", 60, Some(in_german())),
        ("course", 90, None),
        ("course", 400, None),
        ("anyhow", 90, None),
        ("anyhow", 90, Some(in_german())),
    ] {
        let of = FunnelAsk { as_of: instant(day), entered_by, ..FunnelAsk::default() };
        let answer = world.queries.funnel(&world.tenant, funnel, &of).await.unwrap();
        for stage in &answer.stages {
            for which in FIGURES {
                let ask = FunnelLearnersAsk { of: of.clone(), figure: Some((which, stage.stage.clone())) };
                let rows = learners(&world, funnel, &ask, 7).await;
                assert_eq!(rows.len() as u64, figure(&stage.figures, which), "{funnel} {which:?}");
                let different: BTreeSet<&str> = rows.iter().map(|row| row.learner.as_str()).collect();
                assert_eq!(different.len(), rows.len());
                if !rows.is_empty() {
                    seen.insert(format!("{which:?}"));
                }
            }
        }
        let everybody = learners(&world, funnel, &FunnelLearnersAsk { of, figure: None }, 1000).await;
        assert_eq!(everybody.len() as u64, answer.learners);
    }
    assert_eq!(seen.len(), FIGURES.len(), "every figure counts somebody somewhere: {seen:?}");
}

#[tokio::test]
async fn cohorts_take_the_learners_apart() {
    let world = World::new().await;
    let of = FunnelAsk { as_of: instant(90), cohorts_by: Some(CohortUnit::Month), ..FunnelAsk::default() };
    let answer = world.queries.funnel(&world.tenant, "course", &of).await.unwrap();
    let names: Vec<&str> = answer.cohorts.iter().map(|cohort| cohort.cohort.as_str()).collect();
    assert!(names.len() > 1 && names[0] == "2026-01", "{names:?}");
    assert_eq!(answer.cohorts.iter().map(|cohort| cohort.learners).sum::<u64>(), answer.learners);
    for cohort in &answer.cohorts {
        let period = Period { unit: CohortUnit::Month, name: cohort.cohort.clone() };
        let of = FunnelAsk { as_of: of.as_of, cohort: Some(period), ..FunnelAsk::default() };
        let alone = world.queries.funnel(&world.tenant, "course", &of).await.unwrap();
        let figures = |stages: &[super::FunnelStage]| -> Vec<StageFigures> {
            stages.iter().map(|stage| stage.figures.clone()).collect()
        };
        assert_eq!(figures(&alone.stages), figures(&cohort.stages));
        let rows = learners(&world, "course", &FunnelLearnersAsk { of, figure: None }, 3).await;
        assert_eq!(rows.len() as u64, cohort.learners);
    }
}

#[tokio::test]
async fn the_story_of_a_learner_agrees_with_the_lists() {
    let world = World::new().await;
    let as_of = instant(90);
    let of = FunnelAsk { as_of, ..FunnelAsk::default() };
    let rows = learners(&world, "course", &FunnelLearnersAsk { of, figure: None }, 1000).await;
    let mut points = 0;
    for row in rows {
        let story = world.queries.learner(&world.tenant, &row.learner, as_of).await.unwrap().unwrap();
        let course = story.funnels.iter().find(|it| it.funnel == "course").unwrap();
        assert_eq!((&course.current, course.status, course.dormant), (&row.stage, row.status, row.dormant));
        let current = course.stages.iter().find(|it| it.stage == row.stage).unwrap();
        assert_eq!((current.entered.as_ref(), current.statement), (Some(&row.entered), Some(row.statement)));
        points += story.points;
    }
    let pairs = world.queries.achievements(&world.tenant, &AchievementsAsk::default()).await.unwrap();
    let pair = pairs.iter().find(|it| it.achievement == "pair").unwrap();
    assert_eq!(points, pair.counts.earned * 3);
    assert_eq!(world.queries.learner(&world.tenant, "mailto:nobody@a.example", as_of).await.unwrap(), None);
}

#[tokio::test]
async fn achievements_are_counted_as_they_are_listed() {
    let world = World::new().await;
    let ask = AchievementsAsk { period: None, periods_by: Some(CohortUnit::Week) };
    let answers = world.queries.achievements(&world.tenant, &ask).await.unwrap();
    for answer in &answers {
        let (id, counts) = (answer.achievement.as_str(), answer.counts);
        let rows = whole(3, async |page| world.queries.earned(&world.tenant, id, None, &page).await).await;
        assert_eq!(rows.len() as u64, counts.earned + counts.revoked);
        let of_those = |revoked: bool| rows.iter().filter(move |row| row.earned.revoked.is_some() == revoked);
        assert_eq!(of_those(true).count() as u64, counts.revoked);
        let learners: BTreeSet<&str> = of_those(false).map(|row| row.learner.as_str()).collect();
        assert_eq!(learners.len() as u64, counts.learners);
        for (name, counts) in &answer.periods {
            let period = Period { unit: CohortUnit::Week, name: name.clone() };
            let rows =
                whole(3, async |page| world.queries.earned(&world.tenant, id, Some(&period), &page).await);
            assert_eq!(rows.await.len() as u64, counts.earned + counts.revoked, "{id} {name}");
        }
    }
    let revoked: u64 = answers.iter().map(|answer| answer.counts.revoked).sum();
    assert!(revoked > 0, "something is revoked");
}

#[tokio::test]
async fn recognition_is_counted_as_it_is_listed() {
    let world = World::new().await;
    for day in DAYS {
        let ask = RecognitionAsk {
            as_of: instant(day),
            periods_by: Some(CohortUnit::Month),
            ..RecognitionAsk::default()
        };
        let (queries, tenant) = (&world.queries, &world.tenant);
        let answer = queries.recognition(tenant, "soon", &ask).await.unwrap();
        let figures = &answer.figures;
        for (status, count) in [
            (None, figures.expectations),
            (Some(ExpectationStatus::Met), figures.met),
            (Some(ExpectationStatus::Open), figures.open),
            (Some(ExpectationStatus::Overdue), figures.overdue),
        ] {
            let rows = async |page| queries.expectations(tenant, "soon", (&ask, status), &page).await;
            let rows = whole(4, rows).await;
            assert_eq!(rows.len() as u64, count, "{status:?}");
            assert!(rows.is_sorted_by_key(|row| row.expectation.earned_at), "oldest first");
        }
        let never = async |page| queries.never_recognised(tenant, "soon", &ask, &page).await;
        assert_eq!(whole(2, never).await.len() as u64, figures.never_recognised);
        let pairs = async |page| queries.recognised_pairs(tenant, "soon", &ask, &page).await;
        let pairs = whole(5, pairs).await;
        assert!(!pairs.is_empty() && pairs.is_sorted_by_key(|pair| u64::MAX - pair.times));
        assert_eq!(figures.lists.pairs[..], pairs[..figures.lists.pairs.len()]);
        let sum = |counts: &[super::RecognitionCounts]| counts.iter().map(|it| it.met).sum::<u64>();
        assert_eq!(sum(&answer.by_achievement), figures.met);
        assert_eq!(sum(&answer.by_period), figures.met);
    }
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let world = World::new().await;
    let says = |error: QueryError| error.to_string();
    let (queries, tenant) = (&world.queries, &world.tenant);
    let funnel = queries.funnel(tenant, "gone", &FunnelAsk::default()).await;
    assert_eq!(says(funnel.unwrap_err()), "there is no funnel `gone`");
    let figure = Some((FunnelFigure::Reached, "gone".to_owned()));
    let ask = FunnelLearnersAsk { figure, ..FunnelLearnersAsk::default() };
    let page = PageAsk { limit: 3, cursor: None };
    let found = queries.funnel_learners(tenant, "course", &ask, &page).await;
    assert_eq!(says(found.unwrap_err()), "there is no stage `gone`");
    let found = queries.earned(tenant, "gone", None, &page).await;
    assert_eq!(says(found.unwrap_err()), "there is no achievement `gone`");
    let found = queries.recognition(tenant, "gone", &RecognitionAsk::default()).await;
    assert_eq!(says(found.unwrap_err()), "there is no recognition rule `gone`");
}

#[tokio::test]
async fn a_cursor_keeps_the_instant_and_goes_with_its_question() {
    let world = World::new().await;
    let (queries, tenant) = (&world.queries, &world.tenant);
    let figure = Some((FunnelFigure::Dormant, "half".to_owned()));
    let ask = |day| FunnelLearnersAsk {
        of: FunnelAsk { as_of: instant(day), ..FunnelAsk::default() },
        figure: figure.clone(),
    };
    let rows = learners(&world, "course", &ask(400), 1000).await;
    assert!(rows.len() > 1);
    let first = PageAsk { limit: 1, cursor: None };
    let first = queries.funnel_learners(tenant, "course", &ask(400), &first).await.unwrap();
    // Nobody is dormant on the first day, but the question goes on as of the day it began with.
    let second = PageAsk { limit: 1000, cursor: first.next };
    let rest = queries.funnel_learners(tenant, "course", &ask(0), &second).await.unwrap();
    assert_eq!([first.items, rest.items].concat(), rows);
    let other = queries.funnel_learners(tenant, "anyhow", &FunnelLearnersAsk::default(), &second).await;
    assert!(matches!(other, Err(QueryError::Cursor)));
}
