//! From places to bodies: one page of an answer.

use bytes::Bytes;
use plaudit_read_models::statements::Term;
use plaudit_xapi::{AcceptLanguage, append_canonical, append_ids};

use super::find::{Finder, Found};
use super::plan::{Format, Plan, Settings};
use crate::QueryError;
use crate::cursor::{self, Place};

/// Bytes of the statements of one page; the page ends early before it would pass that, but has one statement at least.
/// 500 ordinary ones have 400 KB.
pub const BODIES_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Bodies that are read at once. Small, because those past the limit of bytes are read for nothing.
const BODIES_PER_READ: usize = 50;

/// One page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The statements, in the format asked for.
    pub statements: Vec<Bytes>,
    /// What to ask for the next page with; none at the end.
    pub more: Option<String>,
    /// How the answer is to look: what the query said, also on later pages.
    pub settings: Settings,
}

/// Reads the page of `plan` after `after`. `scope` has to be a term of each statement, too.
pub(super) async fn read(
    finder: &Finder<'_>,
    mut plan: Plan,
    after: Option<Place>,
    scope: Option<Term>,
) -> Result<Page, QueryError> {
    let limit = plan.limit as usize;
    plan.conditions.extend(scope.map(|term| [term].into_iter().collect()));
    let mut found = finder.find(&plan, after, limit + 1).await?;
    if scope.is_some() {
        plan.conditions.pop();
    }
    let has_more = found.len() > limit;
    found.truncate(limit);
    let bodies = bodies(finder, &found).await?;
    let last = found.get(bodies.len().wrapping_sub(1)).copied();
    let more = match last.filter(|_| has_more || bodies.len() < found.len()) {
        None => None,
        Some(last) => {
            let stored = finder.stored(last).await?;
            let last = Place { stored, partition: last.partition, position: last.position };
            Some(cursor::encode(finder.tenant, &plan, last))
        }
    };
    let statements = formatted(bodies, &plan.settings);
    Ok(Page { statements, more, settings: plan.settings })
}

/// The bodies of the first places, as many as a page may hold.
async fn bodies(finder: &Finder<'_>, found: &[Found]) -> Result<Vec<Bytes>, QueryError> {
    let mut bodies = Vec::with_capacity(found.len());
    let mut bytes = 0;
    for some in found.chunks(BODIES_PER_READ) {
        let places: Vec<(u32, u64)> = some.iter().map(|found| (found.partition, found.position)).collect();
        for body in finder.store.records(&places).await? {
            bytes += body.len();
            if bytes > BODIES_BYTES_MAX && !bodies.is_empty() {
                return Ok(bodies);
            }
            bodies.push(body);
        }
    }
    Ok(bodies)
}

fn formatted(bodies: Vec<Bytes>, settings: &Settings) -> Vec<Bytes> {
    let language = AcceptLanguage::parse(&settings.language);
    bodies.into_iter().map(|body| format(body, settings.format, &language)).collect()
}

/// One statement as `settings` want it.
pub(super) fn formatted_one(body: Bytes, settings: &Settings) -> Bytes {
    format(body, settings.format, &AcceptLanguage::parse(&settings.language))
}

/// A stored statement as the format wants it. [`Format::Canonical`] takes the definition of an activity from the statement itself.
fn format(body: Bytes, format: Format, language: &AcceptLanguage) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    match format {
        Format::Exact => return body,
        Format::Ids => append_ids(&body, &mut out),
        Format::Canonical => append_canonical(&body, language, &|_| None, &mut out),
    }
    out.into()
}
