//! Whether there is an order of all calls, each at a moment between its beginning and its end, in which every answer is right.
//!
//! It is the search of Wing and Gong ("Testing and verifying concurrent objects", 1993) with the memory of Lowe ("Testing for linearizability", 2017), as a
//! sweep over time: it keeps every state in which the datastores can be, each with the calls under way that have taken effect in it. A call ends only in
//! those where it has taken effect. When none is left, there is no such order. A call that changes nothing takes effect as soon as its answer is right, which
//! shuts no way, so that only those that change something open several.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write;

use super::model::{Operation, State};

/// A call: when it began and when it ended, on one clock of all clients, which never shows a time twice.
#[derive(Clone, Debug)]
pub struct Call {
    pub began: usize,
    pub ended: usize,
    pub operation: Operation,
}

/// Where the datastores may stand.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Standing {
    state: State,
    /// The calls under way that have taken effect, by number.
    done: BTreeSet<usize>,
}

impl Standing {
    /// With each call under way that changes nothing, and whose answer is right as things stand.
    fn settled(mut self, under_way: &BTreeSet<usize>, history: &[Call]) -> Self {
        let is_right = |number: &&usize| {
            let next = history[**number].operation.apply(&self.state);
            next.is_some_and(|next| next == self.state)
        };
        let right: Vec<usize> = under_way
            .difference(&self.done)
            .filter(is_right)
            .copied()
            .collect();
        self.done.extend(right);
        self
    }
}

/// Looks for such an order, from no datastores on. Where there is none, says which answer cannot be right, and what it might have been.
pub fn check(history: &[Call]) -> Result<(), String> {
    let mut events: Vec<(usize, usize)> = Vec::new();
    for (number, call) in history.iter().enumerate() {
        events.extend([(call.began, number), (call.ended, number)]);
    }
    events.sort_unstable();
    let start = Standing {
        state: State::default(),
        done: BTreeSet::new(),
    };
    let (mut standings, mut under_way) = (HashSet::from([start]), BTreeSet::new());
    for (time, number) in events {
        if time == history[number].began {
            under_way.insert(number);
            let settled = standings
                .into_iter()
                .map(|s| s.settled(&under_way, history));
            standings = settled.collect();
            continue;
        }
        let before = standings;
        standings = with_effect(&before, number, &under_way, history);
        if standings.is_empty() {
            return Err(explained(&history[number], &under_way, history, &before));
        }
        under_way.remove(&number);
    }
    Ok(())
}

/// What is known of a call whose answer is wrong in every order.
fn explained(
    call: &Call,
    under_way: &BTreeSet<usize>,
    history: &[Call],
    standings: &HashSet<Standing>,
) -> String {
    let mut text = format!("no order explains {call:?}");
    // A string takes all that is written to it.
    for number in under_way {
        let _ = write!(text, "\n  under way: {:?}", history[*number]);
    }
    for standing in standings {
        let _ = write!(text, "\n  it might have been: {:?}", standing.state);
    }
    text
}

/// Where the datastores may stand once the call has taken effect, whatever else did before it.
fn with_effect(
    before: &HashSet<Standing>,
    number: usize,
    under_way: &BTreeSet<usize>,
    history: &[Call],
) -> HashSet<Standing> {
    let mut seen = before.clone();
    let mut open: Vec<Standing> = before.iter().cloned().collect();
    let mut ended = HashSet::new();
    while let Some(mut standing) = open.pop() {
        if standing.done.remove(&number) {
            ended.insert(standing);
            continue;
        }
        for next in under_way.difference(&standing.done) {
            if let Some(state) = history[*next].operation.apply(&standing.state) {
                let mut done = standing.done.clone();
                done.insert(*next);
                let standing = Standing { state, done }.settled(under_way, history);
                if seen.insert(standing.clone()) {
                    open.push(standing);
                }
            }
        }
    }
    ended
}
