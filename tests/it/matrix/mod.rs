//! The verdict matrix: server x role x policy x bucket state, with all that each test must say. `make verdicts` prints it.

mod cells;
mod differences;
mod place;
mod rule;
mod table;

use std::sync::Arc;
use std::time::Instant;

use datastored::pb::{ConnectionTestReport, Role};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::connection::watch::{verdicts, watch};
use crate::lab::{self, Kind, Server};
use crate::server::{Datastored, s3_config};
use cells::{FOLDER, Policy, ROLES, STATES, State};
use place::Place;
use rule::Said;

/// How many tests run at once on each server.
const AT_ONCE: usize = 8;

/// One test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cell {
    kind: Kind,
    role: Role,
    policy: Policy,
    state: State,
}

/// How a cell ended.
#[derive(Debug)]
enum Ended {
    Right,
    Wrong(String),
    /// The server cannot be brought into the state.
    Impossible(&'static str),
}

impl Cell {
    fn all(kind: Kind) -> Vec<Self> {
        let mut all = Vec::new();
        for role in ROLES {
            for policy in Policy::all(role) {
                all.extend(STATES.map(|state| Self {
                    kind,
                    role,
                    policy,
                    state,
                }));
            }
        }
        all
    }

    /// What of the bucket is tested: `number` is the cell's own.
    fn path(&self, number: usize) -> String {
        match (self.state, self.policy) {
            (State::Empty, Policy::Scoped) => FOLDER.to_owned(),
            (State::Empty, _) => String::new(),
            (State::Outside, _) => format!("{FOLDER}/{number}"),
            _ => FOLDER.to_owned(),
        }
    }

    async fn run(&self, number: usize, place: &Place, server: &Datastored) -> Ended {
        let path = self.path(number);
        let uri = format!("s3://{}/{path}", place.bucket(self.state));
        let keys = place.user(self.role, self.policy);
        let config = s3_config(
            &uri,
            place.s3.endpoint(),
            &keys.access_key_id,
            &keys.secret_access_key,
        );
        let alone = match self.state {
            State::Empty => Some(place.empty.lock().await),
            _ => None,
        };
        let report = watch(server, config, self.role).await.ended().await;
        let left = place.check_left((self.state, &path), &report).await;
        drop(alone);
        let facts = differences::facts(self.kind, self.role, self.policy, self.state, &path);
        let (expected, found) = (facts.expected(), said(&report));
        if let Some(finding) = report.connection_finding {
            return Ended::Wrong(format!("  no connection: {finding:?}"));
        }
        if expected != found {
            return Ended::Wrong(format!("  expected {expected:?}\n  found    {found:?}"));
        }
        left.map_or_else(|left| Ended::Wrong(format!("  {left}")), |()| Ended::Right)
    }
}

fn said(report: &ConnectionTestReport) -> Said {
    Said {
        lines: verdicts(report),
        outcome: report.outcome(),
        missing_actions: report.missing_actions.clone(),
    }
}

/// Runs every cell of a server; then the buckets must be as they were.
async fn run_all(s3: Arc<Server>, server: Arc<Datastored>) -> (Vec<(Cell, Ended)>, Vec<String>) {
    let kind = s3.kind();
    let place = Arc::new(Place::prepare(s3).await);
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let (mut ended, mut running) = (Vec::new(), JoinSet::new());
    for (number, cell) in Cell::all(kind).into_iter().enumerate() {
        if let Some(reason) = cell.state.impossible_on(kind) {
            ended.push((cell, Ended::Impossible(reason)));
            continue;
        }
        let (place, server, turns) = (place.clone(), server.clone(), turns.clone());
        running.spawn(async move {
            let _turn = turns.acquire().await.expect("it is never closed");
            // A broken invariant of the stream panics, which is this cell's fault alone.
            let run = tokio::spawn(async move { cell.run(number, &place, &server).await });
            let ended = run.await.unwrap_or_else(|p| Ended::Wrong(format!("  {p}")));
            (cell, ended)
        });
    }
    ended.extend(running.join_all().await);
    let changed = place.changed().await;
    (ended, changed)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_cell_of_the_matrix_has_its_verdicts() {
    let begin = Instant::now();
    let server = Arc::new(Datastored::start(&[]));
    let (moto, seaweedfs, s3s) = tokio::join!(lab::moto(), lab::seaweedfs(), lab::s3s());
    let (moto, seaweedfs, s3s) = tokio::join!(
        run_all(moto, server.clone()),
        run_all(seaweedfs, server.clone()),
        run_all(s3s, server.clone()),
    );
    let (mut cells, mut changed) = (Vec::new(), Vec::new());
    for (ended, buckets) in [moto, seaweedfs, s3s] {
        cells.extend(ended);
        changed.extend(buckets);
    }
    table::print(&cells, begin.elapsed());
    let is_wrong = |(cell, ended): &(Cell, Ended)| match ended {
        Ended::Wrong(why) => Some(format!("{}:\n{why}", table::name(cell))),
        Ended::Right | Ended::Impossible(_) => None,
    };
    let mut wrong: Vec<String> = cells.iter().filter_map(is_wrong).collect();
    wrong.extend(changed);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
