//! One sitting of one learner: a cmi5-like session on the next parts of the programme.

use plaudit_xapi::Timestamp;
use uuid::Uuid;

use crate::dice::Dice;
use crate::persona::Habits;
use crate::statement::{Actor, Draft, Object, Outcome, Who};
use crate::world::{COURSES, MODULES, Place, QUESTIONS, Verb, course, part, verbs};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// How far a learner has come: modules finished, over all courses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    pub modules: u16,
    pub first_day: Option<u32>,
}

/// What one sitting needs to know.
pub struct Sitting<'a> {
    pub seed: u64,
    pub who: Who,
    pub habits: Habits,
    /// Days since 1970-01-01.
    pub day: i64,
    pub dice: &'a mut Dice,
}

/// A session being played: a clock and what was said so far.
struct Recorder<'a> {
    dice: &'a mut Dice,
    who: Who,
    at: i64,
    course: Option<Place>,
    registration: Option<Uuid>,
    session: Option<Uuid>,
    drafts: Vec<Draft>,
}

/// Plays one sitting and moves the journey on.
pub fn sit(sitting: Sitting<'_>, journey: &mut Journey) -> Vec<Draft> {
    let Sitting { seed, who, habits, day, dice } = sitting;
    let second = i64::try_from(habits.hour * 3600 + dice.below(2 * 3600)).expect("within a day");
    let mut recorder = Recorder {
        at: (day * SECONDS_PER_DAY + second) * MICROS_PER_SECOND,
        dice,
        who,
        course: None,
        registration: None,
        session: None,
        drafts: Vec::new(),
    };
    let home =
        Place { path: "/".into(), kind: "http://activitystrea.ms/schema/1.0/service", title: "LMS".into() };
    recorder.say(verbs::LOGGED_IN, home, None);
    let activities = recorder.dice.between(habits.activities.min(1), habits.activities);
    for _ in 0..activities {
        let number = u64::from(journey.modules);
        if number >= COURSES * MODULES {
            break;
        }
        if module(&mut recorder, seed, &habits, number / MODULES, number % MODULES) {
            journey.modules += 1;
        }
    }
    recorder.drafts
}

/// One module; says whether it is finished.
fn module(recorder: &mut Recorder<'_>, seed: u64, habits: &Habits, course_number: u64, module: u64) -> bool {
    let place = course(course_number);
    let mut ids = Dice::new(seed ^ 0x7265_6769, (u64::from(recorder.who.0) << 8) | course_number);
    recorder.registration = Some(ids.uuid());
    if module == 0 {
        recorder.say(verbs::REGISTERED, place.clone(), None);
    }
    recorder.course = Some(place.clone());
    recorder.session = Some(recorder.dice.uuid());
    let content = |name, kind| part(course_number, module, name, kind);
    let unit = content("unit", "http://adlnet.gov/expapi/activities/module");
    recorder.say(verbs::LAUNCHED, unit.clone(), None);
    recorder.say(verbs::INITIALIZED, unit.clone(), None);
    match recorder.dice.below(3) {
        0 => video(recorder, &content("video", "https://w3id.org/xapi/video/activity-type/video")),
        1 => read(recorder, content("page", "http://activitystrea.ms/schema/1.0/page")),
        _ => recorder.say(
            verbs::INTERACTED,
            content("exercise", "http://adlnet.gov/expapi/activities/media"),
            None,
        ),
    }
    let tested = recorder.dice.percent(habits.tests);
    let passed = tested && test(recorder, habits, course_number, module);
    if passed && module + 1 == MODULES {
        let outcome = Outcome { completion: Some(true), success: Some(true), ..Outcome::default() };
        recorder.say(verbs::COMPLETED, place, Some(outcome));
    }
    let seconds = recorder.dice.between(60, 1800);
    recorder.say(verbs::TERMINATED, unit, Some(Outcome { seconds: Some(seconds), ..Outcome::default() }));
    recorder.session = None;
    passed || !tested
}

fn video(recorder: &mut Recorder<'_>, video: &Place) {
    let mut video_at = 0;
    for verb in [verbs::PLAYED, verbs::PAUSED, verbs::PLAYED, verbs::PROGRESSED] {
        recorder.say(verb, video.clone(), Some(Outcome { video_at: Some(video_at), ..Outcome::default() }));
        video_at += recorder.dice.between(20, 200);
    }
    let outcome = Outcome { completion: Some(true), seconds: Some(video_at), ..Outcome::default() };
    recorder.say(verbs::COMPLETED, video.clone(), Some(outcome));
}

fn read(recorder: &mut Recorder<'_>, page: Place) {
    recorder.say(verbs::EXPERIENCED, page.clone(), None);
    let seconds = recorder.dice.between(30, 600);
    recorder.say(verbs::PROGRESSED, page, Some(Outcome { seconds: Some(seconds), ..Outcome::default() }));
}

/// A quiz and the test behind it; says whether it was passed.
fn test(recorder: &mut Recorder<'_>, habits: &Habits, course: u64, module: u64) -> bool {
    let quiz = part(course, module, "quiz", "http://adlnet.gov/expapi/activities/assessment");
    recorder.say(verbs::ATTEMPTED, quiz.clone(), None);
    let mut right = 0;
    for number in 0..QUESTIONS {
        let knows = recorder.dice.percent(habits.passes);
        right += u64::from(knows);
        let name = format!("quiz/question/{number}");
        let question = part(course, module, &name, "http://adlnet.gov/expapi/activities/cmi.interaction");
        let outcome =
            Outcome { success: Some(knows), response: Some(u64::from(!knows)), ..Outcome::default() };
        recorder.say(verbs::ANSWERED, question, Some(outcome));
    }
    let passed = right * 2 > QUESTIONS;
    let outcome = Outcome {
        success: Some(passed),
        completion: Some(true),
        points: Some(right * 100 / QUESTIONS),
        seconds: Some(recorder.dice.between(40, 900)),
        ..Outcome::default()
    };
    recorder.say(if passed { verbs::PASSED } else { verbs::FAILED }, quiz, Some(outcome));
    passed
}

impl Recorder<'_> {
    fn say(&mut self, verb: Verb, place: Place, result: Option<Outcome>) {
        let draft = Draft {
            id: self.dice.uuid(),
            actor: Actor::One(self.who),
            verb,
            object: Object::Activity(place),
            result,
            course: self.course.clone(),
            registration: self.registration,
            session: self.session,
            platform: "Example LMS 4.2",
            at: Timestamp::from_micros(self.at),
        };
        self.drafts.push(draft);
        // Milliseconds that a clock would show, and never the same twice for one learner.
        let pause_ms = i64::try_from(self.dice.between(1_500, 90_000)).expect("small");
        self.at += pause_ms * 1_000;
    }
}
