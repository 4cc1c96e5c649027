//! The event of a change is there whenever the change is, also when the server is killed right after its answer.

use datastored::pb::ErrorReason;
use rustix::process::Signal;
use tempfile::TempDir;

use super::{creation_of, line, source, told};
use crate::api::{change, refused, removal, sent};
use crate::server::Datastored;

#[tokio::test]
async fn a_server_that_is_killed_after_each_answer_has_every_event() {
    let folder = TempDir::new().expect("a temporary folder can be made");
    let mut expected = Vec::new();
    for (round, outcome) in ["OK", "OK", "OK", "DATASTORE_NOT_FOUND"]
        .into_iter()
        .enumerate()
    {
        let server = Datastored::start_in(folder.path(), &[]);
        let mut client = server.client().await;
        assert_eq!(told(&mut client).await, expected);
        let mut orders = source("Orders");
        let action = match round {
            0 => {
                let request = creation_of("orders", orders);
                sent(client.create_datastore(request).await);
                "CreateDatastore"
            }
            1 => {
                orders.name = "datastores/orders".to_owned();
                orders.display_name = "All orders".to_owned();
                let request = change(orders, &["display_name"]);
                sent(client.update_datastore(request).await);
                "UpdateDatastore"
            }
            2 => {
                let request = removal("datastores/orders");
                sent(client.delete_datastore(request).await);
                "DeleteDatastore"
            }
            _ => {
                let request = removal("datastores/orders");
                let answer = client.delete_datastore(request).await;
                refused(answer, ErrorReason::DatastoreNotFound);
                "DeleteDatastore"
            }
        };
        server.signal(Signal::KILL);
        assert!(!server.ended().await.success());
        expected.push(line(action, "datastores/orders", outcome));
    }
    let server = Datastored::start_in(folder.path(), &[]);
    assert_eq!(told(&mut server.client().await).await, expected);
}
