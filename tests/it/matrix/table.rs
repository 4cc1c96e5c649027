//! Prints the matrix: a line for each server, role and policy, then the totals, what was skipped, and in what the servers differ.

use std::collections::BTreeMap;
use std::time::Duration;

use super::cells::{Policy, ROLES};
use super::differences::DIFFERENCES;
use super::{Cell, Ended};
use crate::lab::Kind;

const KINDS: [Kind; 3] = [Kind::Moto, Kind::SeaweedFs, Kind::S3s];

/// How many cells are right, of those that were tried, and how many were not.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    right: usize,
    total: usize,
    skipped: usize,
}

impl Count {
    fn of<'a>(cells: impl Iterator<Item = &'a (Cell, Ended)>) -> Self {
        let mut count = Self::default();
        for (_, ended) in cells {
            match ended {
                Ended::Right => count.right += 1,
                Ended::Wrong(_) => {}
                Ended::Impossible(_) => count.skipped += 1,
            }
            count.total += usize::from(!matches!(ended, Ended::Impossible(_)));
        }
        count
    }
}

/// A cell in words.
pub fn name(cell: &Cell) -> String {
    let Cell {
        kind,
        role,
        policy,
        state,
    } = cell;
    format!("{kind:?}, {role:?}, {policy}, {}", state.name())
}

/// Prints all of it.
pub fn print(cells: &[(Cell, Ended)], took: Duration) {
    println!(
        "\n{:10} {:11} {:37} right/total",
        "server", "role", "policy"
    );
    for kind in KINDS {
        for role in ROLES {
            for policy in Policy::all(role) {
                let here =
                    |c: &&(Cell, Ended)| (c.0.kind, c.0.role, c.0.policy) == (kind, role, policy);
                let Count { right, total, .. } = Count::of(cells.iter().filter(here));
                let role = format!("{role:?}").to_lowercase();
                println!(
                    "{:10} {role:11} {policy:37} {right:>5}/{total}",
                    format!("{kind:?}")
                );
            }
        }
    }
    print_totals(cells, took);
    println!("known differences from Amazon S3, which the expectations take into account:");
    for difference in &DIFFERENCES {
        println!("  {:?}: {}", difference.server, difference.reason);
    }
}

fn print_totals(cells: &[(Cell, Ended)], took: Duration) {
    println!();
    for kind in KINDS {
        let count = Count::of(cells.iter().filter(|c| c.0.kind == kind));
        let Count {
            right,
            total,
            skipped,
        } = count;
        println!(
            "{:10} {right} of {total} cells right, {skipped} skipped",
            format!("{kind:?}")
        );
    }
    let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, ended) in cells {
        if let Ended::Impossible(reason) = ended {
            *reasons.entry(reason).or_default() += 1;
        }
    }
    let reasons = reasons
        .iter()
        .map(|(reason, number)| format!("{number}: {reason}"));
    let reasons = reasons.collect::<Vec<_>>().join("; ");
    let Count {
        right,
        total,
        skipped,
    } = Count::of(cells.iter());
    println!(
        "{right} of {total} cells right, {skipped} skipped ({reasons}), in {:.1} s",
        took.as_secs_f64()
    );
}
