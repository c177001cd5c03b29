//! Whether a matcher accepts a statement: the keys that the generator uses, and those of the table in the tests.

use plaudit_engagement::MatcherDefinition;
use serde_json::Value;

pub fn accepts(matcher: &MatcherDefinition, statement: &Value) -> bool {
    let object = &statement["object"];
    let is_activity = object.get("objectType").is_none_or(|it| it == "Activity");
    let activity = object["id"].as_str().filter(|_| is_activity);
    let verb = statement["verb"]["id"].as_str().unwrap();
    let verbs = matcher.verb.as_ref().is_none_or(|list| list.iter().any(|it| it == verb));
    let activities =
        matcher.activity.as_ref().is_none_or(|list| list.iter().any(|it| Some(it.as_str()) == activity));
    let prefixes = matcher.activity_prefix.as_ref().is_none_or(|list| {
        activity.is_some_and(|activity| list.iter().any(|it| activity.starts_with(it.as_str())))
    });
    let success = matcher.result.as_ref().and_then(|it| it.success);
    let result = success.is_none_or(|wanted| statement["result"]["success"] == wanted);
    let any = matcher.any.as_ref().is_none_or(|list| list.iter().any(|it| accepts(it, statement)));
    let all = matcher.all.as_ref().is_none_or(|list| list.iter().all(|it| accepts(it, statement)));
    let not = matcher.not.as_ref().is_none_or(|it| !accepts(it, statement));
    verbs && activities && prefixes && result && any && all && not
}
