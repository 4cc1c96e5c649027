//! The page in the form that the reader asks for.

use std::collections::HashSet;

use http::HeaderMap;
use http::header::ACCEPT;

/// The forms of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// [OpenMetrics 1.0](https://prometheus.io/docs/specs/om/open_metrics_spec/).
    OpenMetrics,
    /// [Prometheus text 0.0.4](https://prometheus.io/docs/instrumenting/exposition_formats/).
    Prometheus,
}

impl Format {
    /// What a request accepts: Prometheus' own form unless it names the other.
    pub(super) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers.get_all(ACCEPT).iter();
        let mut texts = values.filter_map(|value| value.to_str().ok());
        if texts.any(|text| text.contains("application/openmetrics-text")) {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// The media type of the page.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// An `OpenMetrics` page as Prometheus text: there a counter has `_total` in its name, and nothing marks the end.
pub(super) fn plain(page: &str) -> String {
    let counters = page.lines().filter_map(|line| {
        let name = line.strip_prefix("# TYPE ")?;
        name.strip_suffix(" counter")
    });
    let counters: HashSet<&str> = counters.collect();
    let mut plain = String::with_capacity(page.len());
    for line in page.lines().filter(|line| *line != "# EOF") {
        match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
            ["#", kind @ ("HELP" | "TYPE"), name, text] if counters.contains(name) => {
                plain.extend(["# ", kind, " ", name, "_total ", text, "\n"]);
            }
            _ => plain.extend([line, "\n"]),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn a_counter_has_the_same_name_in_its_type_as_in_its_value() {
        let page = "# HELP a_rpcs RPCs.\n# TYPE a_rpcs counter\na_rpcs_total{x=\"y\"} 1\n# HELP a_open Open.\n# TYPE a_open gauge\na_open 2\n# EOF\n";
        let expected = "# HELP a_rpcs_total RPCs.\n# TYPE a_rpcs_total counter\na_rpcs_total{x=\"y\"} 1\n# HELP a_open Open.\n# TYPE a_open gauge\na_open 2\n";
        assert_eq!(plain(page), expected);
    }
}
