//! What there is to learn: a programme of courses, each with modules of a video, a page, a quiz and a test.

/// Home of the LMS that is played.
pub const LMS: &str = "https://lms.example.com";
/// Courses of the programme.
pub const COURSES: u64 = 8;
/// Modules of a course.
pub const MODULES: u64 = 5;
/// Questions of a quiz.
pub const QUESTIONS: u64 = 4;

/// Titles of the courses, in the programme's order.
pub const TITLES: [&str; COURSES as usize] = [
    "Welcome aboard",
    "Safety at work",
    "Giving feedback",
    "Data protection",
    "Project planning",
    "Customer conversations",
    "Négociation et médiation",
    "Leading a team",
];

/// A verb: its IRI and its English display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verb(pub &'static str, pub &'static str);

/// The verbs that an LMS sends.
pub mod verbs {
    use super::Verb;

    pub const LOGGED_IN: Verb = Verb("https://brindlewaye.com/xAPITerms/verbs/loggedin/", "logged in");
    pub const REGISTERED: Verb = Verb("http://adlnet.gov/expapi/verbs/registered", "registered");
    pub const LAUNCHED: Verb = Verb("http://adlnet.gov/expapi/verbs/launched", "launched");
    pub const INITIALIZED: Verb = Verb("http://adlnet.gov/expapi/verbs/initialized", "initialized");
    pub const TERMINATED: Verb = Verb("http://adlnet.gov/expapi/verbs/terminated", "terminated");
    pub const EXPERIENCED: Verb = Verb("http://adlnet.gov/expapi/verbs/experienced", "experienced");
    pub const ATTEMPTED: Verb = Verb("http://adlnet.gov/expapi/verbs/attempted", "attempted");
    pub const ANSWERED: Verb = Verb("http://adlnet.gov/expapi/verbs/answered", "answered");
    pub const PROGRESSED: Verb = Verb("http://adlnet.gov/expapi/verbs/progressed", "progressed");
    pub const INTERACTED: Verb = Verb("http://adlnet.gov/expapi/verbs/interacted", "interacted");
    pub const PLAYED: Verb = Verb("https://w3id.org/xapi/video/verbs/played", "played");
    pub const PAUSED: Verb = Verb("https://w3id.org/xapi/video/verbs/paused", "paused");
    pub const COMPLETED: Verb = Verb("http://adlnet.gov/expapi/verbs/completed", "completed");
    pub const PASSED: Verb = Verb("http://adlnet.gov/expapi/verbs/passed", "passed");
    pub const FAILED: Verb = Verb("http://adlnet.gov/expapi/verbs/failed", "failed");
    pub const SHARED: Verb = Verb("http://adlnet.gov/expapi/verbs/shared", "shared");
    pub const COMMENTED: Verb = Verb("http://adlnet.gov/expapi/verbs/commented", "commented");
    pub const MENTORED: Verb = Verb("http://id.tincanapi.com/verb/mentored", "mentored");
    pub const PRAISED: Verb = Verb("http://activitystrea.ms/schema/1.0/praised", "praised");
    pub const ENDORSED: Verb = Verb("http://id.tincanapi.com/verb/endorsed", "endorsed");
    pub const ATTENDED: Verb = Verb("http://adlnet.gov/expapi/verbs/attended", "attended");
    pub const VOIDED: Verb = Verb("http://adlnet.gov/expapi/verbs/voided", "voided");
}

/// Something to learn with: its path below the LMS, its type, its title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub path: String,
    pub kind: &'static str,
    pub title: String,
}

impl Place {
    /// Its activity IRI.
    pub fn iri(&self) -> String {
        format!("{LMS}{}", self.path)
    }
}

/// The programme that holds all courses.
pub fn programme() -> Place {
    Place {
        path: "/programme/onboarding/".into(),
        kind: "http://id.tincanapi.com/activitytype/curriculum",
        title: "Onboarding".into(),
    }
}

/// Course `course`, from 0.
pub fn course(course: u64) -> Place {
    let title = TITLES[usize::try_from(course % COURSES).expect("small")];
    Place {
        path: format!("/programme/onboarding/course/{course}"),
        kind: "http://adlnet.gov/expapi/activities/course",
        title: title.into(),
    }
}

/// A part of a module: `part` is its last path segment.
pub fn part(course: u64, module: u64, part: &str, kind: &'static str) -> Place {
    Place {
        path: format!("/programme/onboarding/course/{course}/module/{module}/{part}"),
        kind,
        title: format!("Module {}: {part}", module + 1),
    }
}
