//! What commands print: answers on standard output, the rest on standard error.

use std::error::Error;
use std::io::Write;

use comfy_table::{ContentArrangement, LineStyle, Table, TableStyle};

/// One line of an answer.
pub fn line(text: impl std::fmt::Display) {
    // Nobody is there to be told that nobody listens.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

/// One line beside the answer.
pub fn note(text: impl std::fmt::Display) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// An error with its causes.
pub fn error(error: &dyn Error) {
    note(format_args!("plaudit: {}", chain(error)));
}

/// An error with its causes in one line.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // A cause that is shown as part of its effect is not said twice.
        let said = error.to_string();
        if !text.ends_with(&said) {
            text = format!("{text}: {said}");
        }
        cause = error.source();
    }
    text
}

/// A table of an answer.
pub fn table(head: &[&str], rows: impl IntoIterator<Item = Vec<String>>) {
    const STYLE: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));
    let mut table = Table::new();
    table.load_style(STYLE).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head.iter().copied());
    table.add_rows(rows);
    line(table);
}
