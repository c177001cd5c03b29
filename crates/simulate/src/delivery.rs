//! What goes to the store in one request.

/// A batch of statements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The statements, each in JSON.
    pub statements: Vec<String>,
    /// Whether it was sent before, as after a lost answer.
    pub again: bool,
}

impl Delivery {
    /// The request's body: a JSON array.
    #[must_use]
    pub fn body(&self) -> String {
        let mut body =
            String::with_capacity(self.statements.iter().map(|one| one.len() + 1).sum::<usize>() + 2);
        body.push('[');
        for (index, statement) in self.statements.iter().enumerate() {
            if index > 0 {
                body.push(',');
            }
            body.push_str(statement);
        }
        body.push(']');
        body
    }
}
