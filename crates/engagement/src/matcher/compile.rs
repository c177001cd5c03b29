//! Turns matcher definitions into shared nodes.

use std::collections::{BTreeSet, HashMap};

use super::{Compound, Matchers, ResultTest, Text};
use crate::definition::{ContextCondition, ExtensionCondition, MatcherDefinition, ResultCondition};

/// Collects matchers; equal ones, and equal parts of different ones, become one.
#[derive(Debug, Default)]
pub(crate) struct MatcherCompiler {
    matchers: Matchers,
    nodes: HashMap<Key, u32>,
    by_root: HashMap<u32, u32>,
}

/// What makes two nodes the same.
#[derive(PartialEq, Eq, Hash, Clone, Debug)]
enum Key {
    Text(Text, BTreeSet<String>),
    Prefix(BTreeSet<String>),
    Registration(BTreeSet<uuid::Uuid>),
    Result(ResultTest),
    /// The condition as JSON.
    Extension(String),
    Compound(Compound),
}

impl MatcherCompiler {
    /// The number by which a mark knows this matcher.
    pub(crate) fn matcher(&mut self, definition: &MatcherDefinition) -> u32 {
        let root = self.node(definition);
        let roots = &mut self.matchers.roots;
        *self.by_root.entry(root).or_insert_with(|| {
            roots.push(root);
            index(roots.len() - 1)
        })
    }

    /// How many different matchers there are so far.
    pub(crate) fn matchers(&self) -> usize {
        self.matchers.roots.len()
    }

    /// All of them, ready to be applied.
    pub(crate) fn finish(mut self) -> Matchers {
        self.matchers.nodes = self.nodes.len();
        self.matchers
    }

    fn node(&mut self, definition: &MatcherDefinition) -> u32 {
        let mut all = Vec::new();
        self.texts(Text::Verb, definition.verb.as_ref(), &mut all);
        self.texts(Text::Activity, definition.activity.as_ref(), &mut all);
        self.texts(Text::ActivityType, definition.activity_type.as_ref(), &mut all);
        self.texts(Text::Platform, definition.platform.as_ref(), &mut all);
        self.texts(Text::Language, definition.language.as_ref(), &mut all);
        all.extend(definition.activity_prefix.as_ref().map(|starts| self.prefixes(starts)));
        all.extend(definition.registration.as_ref().map(|ids| self.registrations(ids)));
        definition.context.iter().for_each(|context| self.context(context, &mut all));
        definition.result.iter().for_each(|result| self.result(result, &mut all));
        if let Some(extensions) = &definition.extension {
            let nodes = extensions.iter().map(|condition| self.extension(condition)).collect();
            all.push(self.compound(Compound::Any(nodes)));
        }
        if let Some(any) = &definition.any {
            let nodes = any.iter().map(|one| self.node(one)).collect();
            all.push(self.compound(Compound::Any(nodes)));
        }
        all.extend(definition.all.iter().flatten().map(|one| self.node(one)));
        if let Some(not) = &definition.not {
            let node = self.node(not);
            all.push(self.compound(Compound::Not(node)));
        }
        self.compound(Compound::All(all))
    }

    fn context(&mut self, context: &ContextCondition, all: &mut Vec<u32>) {
        self.texts(Text::Parent, context.parent.as_ref(), all);
        self.texts(Text::Grouping, context.grouping.as_ref(), all);
        self.texts(Text::Category, context.category.as_ref(), all);
        self.texts(Text::Other, context.other.as_ref(), all);
    }

    fn result(&mut self, result: &ResultCondition, all: &mut Vec<u32>) {
        let scaled = result
            .scaled
            .map(|it| ResultTest::Scaled { min: it.min.map(f64::to_bits), max: it.max.map(f64::to_bits) });
        let tests =
            [result.success.map(ResultTest::Success), result.completion.map(ResultTest::Completion), scaled];
        for test in tests.into_iter().flatten() {
            let node = self.shared(Key::Result(test), |matchers, node| matchers.results.push((test, node)));
            all.push(node);
        }
    }

    fn texts(&mut self, field: Text, values: Option<&Vec<String>>, all: &mut Vec<u32>) {
        let Some(values) = values else { return };
        let values: BTreeSet<String> = values.iter().cloned().collect();
        all.push(self.shared(Key::Text(field, values.clone()), |matchers, node| {
            for value in values {
                matchers.texts[field as usize].entry(value.into()).or_default().push(node);
            }
        }));
    }

    fn prefixes(&mut self, starts: &[String]) -> u32 {
        let starts: BTreeSet<String> = starts.iter().cloned().collect();
        self.shared(Key::Prefix(starts.clone()), |matchers, node| {
            let prefixes = &mut matchers.prefixes;
            for start in starts {
                prefixes.lengths.push(start.len());
                prefixes.nodes.entry(start.into_bytes().into()).or_default().push(node);
            }
            prefixes.lengths.sort_unstable();
            prefixes.lengths.dedup();
        })
    }

    fn registrations(&mut self, ids: &[uuid::Uuid]) -> u32 {
        let ids: BTreeSet<_> = ids.iter().copied().collect();
        self.shared(Key::Registration(ids.clone()), |matchers, node| {
            for id in ids {
                matchers.registrations.entry(id).or_default().push(node);
            }
        })
    }

    fn extension(&mut self, condition: &ExtensionCondition) -> u32 {
        let text = serde_json::to_string(condition).expect("a condition has only string keys");
        self.shared(Key::Extension(text), |matchers, node| matchers.extensions.add(condition, node))
    }

    fn compound(&mut self, compound: Compound) -> u32 {
        let compound = match compound {
            Compound::All(nodes) => Compound::All(set(nodes)),
            Compound::Any(nodes) => Compound::Any(set(nodes)),
            Compound::Not(node) => Compound::Not(node),
        };
        if let Compound::All(nodes) | Compound::Any(nodes) = &compound
            && let [only] = nodes[..]
        {
            return only;
        }
        self.shared(Key::Compound(compound.clone()), |matchers, node| {
            matchers.compounds.push((compound, node));
        })
    }

    /// The node for `key`; `add` is called if it is a new one.
    fn shared(&mut self, key: Key, add: impl FnOnce(&mut Matchers, u32)) -> u32 {
        let next = index(self.nodes.len());
        let matchers = &mut self.matchers;
        *self.nodes.entry(key).or_insert_with(|| {
            add(matchers, next);
            next
        })
    }
}

fn set(mut nodes: Vec<u32>) -> Vec<u32> {
    nodes.sort_unstable();
    nodes.dedup();
    nodes
}

fn index(length: usize) -> u32 {
    u32::try_from(length).expect("definitions are limited in number and size")
}
