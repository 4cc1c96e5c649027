//! What linking, unlinking and listing sources cost with ten sources and with a hundred thousand.

use std::time::Instant;

use datastored::pb;
use datastored::pb::create_datastore_request::Enrichment;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use tokio::task::JoinSet;
use tonic::transport::Channel;

use super::figures::Figures;
use super::server::{Datastored, datastore, s3_config};
use super::{Error, example};

type Client = DatastoreServiceClient<Channel>;

const FEW: usize = 10;
const MANY: usize = 100_000;
/// How many creates are in flight while the store is filled.
const IN_FLIGHT: usize = 64;
/// How often each call is timed, with few and with many by turns.
const ROUNDS: usize = 200;

/// The three ratios.
pub async fn measure(server: &Datastored, figures: &mut Figures) -> Result<(), Error> {
    let mut client = server.client().await;
    let few = enrichment(&mut client, "few", FEW).await?;
    let begun = Instant::now();
    let many = enrichment(&mut client, "many", MANY).await?;
    println!("{MANY} linked sources made in {:.1?}", begun.elapsed());
    let source = pb::CreateDatastoreRequest {
        datastore: Some(example("A source to link")),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    };
    let source = client.create_datastore(source).await?.into_inner().name;
    let mut times = [const { Vec::new() }; 3];
    for _ in 0..ROUNDS {
        let with_few = round(&mut client, &source, &few).await?;
        let with_many = round(&mut client, &source, &many).await?;
        for (at, (few, many)) in with_few.into_iter().zip(with_many).enumerate() {
            times[at].push((few, many));
        }
    }
    for (name, pairs) in ["link", "list_sources", "unlink"].iter().zip(times) {
        let (few, many): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
        let ratio = median(many.clone()) / median(few.clone());
        figures.add(&format!("{name}_ms_with_10"), "ms", few);
        figures.add(&format!("{name}_ms_with_100k"), "ms", many);
        figures.add(&format!("{name}_100k_vs_10"), "ratio", vec![ratio]);
    }
    Ok(())
}

/// An enrichment datastore with so many sources.
async fn enrichment(client: &mut Client, name: &str, sources: usize) -> Result<String, Error> {
    let s3 = s3_config(
        &format!("s3://quality-{name}"),
        "",
        "AKIAIOSFODNN7EXAMPLE",
        "secret",
    );
    let request = pb::CreateDatastoreRequest {
        datastore: Some(datastore(name, pb::Role::Enrichment, s3)),
        skip_connection_test: true,
        ..pb::CreateDatastoreRequest::default()
    };
    let enrichment = client.create_datastore(request).await?.into_inner().name;
    let mut running = JoinSet::new();
    for number in 0..sources {
        if running.len() == IN_FLIGHT
            && let Some(done) = running.join_next().await
        {
            done??;
        }
        let request = pb::CreateDatastoreRequest {
            datastore: Some(example(&format!("{name} {number:06}"))),
            enrichment: Some(Enrichment::EnrichmentDatastore(enrichment.clone())),
            skip_connection_test: true,
            ..pb::CreateDatastoreRequest::default()
        };
        let mut client = client.clone();
        running.spawn(async move { client.create_datastore(request).await.map(drop) });
    }
    while let Some(done) = running.join_next().await {
        done??;
    }
    Ok(enrichment)
}

/// The times of a link, of a page of ten sources, and of an unlink, in milliseconds.
async fn round(client: &mut Client, source: &str, enrichment: &str) -> Result<[f64; 3], Error> {
    let mut times = [0.0; 3];
    let mut begun = Instant::now();
    let mut lap = |at: usize| {
        times[at] = begun.elapsed().as_secs_f64() * 1e3;
        begun = Instant::now();
    };
    let link = pb::LinkEnrichmentRequest {
        name: source.to_owned(),
        enrichment_datastore: enrichment.to_owned(),
        ..pb::LinkEnrichmentRequest::default()
    };
    client.link_enrichment(link).await?;
    lap(0);
    let list = pb::ListDatastoresRequest {
        filter: format!("enrichment_datastore = {enrichment}"),
        page_size: 10,
        ..pb::ListDatastoresRequest::default()
    };
    let page = client.list_datastores(list).await?.into_inner();
    if page.datastores.len() != 10 {
        return Err("a page of ten has ten".into());
    }
    lap(1);
    let unlink = pb::UnlinkEnrichmentRequest {
        name: source.to_owned(),
        ..pb::UnlinkEnrichmentRequest::default()
    };
    client.unlink_enrichment(unlink).await?;
    lap(2);
    Ok(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
