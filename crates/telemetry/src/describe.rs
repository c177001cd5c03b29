//! What the registered metrics are, for documents and for the test that holds them to their names.

use prometheus::Registry;
use prometheus::proto::MetricType;

/// A metric.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// Its name, with unit.
    pub name: String,
    /// `counter`, `gauge` or `histogram`.
    pub kind: &'static str,
    /// What it says.
    pub help: String,
    /// Names of its labels.
    pub labels: Vec<String>,
}

/// Every metric of `registry` that has a value, by name. One with labels has none before something was counted.
#[must_use]
pub fn describe(registry: &Registry) -> Vec<Description> {
    let families = registry.gather();
    let mut all: Vec<Description> = families.iter().map(describe_one).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn describe_one(family: &prometheus::proto::MetricFamily) -> Description {
    let labels = family.get_metric().first().map(prometheus::proto::Metric::get_label).unwrap_or_default();
    Description {
        name: family.name().to_owned(),
        kind: match family.get_field_type() {
            MetricType::COUNTER => "counter",
            MetricType::HISTOGRAM => "histogram",
            _ => "gauge",
        },
        help: family.help().to_owned(),
        labels: labels.iter().map(|label| label.name().to_owned()).collect(),
    }
}
