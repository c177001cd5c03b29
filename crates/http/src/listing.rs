//! Lists as JSON or CSV, page by page.
//!
//! JSON: `{"items": […], "next": "…"}`; CSV: a line of names and a line per item. Either way the next page is also in `Link`.

use actix_web::http::header::{ACCEPT, CONTENT_TYPE, LINK};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::params::Params;
use crate::problem::{Kind, Problem};

/// The parameters of every list.
pub(crate) const PARAMS: [&str; 3] = ["limit", "cursor", "format"];

/// Rows of a page when the client does not say how many.
const PAGE_ROWS: usize = 100;
/// Rows of the largest page: a megabyte or so.
const PAGE_ROWS_MAX: usize = 1000;

/// How an answer is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Json,
    Csv,
}

/// What a client asked of a list.
#[derive(Debug)]
pub(crate) struct Wanted {
    pub(crate) form: Form,
    pub(crate) limit: usize,
    pub(crate) cursor: Option<String>,
}

impl Wanted {
    pub(crate) fn of(request: &HttpRequest, params: &Params) -> Result<Self, Problem> {
        let limit = |text: &str| text.parse().ok().filter(|limit| (1..=PAGE_ROWS_MAX).contains(limit));
        let limit = params.parse("limit", &format!("a number from 1 to {PAGE_ROWS_MAX}"), limit)?;
        Ok(Self {
            form: form(request, params)?,
            limit: limit.unwrap_or(PAGE_ROWS),
            cursor: params.get("cursor").map(str::to_owned),
        })
    }
}

/// `format=csv` or `json`, or what `Accept` prefers.
pub(crate) fn form(request: &HttpRequest, params: &Params) -> Result<Form, Problem> {
    match params.get("format") {
        Some("csv") => return Ok(Form::Csv),
        Some("json") => return Ok(Form::Json),
        Some(_) => return Err(Problem::malformed("parameter `format` is not `json` or `csv`")),
        None => {}
    }
    let Some(accept) = request.headers().get(ACCEPT) else { return Ok(Form::Json) };
    let accept = accept.to_str().unwrap_or_default().to_ascii_lowercase();
    let types = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    for media_type in types {
        match media_type {
            "text/csv" => return Ok(Form::Csv),
            "" | "*/*" | "application/*" | "application/json" => return Ok(Form::Json),
            _ => {}
        }
    }
    Err(Problem::new(Kind::NotAcceptable, "there is application/json and text/csv"))
}

#[derive(Serialize)]
struct Page<'p, T> {
    items: &'p [T],
    /// What to ask for the next page with; nothing on the last one.
    next: Option<String>,
}

/// One page of a list. `columns` are the JSON pointers that CSV shows, named by their last part.
pub(crate) fn answer<T: Serialize>(
    request: &HttpRequest,
    form: Form,
    (items, next): (&[T], Option<String>),
    columns: &[&str],
) -> HttpResponse {
    let mut response = HttpResponse::Ok();
    if let Some(next) = &next {
        response.insert_header((LINK, format!("<{}>; rel=\"next\"", next_url(request, next))));
    }
    match form {
        Form::Json => response.json(Page { items, next }),
        Form::Csv => {
            response.insert_header((CONTENT_TYPE, "text/csv; charset=utf-8")).body(csv(items, columns))
        }
    }
}

/// One object: as it is, or as CSV with one line.
pub(crate) fn answer_one<T: Serialize>(form: Form, item: &T, columns: &[&str]) -> HttpResponse {
    match form {
        Form::Json => HttpResponse::Ok().json(item),
        Form::Csv => HttpResponse::Ok()
            .insert_header((CONTENT_TYPE, "text/csv; charset=utf-8"))
            .body(csv(std::slice::from_ref(item), columns)),
    }
}

/// The URL of this request with another cursor.
fn next_url(request: &HttpRequest, cursor: &str) -> String {
    let others =
        request.query_string().split('&').filter(|part| !part.is_empty() && !part.starts_with("cursor="));
    let query: Vec<&str> = others.collect();
    let glue = if query.is_empty() { "" } else { "&" };
    format!("{}?{}{glue}cursor={cursor}", request.path(), query.join("&"))
}

fn csv<T: Serialize>(items: &[T], columns: &[&str]) -> String {
    let mut out = String::new();
    let names = columns.iter().map(|column| column.trim_start_matches('/').replace('/', "_"));
    line(&mut out, names);
    for item in items {
        let item = serde_json::to_value(item).unwrap_or(Value::Object(Map::new()));
        line(&mut out, columns.iter().map(|column| item.pointer(column).map_or_else(String::new, plain)));
    }
    out
}

/// RFC 4180: fields with commas, quotes or line ends stand in quotes.
fn line(out: &mut String, fields: impl Iterator<Item = String>) {
    for (index, field) in fields.enumerate() {
        if index > 0 {
            out.push(',');
        }
        if field.contains(['"', ',', '\n', '\r']) {
            out.push('"');
            out.push_str(&field.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(&field);
        }
    }
    out.push_str("\r\n");
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use serde_json::json;

    use super::*;

    #[test]
    fn csv_quotes_what_needs_quotes() {
        let items = [json!({"a": "x,y", "b": {"c": 1}}), json!({"a": "say \"hi\"", "b": {"c": null}})];
        assert_eq!(csv(&items, &["/a", "/b/c"]), "a,b_c\r\n\"x,y\",1\r\n\"say \"\"hi\"\"\",\r\n");
    }

    fn check(uri: &str, accept: Option<&str>, wanted: Result<Form, &str>) {
        let mut request = TestRequest::with_uri(uri);
        if let Some(accept) = accept {
            request = request.insert_header((ACCEPT, accept));
        }
        let request = request.to_http_request();
        let params = Params::of(&request, &PARAMS).unwrap();
        let found = form(&request, &params).map_err(|problem| problem.to_string());
        assert_eq!(found, wanted.map_err(str::to_owned), "{uri} {accept:?}");
    }

    #[test]
    fn the_parameter_decides_and_then_accept() {
        check("/", None, Ok(Form::Json));
        check("/", Some("text/csv"), Ok(Form::Csv));
        check("/", Some("text/html, application/json;q=0.9"), Ok(Form::Json));
        check("/", Some("text/html,*/*;q=0.8"), Ok(Form::Json));
        check("/?format=csv", Some("application/json"), Ok(Form::Csv));
        check("/", Some("image/png"), Err("there is application/json and text/csv"));
        check("/?format=xml", None, Err("parameter `format` is not `json` or `csv`"));
    }

    #[test]
    fn the_next_page_keeps_the_other_parameters() {
        let request = TestRequest::with_uri("/t?limit=2&cursor=a&b=c").to_http_request();
        assert_eq!(next_url(&request, "x"), "/t?limit=2&b=c&cursor=x");
        assert_eq!(next_url(&TestRequest::with_uri("/t").to_http_request(), "x"), "/t?cursor=x");
    }
}
