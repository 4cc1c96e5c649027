//! The dashboard and the alerts ask for nothing that the page of a real server does not have, and the dashboard shows all that there is.

use std::fs;

use datastored::pb::{Outcome, Role};
use datastored::report::word;
use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use tonic::Code;

use super::listener::ALL;
use super::promql::{Asked, asked_in};
use super::{Page, SHOWN, shows};
use crate::api::{create, get};
use crate::connection::{config, put, report};
use crate::lab::{self, policies};
use crate::server::{Datastored, datastore};

const DASHBOARD: &str = include_str!("../../../packaging/grafana/datastored.json");
const ALERTS: &str = include_str!("../../../packaging/prometheus/alerts.yml");

/// What Prometheus says of a target itself.
const OF_PROMETHEUS: &str = "up";
/// The labels that Prometheus gives to all that it reads, and that of the buckets of histograms.
const OF_TARGETS: [&str; 3] = ["job", "instance", "le"];

/// Each expression of the dashboard, with the legend of what it gives.
fn of_the_dashboard() -> Vec<(String, String)> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("it is JSON");
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = |value: &Value| value.as_array().expect("a list").clone();
    let mut found = Vec::new();
    for panel in list(&dashboard["panels"]) {
        let is_row = panel["type"] == "row";
        assert_eq!(is_row, panel["targets"].is_null(), "{panel}");
        assert_eq!(is_row, text(&panel["description"]).is_empty(), "{panel}");
        for target in panel["targets"].as_array().into_iter().flatten() {
            found.push((text(&target["expr"]), text(&target["legendFormat"])));
        }
    }
    for annotation in list(&dashboard["annotations"]["list"]) {
        found.push((text(&annotation["expr"]), text(&annotation["titleFormat"])));
    }
    for variable in list(&dashboard["templating"]["list"]) {
        // `label_values(metric, label)` is Grafana's own.
        let definition = text(&variable["definition"]);
        if let Some((metric, label)) = definition.rsplit_once(", ") {
            let metric = metric.trim_start_matches("label_values(");
            assert!(
                OF_TARGETS.contains(&label.trim_end_matches(')')),
                "{definition}"
            );
            found.push((metric.to_owned(), String::new()));
        }
    }
    found
}

/// The values of a key of the alerts, which are a line each.
fn of_the_alerts(key: &str) -> Vec<&str> {
    let lines = ALERTS
        .lines()
        .map(|line| line.trim_start().trim_start_matches("- "));
    lines
        .filter_map(|line| line.strip_prefix(key)?.strip_prefix(": "))
        .collect()
}

/// A page on which everything has been counted.
async fn page_after_load() -> Page {
    let s3 = lab::s3s().await;
    let folder = TempDir::new().expect("a temporary folder can be made");
    let server = Datastored::start_in(folder.path(), &SHOWN);
    let bucket = s3.bucket().await;
    put(&s3, &bucket, "an-object", b"text").await;
    let keys = s3.user(&policies::source(&bucket)).await;
    let may = config(&s3, &format!("s3://{bucket}"), &keys);
    let passed = report(&server, may.clone(), Role::Source).await;
    assert_eq!(passed.outcome(), Outcome::Passed);
    report(&server, may.clone(), Role::Enrichment).await;
    let mut client = server.client().await;
    create(
        &mut client,
        datastore("Orders", datastored::pb::Role::Source, may),
    )
    .await;
    assert!(get(&mut client, "datastores/nobody").await.is_err());
    fs::write(folder.path().join("datastored.key"), "no keys").expect("a file can be written");
    server.signal(Signal::HUP);
    shows(
        &server,
        "datastored_reloads_total",
        &["outcome=\"error\""],
        1.0,
    )
    .await;
    shows(&server, "datastored_rpcs_in_flight", &[], 0.0).await;
    Page::of(&server).await
}

/// The labels of the series of this name, each with its value; `None` if there is no such series.
fn labels_of<'a>(page: &'a Page, metric: &str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut found = None;
    for (series, _) in page.lines() {
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        if name == metric {
            let pairs = labels.trim_end_matches('}').split("\",");
            let pairs = pairs.filter_map(|pair| pair.split_once("=\""));
            let pairs = pairs.map(|(name, value)| (name, value.trim_end_matches('"')));
            found.get_or_insert_with(Vec::new).extend(pairs);
        }
    }
    found
}

/// What is wrong with what an expression asks of a page.
fn wrong(page: &Page, asked: &Asked, legend: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut known: Vec<&str> = OF_TARGETS.to_vec();
    for selector in &asked.selectors {
        let metric = &*selector.metric;
        if metric == OF_PROMETHEUS {
            continue;
        }
        let Some(labels) = labels_of(page, metric) else {
            wrong.push(format!("there is no {metric}"));
            continue;
        };
        known.extend(labels.iter().map(|(label, _)| label));
        for (label, value) in &selector.matchers {
            if OF_TARGETS.contains(&&**label) {
                continue;
            }
            let is_there = |value: &str| match &**label {
                // Some of them never happen.
                "code" => (0..17).any(|code| word(&Code::from(code)) == value),
                _ => labels.contains(&(label, value)),
            };
            if !value.split('|').all(is_there) {
                wrong.push(format!("{metric} has no {label}=\"{value}\""));
            }
        }
    }
    let of_legend = legend
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split("}}").next());
    for label in of_legend {
        let is_kept = asked.kept.is_empty() || asked.kept.iter().any(|kept| kept == label);
        if !is_kept || !known.contains(&label) {
            wrong.push(format!(
                "the legend names {label}, which is not there any more"
            ));
        }
    }
    let unknown = asked
        .kept
        .iter()
        .filter(|label| !known.contains(&&***label));
    wrong.extend(unknown.map(|label| format!("nothing has the label {label}")));
    wrong
}

#[tokio::test]
async fn each_metric_label_and_value_that_is_asked_for_is_on_the_page() {
    let page = page_after_load().await;
    let alerts = of_the_alerts("expr")
        .into_iter()
        .map(|expr| (expr.to_owned(), String::new()));
    let mut all = of_the_dashboard();
    assert!(all.len() > 30, "{all:?}");
    all.extend(alerts);
    for (expr, legend) in all {
        let asked = asked_in(&expr);
        assert!(
            !asked.selectors.is_empty(),
            "nothing is asked for by {expr}"
        );
        assert_eq!(wrong(&page, &asked, &legend), [""; 0], "{expr}");
    }
}

#[test]
fn the_dashboard_shows_every_metric_there_is() {
    let asked = of_the_dashboard()
        .into_iter()
        .map(|(expr, _)| asked_in(&expr));
    let selectors: Vec<_> = asked.flat_map(|asked| asked.selectors).collect();
    for metric in ALL {
        let is_it = |name: &str| {
            let rest = name.strip_prefix(metric);
            rest.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
        };
        assert!(
            selectors.iter().any(|s| is_it(&s.metric)),
            "{metric} is not shown"
        );
    }
}

#[test]
fn each_alert_has_a_reason_to_get_up_and_says_what_to_do() {
    let alerts = of_the_alerts("alert");
    assert!(alerts.len() >= 5, "{alerts:?}");
    for key in ["expr", "for", "severity", "summary", "action"] {
        let values = of_the_alerts(key);
        assert_eq!(values.len(), alerts.len(), "{key}");
        assert!(values.iter().all(|value| !value.is_empty()), "{key}");
    }
}

#[test]
fn what_is_misspelt_is_found() {
    let page = Page("a_total{x=\"one\",y=\"two\"} 1\nb 2\n".to_owned());
    let wrong = |expr, legend| wrong(&page, &asked_in(expr), legend).len();
    assert_eq!(
        wrong(
            "sum by (x) (rate(a_total{y=\"two\",job=\"j\"}[5m])) / b > 1",
            "{{x}}"
        ),
        0
    );
    for (expr, legend) in [
        ("rate(a_totel[5m])", ""),
        ("rate(a_total[5m]) + c", ""),
        ("a_total{z=\"one\"}", ""),
        ("a_total{x=\"two\"}", ""),
        ("a_total{x=~\"one|two\"}", ""),
        ("sum by (z) (a_total)", ""),
        ("sum by (x) (a_total)", "{{y}}"),
        ("a_total", "{{z}}"),
    ] {
        assert_eq!(wrong(expr, legend), 1, "{expr} {legend}");
    }
}
