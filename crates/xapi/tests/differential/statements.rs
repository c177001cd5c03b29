//! Valid statements that use every property of the standard, in all the forms it allows.

use plaudit_xapi::{VOIDED, Version};
use serde_json::{Map, Value, json};

use crate::dice::Dice;

const IRIS: [&str; 6] = [
    "http://adlnet.gov/expapi/verbs/attended",
    "https://example.com/каталог?x=%C3%A9#y",
    "urn:uuid:6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "tag:example.com,2026:a",
    "a:b",
    "http://www.example.com/meetings/34534",
];
const IRLS: [&str; 3] = ["http://www.example.com", "https://example.com:8443/a/b?c#d", "ftp://example.com/x"];
const MAILTOS: [&str; 3] = ["mailto:ada@example.com", "mailto:o'neil+x@mail.example.co.uk", "mailto:δ@π.gr"];
const UUIDS: [&str; 3] = [
    "6690e6c9-3ef0-4ed3-8b37-7f3964730bee",
    "AA97B177-9383-4934-8543-0F91A7A02836",
    "12345678-1234-5678-1234-567812345678",
];
const TAGS: [&str; 7] =
    ["en-US", "de", "zh-Hans-CN", "es-419", "x-pirate", "i-klingon", "sl-rozaj-biske-1994"];
const TIMES_BOTH: [&str; 4] = [
    "2026-11-22T14:38:00.123Z",
    "2008-09-15T15:53:00+05:30",
    "2024-02-29t23:59:59.123456789z",
    "2016-12-31T23:59:60-08:00",
];
const TIMES_1_0_3: [&str; 3] = ["2008-09-15T15:53", "2008-09-15T15:53:00,5+01", "2008-09-15T15:53:00+0100"];
const DURATIONS: [&str; 6] = ["PT4H35M59.14S", "P3Y1M29DT4H35M59.14S", "P4W", "P3Y", "PT0.125S", "P1.5D"];
const TEXTS: [&str; 5] = ["", "plain", "quote \" backslash \\ slash /", "line\nbreak\u{1}", "😀 Ünïcödé"];
const SHA1: &str = "cd9b00a5611f94eaa7b1661edab976068e364975";
const SHA256: &str = "495395e777cd98da653df9615d09c0fd6bb2f8d4788394cd53c56a3bfdcd848a";

/// A statement that is valid for `version`.
pub fn statement(dice: &mut Dice, version: Version) -> Value {
    let mut made = Maker { dice, version };
    let mut statement = made.event(Level::Statement);
    made.maybe(&mut statement, "id", |made| made.one(&UUIDS));
    made.maybe(&mut statement, "stored", Maker::time);
    made.maybe(&mut statement, "authority", Maker::authority);
    made.maybe(&mut statement, "version", |made| match made.version {
        Version::V1_0_3 => made.one(&["1.0", "1.0.0", "1.0.3", "1.0.9"]),
        Version::V2_0_0 => made.one(&["2.0.0", "2.0", "1.0.3", "2.0.10"]),
    });
    Value::Object(statement)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Statement,
    SubStatement,
}

struct Maker<'d> {
    dice: &'d mut Dice,
    version: Version,
}

type Object = Map<String, Value>;

impl Maker<'_> {
    fn one(&mut self, pool: &[&str]) -> Value {
        self.dice.pick(pool).into()
    }

    fn maybe(&mut self, object: &mut Object, key: &str, make: impl FnOnce(&mut Self) -> Value) {
        if self.dice.once_in(2) {
            let value = make(self);
            object.insert(key.to_owned(), value);
        }
    }

    fn list(&mut self, shortest: usize, make: fn(&mut Self) -> Value) -> Value {
        let length = shortest + self.dice.below(3);
        (0..length).map(|_| make(self)).collect()
    }

    fn event(&mut self, level: Level) -> Object {
        let mut event = Object::new();
        event.insert("actor".into(), self.actor());
        let is_voiding = self.dice.once_in(8);
        let verb = if is_voiding { VOIDED.into() } else { self.one(&IRIS) };
        let mut verb = Object::from_iter([("id".to_owned(), verb)]);
        self.maybe(&mut verb, "display", Self::language_map);
        event.insert("verb".into(), verb.into());
        let object = if is_voiding { self.reference() } else { self.object(level) };
        let is_activity = object.get("objectType").is_none_or(|kind| kind == "Activity");
        event.insert("object".into(), object);
        self.maybe(&mut event, "result", Self::result);
        self.maybe(&mut event, "context", |made| made.context(is_activity));
        self.maybe(&mut event, "timestamp", Self::time);
        self.maybe(&mut event, "attachments", |made| made.list(0, Self::attachment));
        event
    }

    fn object(&mut self, level: Level) -> Value {
        match self.dice.below(if level == Level::Statement { 6 } else { 5 }) {
            0 => self.reference(),
            1 => {
                let mut agent = self.agent();
                agent["objectType"] = "Agent".into();
                agent
            }
            2 => self.group(),
            3 | 4 => self.activity(),
            _ => {
                let mut sub = self.event(Level::SubStatement);
                sub.insert("objectType".into(), "SubStatement".into());
                sub.into()
            }
        }
    }

    fn reference(&mut self) -> Value {
        json!({"objectType": "StatementRef", "id": self.one(&UUIDS)})
    }

    fn actor(&mut self) -> Value {
        if self.dice.once_in(3) { self.group() } else { self.agent() }
    }

    fn agent(&mut self) -> Value {
        let mut agent = Object::new();
        self.identify(&mut agent);
        self.maybe(&mut agent, "objectType", |_| "Agent".into());
        self.maybe(&mut agent, "name", |made| made.one(&TEXTS));
        agent.into()
    }

    fn group(&mut self) -> Value {
        let mut group = Object::from_iter([("objectType".to_owned(), "Group".into())]);
        self.maybe(&mut group, "name", |made| made.one(&TEXTS));
        if self.dice.once_in(2) {
            self.identify(&mut group);
            self.maybe(&mut group, "member", |made| made.list(0, Self::agent));
        } else {
            group.insert("member".into(), self.list(1, Self::agent));
        }
        group.into()
    }

    fn identify(&mut self, object: &mut Object) {
        let (key, value) = match self.dice.below(4) {
            0 => ("mbox", self.one(&MAILTOS)),
            1 => ("mbox_sha1sum", SHA1.into()),
            2 => ("openid", "http://openid.example.org/12345".into()),
            _ => ("account", self.account()),
        };
        object.insert(key.into(), value);
    }

    fn account(&mut self) -> Value {
        json!({"homePage": self.one(&IRLS), "name": self.one(&TEXTS)})
    }

    fn authority(&mut self) -> Value {
        if self.dice.once_in(2) {
            return self.agent();
        }
        json!({"objectType": "Group", "member": [{"account": self.account()}, self.agent()]})
    }

    fn activity(&mut self) -> Value {
        let mut activity = Object::from_iter([("id".to_owned(), self.one(&IRIS))]);
        self.maybe(&mut activity, "objectType", |_| "Activity".into());
        self.maybe(&mut activity, "definition", Self::definition);
        activity.into()
    }

    fn definition(&mut self) -> Value {
        let mut definition = Object::new();
        self.maybe(&mut definition, "name", Self::language_map);
        self.maybe(&mut definition, "description", Self::language_map);
        self.maybe(&mut definition, "type", |made| made.one(&IRIS));
        self.maybe(&mut definition, "moreInfo", |made| made.one(&IRLS));
        self.maybe(&mut definition, "extensions", Self::extensions);
        if self.dice.once_in(2) {
            let kinds = [
                "true-false",
                "choice",
                "fill-in",
                "long-fill-in",
                "matching",
                "performance",
                "sequencing",
                "likert",
                "numeric",
                "other",
            ];
            definition.insert("interactionType".into(), self.one(&kinds));
            self.maybe(&mut definition, "correctResponsesPattern", |made| {
                made.list(0, |made| made.one(&["a[,]b", "true", "4[:]"]))
            });
            for list in ["choices", "scale", "source", "target", "steps"] {
                self.maybe(&mut definition, list, Self::components);
            }
        }
        definition.into()
    }

    fn components(&mut self) -> Value {
        let count = self.dice.below(4);
        (0..count).map(|number| self.component(number)).collect()
    }

    fn component(&mut self, number: usize) -> Value {
        let mut component = Object::from_iter([("id".to_owned(), format!("choice {number}").into())]);
        self.maybe(&mut component, "description", Self::language_map);
        component.into()
    }

    fn result(&mut self) -> Value {
        let mut result = Object::new();
        self.maybe(&mut result, "score", |made| {
            let mut score = Object::new();
            made.maybe(&mut score, "scaled", |made| {
                [json!(-1), json!(0.95), json!(1.0), json!(1e-7)][made.dice.below(4)].clone()
            });
            made.maybe(&mut score, "raw", |made| {
                [json!(7), json!(12.5), json!(10)][made.dice.below(3)].clone()
            });
            made.maybe(&mut score, "min", |_| json!(-3.25));
            made.maybe(&mut score, "max", |_| json!(12.5));
            score.into()
        });
        self.maybe(&mut result, "success", |made| made.dice.once_in(2).into());
        self.maybe(&mut result, "completion", |made| made.dice.once_in(2).into());
        self.maybe(&mut result, "response", |made| made.one(&TEXTS));
        self.maybe(&mut result, "duration", |made| made.one(&DURATIONS));
        self.maybe(&mut result, "extensions", Self::extensions);
        result.into()
    }

    fn context(&mut self, is_activity: bool) -> Value {
        let mut context = Object::new();
        self.maybe(&mut context, "registration", |made| made.one(&UUIDS));
        self.maybe(&mut context, "instructor", Self::actor);
        self.maybe(&mut context, "team", Self::group);
        self.maybe(&mut context, "contextActivities", Self::context_activities);
        if is_activity {
            self.maybe(&mut context, "revision", |made| made.one(&TEXTS));
            self.maybe(&mut context, "platform", |made| made.one(&TEXTS));
        }
        self.maybe(&mut context, "language", |made| made.one(&TAGS));
        self.maybe(&mut context, "statement", Self::reference);
        self.maybe(&mut context, "extensions", Self::extensions);
        if self.version == Version::V2_0_0 {
            self.maybe(&mut context, "contextAgents", |made| {
                made.list(0, |made| {
                    let agent = made.agent();
                    made.related("contextAgent", "agent", agent)
                })
            });
            self.maybe(&mut context, "contextGroups", |made| {
                made.list(0, |made| {
                    let group = made.group();
                    made.related("contextGroup", "group", group)
                })
            });
        }
        context.into()
    }

    fn related(&mut self, kind: &str, key: &str, who: Value) -> Value {
        let mut related = json!({"objectType": kind, key: who});
        if self.dice.once_in(2) {
            related["relevantTypes"] = self.list(1, |made| made.one(&IRIS));
        }
        related
    }

    fn context_activities(&mut self) -> Value {
        let mut activities = Object::new();
        for kind in ["parent", "grouping", "category", "other"] {
            self.maybe(&mut activities, kind, |made| {
                if made.dice.once_in(2) { made.activity() } else { made.list(0, Self::activity) }
            });
        }
        activities.into()
    }

    fn attachment(&mut self) -> Value {
        let mut attachment = json!({
            "usageType": self.one(&IRIS),
            "display": self.language_map(),
            "contentType": self.one(&["text/plain", "text/plain; charset=ascii", "application/vnd.x+json; a=\"b;c\""]),
            "length": self.length(),
            "sha2": self.one(&[SHA256, &SHA256[..56], &SHA256.to_uppercase()]),
        });
        if self.dice.once_in(2) {
            attachment["description"] = self.language_map();
        }
        if self.dice.once_in(2) {
            attachment["fileUrl"] = self.one(&IRLS);
        }
        attachment
    }

    fn length(&mut self) -> Value {
        [json!(0), json!(27), json!(27.0)][self.dice.below(3)].clone()
    }

    fn time(&mut self) -> Value {
        if self.version == Version::V1_0_3 && self.dice.once_in(3) {
            return self.one(&TIMES_1_0_3);
        }
        self.one(&TIMES_BOTH)
    }

    fn language_map(&mut self) -> Value {
        let count = self.dice.below(3);
        (0..count).map(|_| (self.dice.pick(&TAGS).to_owned(), self.one(&TEXTS))).collect::<Object>().into()
    }

    fn extensions(&mut self) -> Value {
        let count = self.dice.below(3);
        (0..count).map(|_| (self.dice.pick(&IRIS).to_owned(), self.any(3))).collect::<Object>().into()
    }

    fn any(&mut self, depth: usize) -> Value {
        match self.dice.below(if depth == 0 { 4 } else { 6 }) {
            0 => Value::Null,
            1 => self.dice.once_in(2).into(),
            2 => [json!(0), json!(-1.5e-9), json!(1e300), json!(9_007_199_254_740_993_u64)]
                [self.dice.below(4)]
            .clone(),
            3 => self.one(&TEXTS),
            4 => (0..self.dice.below(3)).map(|_| self.any(depth - 1)).collect(),
            _ => (0..self.dice.below(3))
                .map(|number| (format!("key {number}"), self.any(depth - 1)))
                .collect::<Object>()
                .into(),
        }
    }
}
