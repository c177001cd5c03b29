//! Matching: which of a tenant's matchers accept a statement, all of them in one go.
//!
//! Matchers are broken into tests that are shared wherever they are equal. Tests that compare text are turned
//! around: the statement's verb, activity and so on are looked up once, and the table says which tests they pass.
//! What remains is "and", "or" and "not" over bits.

mod compile;
mod extension;

use std::collections::HashMap;

use plaudit_xapi::{Activity, Context, Object, Statement, StatementResult};
use smallvec::SmallVec;
use uuid::Uuid;

pub(crate) use compile::MatcherCompiler;
use extension::ExtensionTests;

use crate::definition::MatcherDefinition;

/// All matchers of a tenant, ready to be applied.
#[derive(Debug, Default)]
pub(crate) struct Matchers {
    texts: [HashMap<Box<str>, Nodes>; TEXTS],
    prefixes: Prefixes,
    registrations: HashMap<Uuid, Nodes>,
    results: Vec<(ResultTest, u32)>,
    extensions: ExtensionTests,
    /// In an order in which each only looks at earlier ones.
    compounds: Vec<(Compound, u32)>,
    nodes: usize,
    /// The node that says whether matcher i accepts.
    roots: Vec<u32>,
}

/// One matcher by itself, such as a filter of a query.
#[derive(Debug)]
pub struct Matcher(Matchers);

impl Matcher {
    /// Compiles a matcher that was read by [`crate::validate_matcher`].
    #[must_use]
    pub fn new(definition: &MatcherDefinition) -> Self {
        let mut compiler = MatcherCompiler::default();
        compiler.matcher(definition);
        Self(compiler.finish())
    }

    /// Whether it accepts the statement.
    #[must_use]
    pub fn accepts(&self, statement: &Statement<'_>) -> bool {
        self.0.accepting(statement).next().is_some()
    }
}

type Nodes = SmallVec<[u32; 4]>;

/// Parts of a statement that are compared as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Text {
    Verb,
    Activity,
    ActivityType,
    Parent,
    Grouping,
    Category,
    Other,
    Platform,
    Language,
}

const TEXTS: usize = Text::Language as usize + 1;

/// A test of the result; numbers as bits, so that equal tests are found to be equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum ResultTest {
    Success(bool),
    Completion(bool),
    Scaled { min: Option<u64>, max: Option<u64> },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Compound {
    All(Vec<u32>),
    Any(Vec<u32>),
    Not(u32),
}

impl Matchers {
    /// The matchers that accept the statement, in ascending order.
    pub(crate) fn accepting(&self, statement: &Statement<'_>) -> impl Iterator<Item = u32> {
        let mut truth = Truth::none(self.nodes);
        self.test_text(Text::Verb, &statement.verb, &mut truth);
        if let Object::Activity(activity) = &statement.object {
            self.test_activity(activity, &mut truth);
        }
        if let Some(context) = &statement.context {
            self.test_context(context, &mut truth);
        }
        if let Some(result) = &statement.result {
            self.test_result(result, &mut truth);
        }
        self.extensions.test(statement, |node| truth.set(node));
        for (compound, node) in &self.compounds {
            if compound.holds(&truth) {
                truth.set(*node);
            }
        }
        (0u32..).zip(&self.roots).filter(move |(_, root)| truth.get(**root)).map(|(index, _)| index)
    }

    fn test_text(&self, field: Text, value: &str, truth: &mut Truth) {
        let table = &self.texts[field as usize];
        if !table.is_empty()
            && let Some(nodes) = table.get(value)
        {
            truth.set_all(nodes);
        }
    }

    fn test_activity(&self, activity: &Activity<'_>, truth: &mut Truth) {
        self.test_text(Text::Activity, &activity.id, truth);
        self.prefixes.test(&activity.id, truth);
        if let Some(kind) = &activity.kind {
            self.test_text(Text::ActivityType, kind, truth);
        }
    }

    fn test_context(&self, context: &Context<'_>, truth: &mut Truth) {
        let lists = [
            (Text::Parent, &context.parent),
            (Text::Grouping, &context.grouping),
            (Text::Category, &context.category),
            (Text::Other, &context.other),
        ];
        for (field, activities) in lists {
            activities.iter().for_each(|activity| self.test_text(field, &activity.id, truth));
        }
        for (field, value) in [(Text::Platform, &context.platform), (Text::Language, &context.language)] {
            value.iter().for_each(|value| self.test_text(field, value, truth));
        }
        if let Some(nodes) = context.registration.and_then(|id| self.registrations.get(&id)) {
            truth.set_all(nodes);
        }
    }

    fn test_result(&self, result: &StatementResult<'_>, truth: &mut Truth) {
        for (test, node) in &self.results {
            if test.holds(result) {
                truth.set(*node);
            }
        }
    }
}

impl ResultTest {
    fn holds(self, result: &StatementResult<'_>) -> bool {
        match self {
            Self::Success(wanted) => result.success == Some(wanted),
            Self::Completion(wanted) => result.completion == Some(wanted),
            Self::Scaled { min, max } => result.scaled.is_some_and(|scaled| within(scaled, min, max)),
        }
    }
}

/// Whether a number lies between two limits that are given as bits.
fn within(value: f64, min: Option<u64>, max: Option<u64>) -> bool {
    min.is_none_or(|min| value >= f64::from_bits(min)) && max.is_none_or(|max| value <= f64::from_bits(max))
}

impl Compound {
    fn holds(&self, truth: &Truth) -> bool {
        match self {
            Self::All(nodes) => nodes.iter().all(|node| truth.get(*node)),
            Self::Any(nodes) => nodes.iter().any(|node| truth.get(*node)),
            Self::Not(node) => !truth.get(*node),
        }
    }
}

/// Prefixes by text; they are looked up once per different length.
#[derive(Debug, Default)]
struct Prefixes {
    lengths: Vec<usize>,
    nodes: HashMap<Box<[u8]>, Nodes>,
}

impl Prefixes {
    fn test(&self, id: &str, truth: &mut Truth) {
        let starts = self.lengths.iter().map_while(|length| id.as_bytes().get(..*length));
        starts.filter_map(|start| self.nodes.get(start)).for_each(|nodes| truth.set_all(nodes));
    }
}

/// One bit per node.
struct Truth(SmallVec<[u64; 8]>);

impl Truth {
    fn none(nodes: usize) -> Self {
        Self(smallvec::smallvec![0; nodes.div_ceil(64)])
    }

    fn get(&self, node: u32) -> bool {
        self.0[node as usize / 64] >> (node % 64) & 1 == 1
    }

    fn set(&mut self, node: u32) {
        self.0[node as usize / 64] |= 1 << (node % 64);
    }

    fn set_all(&mut self, nodes: &[u32]) {
        nodes.iter().for_each(|node| self.set(*node));
    }
}

#[cfg(test)]
mod tests;
