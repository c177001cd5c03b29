//! Query strings: every parameter is known, given once, and spelled right (1.0.3 Communication 2.1.3, xapi.md 12).

use actix_web::HttpRequest;
use actix_web::web::Query;

use crate::problem::Problem;

/// The parameters of one request.
#[derive(Debug)]
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads the query string; each name has to be one of `known`.
    pub(crate) fn of(request: &HttpRequest, known: &[&str]) -> Result<Self, Problem> {
        let query = request.query_string();
        if query.is_empty() {
            return Ok(Self(Vec::new()));
        }
        let params = Query::<Vec<(String, String)>>::from_query(query)
            .map_err(|_| Problem::malformed("the query string cannot be read"))?
            .into_inner();
        for (index, (name, _)) in params.iter().enumerate() {
            if !known.contains(&name.as_str()) {
                return Err(unknown(name, known));
            }
            if params[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::malformed(format!("parameter `{name}` is given twice")));
            }
        }
        Ok(Self(params))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The value of a parameter, read by `read`, which says what it should have been.
    pub(crate) fn parse<T>(
        &self,
        name: &str,
        should_be: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(name) else { return Ok(None) };
        match read(value) {
            Some(value) => Ok(Some(value)),
            None => Err(Problem::malformed(format!("parameter `{name}` is not {should_be}"))),
        }
    }

    /// A parameter that is `true` or `false`; false without it. Python clients write `True`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Problem> {
        let flag = |value: &str| value.to_ascii_lowercase().parse().ok();
        Ok(self.parse(name, "`true` or `false`", flag)?.unwrap_or_default())
    }

    /// The names that are there.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }
}

fn unknown(name: &str, known: &[&str]) -> Problem {
    let name: String = name.chars().take(64).collect();
    let detail = match known.iter().find(|known| known.eq_ignore_ascii_case(&name)) {
        Some(meant) => format!("unknown parameter `{name}`; case counts: `{meant}`"),
        None if known.is_empty() => format!("unknown parameter `{name}`; none is taken here"),
        None => format!("unknown parameter `{name}`; known are {}", known.join(", ")),
    };
    Problem::malformed(detail)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn params(query: &str) -> Result<Params, String> {
        let request = TestRequest::with_uri(&format!("/?{query}")).to_http_request();
        Params::of(&request, &["limit", "ascending"]).map_err(|problem| problem.to_string())
    }

    #[test]
    fn values_are_decoded() {
        let read = params("limit=a%20b%2B+c&ascending=true").unwrap();
        assert_eq!(read.get("limit"), Some("a b+ c"));
        assert!(read.flag("ascending").unwrap());
        assert!(!params("").unwrap().flag("ascending").unwrap());
    }

    #[test]
    fn what_is_not_known_once_and_spelled_right_is_refused() {
        let says = |query| params(query).expect_err("refused");
        assert_eq!(says("foo=1"), "unknown parameter `foo`; known are limit, ascending");
        assert_eq!(says("Limit=1"), "unknown parameter `Limit`; case counts: `limit`");
        assert_eq!(says("limit=1&limit=2"), "parameter `limit` is given twice");
        assert!(params("ascending=True").unwrap().flag("ascending").unwrap());
        let flag = params("ascending=yes").unwrap().flag("ascending").expect_err("refused");
        assert_eq!(flag.to_string(), "parameter `ascending` is not `true` or `false`");
    }
}
