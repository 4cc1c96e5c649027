//! A straight line through the last half of what was seen, by least squares, and whether it rises.

use std::fmt;

use serde_json::{Value, json};

use crate::seen::{KINDS, Seen, rounded};

/// A rise in the last half that is less than this part of the mean is none.
const LEAST: f64 = 0.1;
/// So many standard errors of the slope are no chance.
const SURE: f64 = 3.0;

/// What became of one value.
pub struct Growth {
    kind: &'static str,
    mean: f64,
    /// By how much the line rises in the last half.
    rise: f64,
    /// The standard error of that.
    error: f64,
    pub grows: bool,
}

impl Growth {
    /// As an object.
    pub fn json(&self) -> Value {
        json!({ "kind": self.kind, "mean": rounded(self.mean), "rise": rounded(self.rise), "error": rounded(self.error), "grows": self.grows })
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.grows { "GROWS" } else { "flat" };
        write!(
            f,
            "{:<10} {verdict:<5} mean {:.2}, the line through the last half rises by {:.2} (standard error {:.2})",
            self.kind, self.mean, self.rise, self.error
        )
    }
}

/// Of each value, whether it grows.
pub fn verdict(seen: &[Seen]) -> Vec<Growth> {
    let half = &seen[seen.len() / 2..];
    let kinds = KINDS.iter().enumerate();
    let growth = kinds.map(|(at, kind)| {
        let points: Vec<(f64, f64)> = half.iter().map(|s| (s.seconds, s.values[at])).collect();
        of(kind, &points)
    });
    growth.collect()
}

fn of(kind: &'static str, points: &[(f64, f64)]) -> Growth {
    let count = f64::from(u32::try_from(points.len()).unwrap_or(u32::MAX));
    let mean_x = points.iter().map(|p| p.0).sum::<f64>() / count;
    let mean = points.iter().map(|p| p.1).sum::<f64>() / count;
    let spread: f64 = points.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let together: f64 = points.iter().map(|p| (p.0 - mean_x) * (p.1 - mean)).sum();
    let slope = together / spread;
    let off = |p: &(f64, f64)| (p.1 - mean - slope * (p.0 - mean_x)).powi(2);
    let variance = points.iter().map(off).sum::<f64>() / (count - 2.0);
    let length = points.last().map_or(0.0, |p| p.0) - points.first().map_or(0.0, |p| p.0);
    let (rise, error) = (slope * length, (variance / spread).sqrt() * length);
    Growth {
        kind,
        mean,
        rise,
        error,
        grows: rise > LEAST * mean && rise > SURE * error,
    }
}
