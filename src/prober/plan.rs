//! The plan of a test: which steps there are, which check each works for, and what must come before it.

use super::run::Node;
use crate::model::role::Role;
use crate::report::Check;

/// A step of a test: one S3 call, or two in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Lists one object.
    ListObjects,
    /// Lists one open upload.
    ListMultipartUploads,
    /// Asks whether deleting is allowed, by deleting a key that does not exist: before anything is written.
    GuardDelete,
    /// Asks whether aborting is allowed, by aborting an upload that does not exist: before an upload is started.
    GuardAbort,
    /// Writes the canary, if it can be removed again.
    PutCanary,
    /// Starts a multipart upload, if it can be aborted.
    CreateUpload,
    /// Reads the canary, or a listed object.
    GetObject,
    /// Lists the parts of the upload.
    ListParts,
    /// Deletes the canary.
    DeleteCanary,
    /// Aborts the upload and looks whether it is gone.
    AbortUpload,
}

/// The plan for a role, in the order in which reports list the checks.
///
/// With the connection up a source test takes two round trips and an enrichment test five: each step waits only for what S3 itself
/// makes it wait for, and for the two guards that keep the test from leaving anything behind.
#[must_use]
pub(super) fn plan(role: Role) -> Vec<Node<Step>> {
    match role {
        Role::Source => vec![
            node(Step::ListObjects, Check::ListObjects, &[], &[]),
            node(
                Step::ListMultipartUploads,
                Check::ListMultipartUploads,
                &[],
                &[],
            ),
            node(Step::GetObject, Check::GetObject, &[], &[Step::ListObjects]),
        ],
        Role::Enrichment => enrichment(),
    }
}

fn enrichment() -> Vec<Node<Step>> {
    use Step::{
        AbortUpload, CreateUpload, DeleteCanary, GetObject, GuardAbort, GuardDelete, ListObjects,
        ListParts, PutCanary,
    };
    vec![
        node(ListObjects, Check::ListObjects, &[], &[]),
        node(
            Step::ListMultipartUploads,
            Check::ListMultipartUploads,
            &[],
            &[],
        ),
        node(
            GetObject,
            Check::GetObject,
            &[],
            &[PutCanary, GuardDelete, ListObjects],
        ),
        // Both blame the same guard when neither may write, whichever comes to it first; a check that passed is proven by its last step.
        node(
            CreateUpload,
            Check::PutObject,
            &[],
            &[GuardDelete, GuardAbort],
        ),
        node(PutCanary, Check::PutObject, &[], &[GuardDelete, GuardAbort]),
        node(GuardDelete, Check::DeleteObject, &[], &[]),
        node(
            DeleteCanary,
            Check::DeleteObject,
            &[PutCanary],
            &[GetObject],
        ),
        node(GuardAbort, Check::AbortMultipartUpload, &[], &[]),
        node(
            AbortUpload,
            Check::AbortMultipartUpload,
            &[CreateUpload],
            &[ListParts],
        ),
        node(
            ListParts,
            Check::ListParts,
            &[GuardAbort, CreateUpload],
            &[],
        ),
    ]
}

fn node(step: Step, check: Check, needs: &[Step], after: &[Step]) -> Node<Step> {
    Node {
        step,
        check,
        needs: needs.to_vec(),
        after: after.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Step, plan};
    use crate::model::role::Role;
    use crate::prober::run::checks_of;
    use crate::report::Check;

    #[test]
    fn a_source_has_three_checks_and_an_enrichment_datastore_seven() {
        let source = [
            Check::ListObjects,
            Check::ListMultipartUploads,
            Check::GetObject,
        ];
        assert_eq!(checks_of(&plan(Role::Source)), source);
        assert_eq!(checks_of(&plan(Role::Enrichment)).len(), 7);
    }

    #[test]
    fn every_edge_leads_to_a_step_of_the_plan_and_no_way_leads_in_a_circle() {
        for role in [Role::Source, Role::Enrichment] {
            let nodes = plan(role);
            let mut ended: Vec<Step> = Vec::new();
            while ended.len() < nodes.len() {
                let ready = nodes.iter().find(|n| {
                    let edges: Vec<&Step> = n.needs.iter().chain(&n.after).collect();
                    !ended.contains(&n.step) && edges.iter().all(|e| ended.contains(e))
                });
                ended.push(ready.expect("a step whose edges have all ended").step);
            }
        }
    }

    #[test]
    fn nothing_is_written_before_both_guards_have_ended() {
        for writing in [Step::PutCanary, Step::CreateUpload] {
            let nodes = plan(Role::Enrichment);
            let node = nodes.iter().find(|n| n.step == writing).unwrap();
            assert!(node.after.contains(&Step::GuardDelete), "{writing:?}");
            assert!(node.after.contains(&Step::GuardAbort), "{writing:?}");
        }
    }
}
