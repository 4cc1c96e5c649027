//! What a million datastores cost beside a thousand: `make bench-scale`.
//!
//! They are created by calls, as anybody creates them, and by turns the same calls load the server that has a thousand and the one that has a million.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use datastored::pb;

use super::figures::Figures;
use super::generator::{Calls, Job, Pace};
use super::process::resident_mib;
use super::server::Datastored;
use super::{Error, UNBOUNDED, UNLIMITED};

/// The argument that makes this program measure this.
pub const ROLE: &str = "scale";

const FEW: usize = 1_000;
const MANY: usize = 1_000_000;

/// Calls in flight while the datastores are created, and while the two are measured.
const CREATING: usize = 512;
const IN_FLIGHT: usize = 16;

const PAGE: i32 = 100;
const ROUNDS: usize = 5;
const WARM_UP: Duration = Duration::from_millis(500);
const LENGTH: Duration = Duration::from_secs(2);

/// A server, and how many datastores it has at least.
struct Subject {
    server: Datastored,
    count: usize,
    middle: String,
    /// How many have been created while it was measured.
    more: usize,
}

/// Everything, in the order in which it is printed.
pub async fn measure(folder: &Path, figures: &mut Figures) -> Result<(), Error> {
    let (few, many) = (folder.join("few"), folder.join("many"));
    for (place, count) in [(&few, FEW), (&many, MANY)] {
        let server = start(place);
        let begun = Instant::now();
        create(&server, count).await?;
        println!("{count} datastores in {:?}", begun.elapsed());
    }
    let bytes = size_of(&many)?;
    let each = f64::from(u32::try_from(bytes / u64::try_from(MANY)?)?);
    figures.add("scale_disk_bytes_each", "bytes", vec![each]);

    let begun = Instant::now();
    let server = start(&many);
    let took = begun.elapsed().as_secs_f64() * 1e3;
    figures.add("scale_start_ms", "ms", vec![took]);
    figures.add(
        "scale_idle_rss_mib",
        "MiB",
        vec![resident_mib(server.pid())?],
    );
    let mut many = Subject::of(server, MANY).await?;
    let mut few = Subject::of(start(&few), FEW).await?;
    compare(&mut few, &mut many, figures).await?;
    figures.add(
        "scale_rss_mib",
        "MiB",
        vec![resident_mib(many.server.pid())?],
    );
    Ok(())
}

fn start(folder: &Path) -> Datastored {
    let options = [&UNLIMITED[..], &UNBOUNDED, &["--caller-calls", "1000"]].concat();
    Datastored::start_in(folder, &options)
}

/// Creates so many, a part at a time.
async fn create(server: &Datastored, count: usize) -> Result<(), Error> {
    let mut client = server.client().await;
    let mut made = 0;
    while made < count {
        let part = (count - made).min(20_000);
        let job = job(
            server,
            Calls::CreateNumbered(made),
            Pace::Count(CREATING, part),
        )?;
        let outcome = job.run().await?;
        if outcome.accepted.count as usize != part {
            return Err("some creates were refused".into());
        }
        made += part;
    }
    let name = format!("datastores/{}", super::generator::id(count - 1));
    client
        .get_datastore(pb::GetDatastoreRequest { name })
        .await?;
    Ok(())
}

fn job(server: &Datastored, calls: Calls, pace: Pace) -> Result<Job, Error> {
    let address: SocketAddr = server.address().parse()?;
    Ok(Job {
        address,
        connections: 8,
        calls,
        pace,
        warm_up: match pace {
            Pace::Count(..) => Duration::ZERO,
            _ => WARM_UP,
        },
        length: LENGTH,
    })
}

/// Time with many over time with few, for each kind of call.
async fn compare(
    few: &mut Subject,
    many: &mut Subject,
    figures: &mut Figures,
) -> Result<(), Error> {
    for (name, kind) in [
        ("scale_get", Kind::Get),
        ("scale_create", Kind::Create),
        ("scale_list", Kind::FirstPage),
        ("scale_list_middle", Kind::MiddlePage),
        ("scale_list_filtered", Kind::FilteredPage),
    ] {
        let mut ratios = Vec::new();
        for round in 0..ROUNDS {
            // By turns the first, so that neither always follows the other's mess.
            let (of_few, of_many) = if round % 2 == 0 {
                let of_few = few.rate(kind).await?;
                (of_few, many.rate(kind).await?)
            } else {
                let of_many = many.rate(kind).await?;
                (few.rate(kind).await?, of_many)
            };
            ratios.push(of_few / of_many);
        }
        figures.add(name, "ratio", ratios);
    }
    Ok(())
}

/// What is asked of both.
#[derive(Clone, Copy)]
enum Kind {
    Get,
    Create,
    FirstPage,
    MiddlePage,
    /// Of the datastores that a filter fits, one in a thousand.
    FilteredPage,
}

impl Subject {
    async fn of(server: Datastored, count: usize) -> Result<Self, Error> {
        let mut client = server.client().await;
        let mut middle = String::new();
        let mut seen = 0;
        while seen < count / 2 {
            let request = pb::ListDatastoresRequest {
                page_size: 1_000.min(i32::try_from(count / 2)?),
                page_token: middle,
                ..pb::ListDatastoresRequest::default()
            };
            let page = client.list_datastores(request).await?.into_inner();
            seen += page.datastores.len();
            middle = page.next_page_token;
        }
        Ok(Self {
            server,
            count,
            middle,
            more: 0,
        })
    }

    /// Calls a second.
    async fn rate(&mut self, kind: Kind) -> Result<f64, Error> {
        let list = |page_token: &str, filter: &str| Calls::List {
            page_size: PAGE,
            page_token: page_token.to_owned(),
            filter: filter.to_owned(),
        };
        let calls = match kind {
            Kind::Get => Calls::GetNumbered(self.count),
            Kind::Create => {
                self.more += 1;
                Calls::Create(format!("round {}", self.more))
            }
            Kind::FirstPage => list("", ""),
            Kind::MiddlePage => list(&self.middle, ""),
            Kind::FilteredPage => list("", "labels.environment = \"rare\""),
        };
        let job = job(&self.server, calls, Pace::Closed(IN_FLIGHT))?;
        Ok(job.run().await?.accepted.rate)
    }
}

/// The bytes of all files in a folder and below it.
fn size_of(folder: &Path) -> Result<u64, Error> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.metadata()?;
        bytes += if kind.is_dir() {
            size_of(&entry.path())?
        } else {
            kind.len()
        };
    }
    Ok(bytes)
}
