//! A store, a log in memory, and the read models that are driven over it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::tz::TimeZone;
use plaudit_engagement::Outcome;
use plaudit_event::{DefinitionEvent, DefinitionKind, Event, LearnerId, StatementEvent, TenantId};
use plaudit_log::{Batch, Position};
use plaudit_store::{Generation, Row, Store, Table};
use plaudit_store_embedded::{EmbeddedStore, Options};
use plaudit_xapi::{Fingerprint, Timestamp};
use serde_json::value::RawValue;

use super::statements::{Drawn, Mishap, Play};
use crate::definitions::{DefinitionRow, Definitions};
use crate::engagement::lookups::{After, achievements, funnel, recognition};
use crate::engagement::sets::{DefinitionSet, definition_set};
use crate::engagement::{Engagement, tables, timeline};
use crate::statements::Statements;
use crate::{ApplyError, Context, Generations, ReadModel, Recorded, Rows};

type Documents = &'static [(DefinitionKind, &'static str, &'static str)];

/// Sets of documents: none, and some that reach members of groups and earn again and again.
pub(super) const DOCUMENTS: [Documents; 2] = [
    &[],
    &[
        (
            DefinitionKind::Funnel,
            "team",
            r#"{"id":"team","members":true,"dormant_after":"P2D","stages":[{"id":"in"},
                {"id":"twice","distinct":"days","count":2,"within":"P9D"},
                {"id":"done","match":{"result":{"success":true}}}]}"#,
        ),
        (
            DefinitionKind::Achievement,
            "pair",
            r#"{"id":"pair","count":2,"repeatable":true,"members":true,"points":5,
                "match":{"not":{"verb":["http://adlnet.gov/expapi/verbs/voided"]}}}"#,
        ),
        (DefinitionKind::Achievement, "more", r#"{"id":"more","all_of":["pair","streak"]}"#),
        (DefinitionKind::Achievement, "streak", r#"{"id":"streak","streak":2,"repeatable":true}"#),
        (
            DefinitionKind::Recognition,
            "soon",
            r#"{"id":"soon","due_within":"PT30H","members":true,
                "match":{"verb":["http://adlnet.gov/expapi/verbs/praised"]}}"#,
        ),
    ],
];

/// The one generation. Runs do not get into each other's way, because each has its own tenant and partition.
const GENERATION: Generation = Generation(1);

/// One store for many runs: opening one takes longer than a run.
pub(super) struct World {
    store: Arc<dyn Store>,
    _dir: tempfile::TempDir,
    runs: Cell<u32>,
}

/// One playing of a log.
pub(super) struct Run {
    tenant: TenantId,
    context: Context,
    documents: Documents,
}

/// What a future says, on this thread.
pub(super) fn reading<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

/// The definitions by which rows should be made.
pub(super) fn set(documents: usize) -> DefinitionSet {
    let row = |&(kind, id, document): &(DefinitionKind, &str, &str)| DefinitionRow {
        kind,
        id: id.to_owned(),
        version: 1,
        changed_at: Timestamp::default(),
        document: Some(document.to_owned()),
    };
    let mut rows: Vec<DefinitionRow> = DOCUMENTS[documents].iter().map(row).collect();
    rows.sort_by(|one, other| (one.kind.as_str(), &one.id).cmp(&(other.kind.as_str(), &other.id)));
    DefinitionSet::of_rows(rows, &TimeZone::UTC)
}

impl World {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> =
            Arc::new(EmbeddedStore::open(dir.path(), Options::default(), None).unwrap());
        Self { store, _dir: dir, runs: Cell::new(0) }
    }

    /// Drives the read models over the log.
    pub(super) async fn play(&self, play: &Play) -> Run {
        self.try_play(play).await.unwrap()
    }

    /// Applies the log in one batch, with the fourth record's statement missing.
    pub(super) async fn try_broken(&self, play: &Play) -> Result<(), ApplyError> {
        let run = self.begin(play.documents);
        let log = run.log(play);
        let mut events: Vec<_> =
            (log.iter().zip(0..)).map(|(record, at)| run.recorded(&record, at)).collect();
        events[3].statement = None;
        self.try_apply(&mut Engagement::new(run.context.clone()), &events).await
    }

    /// The same, or why a record cannot be applied.
    pub(super) async fn try_play(&self, play: &Play) -> Result<Run, ApplyError> {
        let run = self.begin(play.documents);
        let log = run.log(play);
        let events: Vec<_> = (log.iter().zip(0..)).map(|(record, at)| run.recorded(&record, at)).collect();
        let mut statements = Statements::new(run.context.clone());
        // The definitions of a generation are those that there are when it begins.
        self.apply(&mut Definitions, &events).await;
        if play.ahead {
            self.apply(&mut statements, &events).await;
        }
        let mut engagement = Engagement::new(run.context.clone());
        let mut mishaps = play.mishaps.iter().copied().cycle();
        let mut sizes = play.batches.iter().copied().cycle();
        let parked = play.parked.map(|at| at + run.documents.len());
        let mut unparked = events.clone();
        let parked = parked.map(|at| unparked.remove(at));
        let mut rest = unparked.as_slice();
        while !rest.is_empty() {
            let (batch, later) = rest.split_at(sizes.next().unwrap().min(rest.len()));
            rest = later;
            if !play.ahead {
                self.apply(&mut statements, batch).await;
            }
            let mishap = mishaps.next().unwrap_or(Mishap::Nothing);
            self.go_wrong(mishap, &mut engagement, &run, batch).await;
            self.try_apply(&mut engagement, batch).await?;
            if let Mishap::Repeated = mishap {
                self.apply(&mut engagement, batch).await;
            }
        }
        if let Some(parked) = parked {
            self.apply(&mut engagement, &[parked]).await;
        }
        Ok(run)
    }

    async fn go_wrong(&self, mishap: Mishap, engagement: &mut Engagement, run: &Run, batch: &[Recorded<'_>]) {
        if let Mishap::Lost | Mishap::Died = mishap {
            let mut rows = Rows::new(self.store.clone(), GENERATION);
            engagement.apply(batch, &mut rows).await.unwrap();
            engagement.forget();
        }
        if let Mishap::Died = mishap {
            *engagement = Engagement::new(run.context.clone());
        }
    }

    async fn apply(&self, model: &mut dyn ReadModel, batch: &[Recorded<'_>]) {
        self.try_apply(model, batch).await.unwrap();
    }

    async fn try_apply(&self, model: &mut dyn ReadModel, batch: &[Recorded<'_>]) -> Result<(), ApplyError> {
        let mut rows = Rows::new(self.store.clone(), GENERATION);
        model.apply(batch, &mut rows).await?;
        self.store.write(rows.into_writes()).await.unwrap();
        Ok(())
    }

    fn begin(&self, documents: usize) -> Run {
        let number = self.runs.replace(self.runs.get() + 1);
        let generations = Generations::default();
        for model in [crate::statements::NAME, crate::definitions::NAME, crate::engagement::NAME] {
            generations.serve(model, None, GENERATION);
        }
        let tenant = TenantId::new(&format!("run{number}")).unwrap();
        let context = Context {
            partition: number,
            generation: GENERATION,
            tenant: None,
            store: self.store.clone(),
            generations,
            time_zone: TimeZone::UTC,
        };
        Run { tenant, context, documents: DOCUMENTS[documents] }
    }

    /// What the rows say of each learner.
    pub(super) async fn outcomes(&self, run: &Run) -> BTreeMap<String, Outcome> {
        let rows = self.scan(&tables::LEARNERS, run).await;
        let read = |row: &Row| (row[1].as_text().unwrap().to_owned(), timeline::read_learner(row).unwrap().0);
        rows.iter().map(read).collect()
    }

    /// The rows that people ask for, as text.
    pub(super) async fn results(&self, run: &Run) -> Vec<String> {
        let (store, tenant) = (self.store.as_ref(), &run.tenant);
        let set = definition_set(store, GENERATION, tenant).await.unwrap();
        let (all, mut texts) = (usize::MAX, Vec::new());
        for it in &set.funnels {
            let page = funnel(store, GENERATION, (tenant, &it.id), After::default(), all).await.unwrap();
            texts.extend(page.0.iter().map(|row| format!("{} {:?}", row.learner, row.funnel)));
        }
        for it in &set.achievements {
            let page =
                achievements(store, GENERATION, (tenant, &it.id), After::default(), all).await.unwrap();
            texts.extend(page.0.iter().map(|row| format!("{} {:?}", row.learner, row.earned)));
        }
        for it in &set.recognition {
            let page = recognition(store, GENERATION, (tenant, &it.id), After::default(), all).await.unwrap();
            texts.extend(page.0.iter().map(|row| format!("{} {:?}", row.learner, row.expectation)));
        }
        texts.sort();
        texts
    }

    /// Every row of the read model but for the tenant.
    pub(super) async fn dump(&self, run: &Run) -> Vec<(&'static str, Row)> {
        let mut all = Vec::new();
        for table in tables::ALL {
            all.extend(self.scan(table, run).await.into_iter().map(|row| (table.name, row[1..].to_vec())));
        }
        // Tables with point access have an order of their own, which depends on the tenant.
        all.sort_by_cached_key(|row| format!("{row:?}"));
        all
    }

    async fn scan(&self, table: &'static Table, run: &Run) -> Vec<Row> {
        let page = self.store.scan(table, GENERATION, None, usize::MAX).await.unwrap();
        assert_eq!(page.next, None);
        page.rows.into_iter().filter(|row| row[0].as_text() == Some(run.tenant.as_str())).collect()
    }
}

impl Run {
    fn log(&self, play: &Play) -> Batch {
        let mut log = Batch::default();
        for &(kind, id, document) in self.documents {
            let document = Some(RawValue::from_string(document.to_owned()).unwrap());
            let (tenant, id, at) = (self.tenant.clone(), id.to_owned(), Timestamp::default());
            DefinitionEvent { tenant, kind, id, version: 1, at, document }.push(&mut log);
        }
        for &index in &play.order {
            push(&mut log, &self.tenant, &play.statements[index]);
        }
        log
    }

    fn recorded<'a>(&self, record: &plaudit_log::RecordRef<'a>, at: u64) -> Recorded<'a> {
        let event = Event::decode(record).unwrap();
        let statement = match &event {
            Event::Statement(event) => Some(plaudit_xapi::read_stored(event.body).unwrap()),
            Event::Definition(_) => None,
        };
        Recorded { partition: self.context.partition, position: Position(at), event, statement }
    }
}

fn push(log: &mut Batch, tenant: &TenantId, drawn: &Drawn) {
    let body = drawn.body();
    let statement = plaudit_xapi::read_stored(body.as_bytes()).unwrap();
    let learner = LearnerId::of(&statement.actor);
    let index = log.iter().count();
    StatementEvent::push(log, tenant, &learner, Fingerprint(1), |out| out.extend_from_slice(body.as_bytes()));
    StatementEvent::set_stored(log, index, drawn.stored(), &drawn.stored().to_bytes(), &[]);
}
