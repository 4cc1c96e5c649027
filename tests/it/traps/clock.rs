//! Clocks apart: refused with the offset that was measured, or a warning while S3 still takes the requests.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_s3::primitives::{DateTime, DateTimeFormat};
use datastored::pb::{self, FindingReason};

use super::{assert_broken, assert_passed};
use crate::connection::{behind_a_proxy, report};
use crate::lab;
use crate::lab::proxy::{EVERY, Reply};
use crate::lab::rule::{Rule, When};
use crate::server::Datastored;

/// The date so many seconds from now, as HTTP writes it.
fn date(ahead: i64) -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = since.expect("it is after 1970").as_secs();
    let now = i64::try_from(now).expect("it is before the end of time");
    let then = DateTime::from_secs(now + ahead).fmt(DateTimeFormat::HttpDate);
    then.expect("a date can be written")
}

/// The first number of a text.
fn number(text: &str) -> i64 {
    let digits = text.split(|c: char| !c.is_ascii_digit());
    let number = digits
        .filter(|d| !d.is_empty())
        .find_map(|d| d.parse().ok());
    number.unwrap_or_else(|| panic!("no number in {text:?}"))
}

#[tokio::test]
async fn a_refusal_for_skew_names_the_measured_offset() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (ahead, way) in [(3_600, "behind S3's"), (-3_600, "ahead of S3's")] {
        let (proxy, _, config) = behind_a_proxy(&s3).await;
        let skewed = Reply::error(403, "RequestTimeTooSkewed", "Too large a difference.");
        let rule = Rule::reply(When::Always, skewed).with("date", &date(ahead));
        proxy.rule(EVERY, rule);
        for role in [pb::Role::Source, pb::Role::Enrichment] {
            let report = report(&server, config.clone(), role).await;
            let cause = assert_broken(&report, FindingReason::ClockSkew);
            assert!(cause.title.contains(way), "{}", cause.title);
            let measured = number(&cause.title);
            assert!((3_000..4_200).contains(&measured), "{}", cause.title);
        }
    }
}

#[tokio::test]
async fn skew_that_s3_still_takes_is_a_warning() {
    let server = Datastored::start(&[]);
    let s3 = lab::moto().await;
    for (ahead, way) in [(600, "behind"), (-600, "ahead of")] {
        let (proxy, _, config) = behind_a_proxy(&s3).await;
        proxy.rule(EVERY, Rule::header("date", &date(ahead)));
        let report = report(&server, config, pb::Role::Enrichment).await;
        assert_passed(&report);
        let [warning] = &report.warnings[..] else {
            panic!("one warning: {:?}", report.warnings);
        };
        assert!(warning.contains(way), "{warning}");
        assert!(report.suggested_config.is_none());
    }
    let (_proxy, _, config) = behind_a_proxy(&s3).await;
    let report = report(&server, config, pb::Role::Enrichment).await;
    assert_eq!(report.warnings, Vec::<String>::new());
}
