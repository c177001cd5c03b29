//! One statement, as an LMS writes it.

use std::fmt::Write;

use plaudit_xapi::Timestamp;
use sha1::{Digest, Sha1};
use uuid::Uuid;

use crate::world::{LMS, Place, Verb, programme};

/// A learner, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who(pub u32);

/// A statement before it is written.
#[derive(Clone, Debug)]
pub struct Draft {
    pub id: Uuid,
    pub actor: Actor,
    pub verb: Verb,
    pub object: Object,
    pub result: Option<Outcome>,
    pub course: Option<Place>,
    pub registration: Option<Uuid>,
    pub session: Option<Uuid>,
    pub platform: &'static str,
    pub at: Timestamp,
}

#[derive(Clone, Debug)]
pub enum Actor {
    One(Who),
    /// A class: an identified group with its members.
    Class(u32, Vec<Who>),
    /// Who keeps the records of the LMS.
    Registrar,
}

#[derive(Clone, Debug)]
pub enum Object {
    Activity(Place),
    Learner(Who),
    Statement(Uuid),
}

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Outcome {
    pub success: Option<bool>,
    pub completion: Option<bool>,
    /// Points of 100.
    pub points: Option<u64>,
    pub seconds: Option<u64>,
    /// How far into a video, in seconds.
    pub video_at: Option<u64>,
    pub response: Option<u64>,
}

impl Draft {
    /// The statement in JSON, without line breaks.
    pub fn to_json(&self) -> String {
        let mut out = String::with_capacity(1200);
        self.write(&mut out).expect("writing to a string does not fail");
        out
    }

    fn write(&self, out: &mut String) -> std::fmt::Result {
        write!(out, r#"{{"id":"{}","actor":"#, self.id)?;
        write_actor(out, &self.actor)?;
        let Verb(iri, display) = self.verb;
        write!(out, r#","verb":{{"id":"{iri}","display":{{"en-US":"{display}"}}}},"object":"#)?;
        match &self.object {
            Object::Activity(place) => write_activity(out, place)?,
            Object::Learner(who) => write_agent(out, *who)?,
            Object::Statement(id) => write!(out, r#"{{"objectType":"StatementRef","id":"{id}"}}"#)?,
        }
        if let Some(outcome) = &self.result {
            write_outcome(out, outcome)?;
        }
        self.write_context(out)?;
        write!(out, r#","timestamp":"{}"}}"#, self.at)
    }

    fn write_context(&self, out: &mut String) -> std::fmt::Result {
        out.push_str(r#","context":{"#);
        if let Some(registration) = self.registration {
            write!(out, r#""registration":"{registration}","#)?;
        }
        if matches!(self.object, Object::Activity(_)) {
            write!(out, r#""platform":"{}","#, self.platform)?;
        }
        write!(
            out,
            r#""language":"en-GB","contextActivities":{{"grouping":[{{"id":"{}"}}]"#,
            programme().iri()
        )?;
        if let Some(course) = &self.course {
            write!(out, r#","parent":[{{"id":"{}","objectType":"Activity"}}]"#, course.iri())?;
        }
        if self.session.is_some() {
            out.push_str(r#","category":[{"id":"https://w3id.org/xapi/cmi5/context/categories/cmi5"}]"#);
        }
        out.push('}');
        if let Some(session) = self.session {
            write!(
                out,
                r#","extensions":{{"https://w3id.org/xapi/cmi5/context/extensions/sessionid":"{session}"}}"#
            )?;
        }
        out.push('}');
        Ok(())
    }
}

fn write_actor(out: &mut String, actor: &Actor) -> std::fmt::Result {
    let (class, members) = match actor {
        Actor::One(who) => return write_agent(out, *who),
        Actor::Registrar => {
            return write!(out, r#"{{"account":{{"homePage":"{LMS}","name":"registrar"}}}}"#);
        }
        Actor::Class(class, members) => (class, members),
    };
    write!(
        out,
        r#"{{"objectType":"Group","name":"Class {class}","account":{{"homePage":"{LMS}","name":"class-{class}"}},"member":["#
    )?;
    for (index, member) in members.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_agent(out, *member)?;
    }
    out.push_str("]}");
    Ok(())
}

/// Most learners have an account on the LMS, some a mailbox, a few the hash of one or an OpenID; always the same.
fn write_agent(out: &mut String, Who(number): Who) -> std::fmt::Result {
    out.push_str(r#"{"objectType":"Agent","#);
    match number % 10 {
        0..=5 => {
            write!(out, r#""name":"Learner {number}","account":{{"homePage":"{LMS}","name":"{number}"}}}}"#)
        }
        6..=7 => write!(out, r#""name":"Léa № {number}","mbox":"mailto:learner{number}@example.com"}}"#),
        8 => {
            let sum = Sha1::digest(format!("mailto:learner{number}@example.com"));
            out.push_str(r#""mbox_sha1sum":""#);
            for byte in sum {
                write!(out, "{byte:02x}")?;
            }
            out.push_str("\"}");
            Ok(())
        }
        _ => write!(out, r#""openid":"https://id.example.com/{number}"}}"#),
    }
}

fn write_activity(out: &mut String, place: &Place) -> std::fmt::Result {
    write!(
        out,
        r#"{{"objectType":"Activity","id":"{}","definition":{{"type":"{}","name":{{"en-US":"{}"}}"#,
        place.iri(),
        place.kind,
        place.title
    )?;
    if place.kind == "http://adlnet.gov/expapi/activities/cmi.interaction" {
        out.push_str(
            r#","interactionType":"choice","correctResponsesPattern":["a"],"choices":[{"id":"a","description":{"en-US":"Yes"}},{"id":"b","description":{"en-US":"No"}}]"#,
        );
    }
    out.push_str("}}");
    Ok(())
}

fn write_outcome(out: &mut String, outcome: &Outcome) -> std::fmt::Result {
    out.push_str(r#","result":{"#);
    let start = out.len();
    if let Some(points) = outcome.points {
        write!(
            out,
            r#""score":{{"scaled":{}.{:02},"raw":{points},"min":0,"max":100}},"#,
            points / 100,
            points % 100
        )?;
    }
    if let Some(success) = outcome.success {
        write!(out, r#""success":{success},"#)?;
    }
    if let Some(completion) = outcome.completion {
        write!(out, r#""completion":{completion},"#)?;
    }
    if let Some(seconds) = outcome.seconds {
        write!(out, r#""duration":"PT{}M{}S","#, seconds / 60, seconds % 60)?;
    }
    if let Some(response) = outcome.response {
        write!(out, r#""response":"{}","#, if response == 0 { "a" } else { "b" })?;
    }
    if let Some(at) = outcome.video_at {
        write!(out, r#""extensions":{{"https://w3id.org/xapi/video/extensions/time":{at}.0}},"#)?;
    }
    if out.len() > start {
        out.pop();
    }
    out.push('}');
    Ok(())
}
