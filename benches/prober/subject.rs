//! The `datastored` under test: registers datastores, runs their tests, and reads its memory.

use datastored::pb;
use datastored::pb::datastore_service_client::DatastoreServiceClient;
use datastored::pb::test_connection_request::Target;
use datastored::pb::test_connection_response::Event;
use tonic::transport::Channel;

use crate::Error;
use crate::lab::Keys;
use crate::server::{datastore, s3_config};

/// A connection to the server.
#[derive(Clone)]
pub struct Subject(pub DatastoreServiceClient<Channel>);

impl Subject {
    /// Registers a datastore and returns its name.
    pub async fn register(
        &mut self,
        role: pb::Role,
        uri: &str,
        endpoint: &str,
        keys: &Keys,
    ) -> Result<String, Error> {
        let config = s3_config(uri, endpoint, &keys.access_key_id, &keys.secret_access_key);
        let request = pb::CreateDatastoreRequest {
            datastore: Some(datastore(uri, role, config)),
            skip_connection_test: true,
            ..pb::CreateDatastoreRequest::default()
        };
        Ok(self.0.create_datastore(request).await?.into_inner().name)
    }

    /// Runs the test of a datastore to its report; anything but `PASSED` is an error.
    pub async fn test(&mut self, name: &str) -> Result<(), Error> {
        let request = pb::TestConnectionRequest {
            target: Some(Target::Name(name.to_owned())),
            ..pb::TestConnectionRequest::default()
        };
        let mut stream = self.0.test_connection(request).await?.into_inner();
        while let Some(message) = stream.message().await? {
            if let Some(Event::Completed(report)) = message.event {
                return match report.outcome() {
                    pb::Outcome::Passed => Ok(()),
                    other => Err(
                        format!("{name}: {}: {}", other.as_str_name(), findings(&report)).into(),
                    ),
                };
            }
        }
        Err("the stream ended without a report".into())
    }
}

/// Why the checks of a report did not pass.
fn findings(report: &pb::ConnectionTestReport) -> String {
    let findings = report.checks.iter().filter_map(|check| {
        let finding = check.finding.as_ref()?;
        Some(format!(
            "{}: {}",
            check.check().as_str_name(),
            finding.title
        ))
    });
    findings.collect::<Vec<_>>().join("; ")
}

/// A line of `/proc/PID/status`, in KiB: `VmRSS` is what is resident, `VmHWM` the most that was.
pub fn memory_kib(pid: u32, line: &str) -> Result<f64, Error> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status
        .lines()
        .find_map(|l| l.strip_prefix(line)?.strip_prefix(':'))
        .and_then(|value| value.split_whitespace().next());
    Ok(value.ok_or("/proc does not tell it")?.parse()?)
}

/// Makes `VmHWM` what is resident now.
pub fn forget_peak(pid: u32) -> Result<(), Error> {
    Ok(std::fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}
