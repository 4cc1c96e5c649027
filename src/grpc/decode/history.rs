//! The RPCs that read connection tests.

use uuid::Uuid;

use super::{Fields, name, page_size};
use crate::grpc::page_token;
use crate::model::Error;
use crate::model::connection_test::TestName;
use crate::model::name::DatastoreId;
use crate::pb;

const DEFAULT_PAGE_SIZE: i32 = 10;
/// A report with every finding has some 10 KiB, and clients commonly refuse answers of more than 4 MiB.
const MAX_PAGE_SIZE: i32 = 100;

/// The tests that are asked for.
pub(in crate::grpc) struct Tests {
    pub(in crate::grpc) of: DatastoreId,
    pub(in crate::grpc) after: Option<Uuid>,
    pub(in crate::grpc) page_size: usize,
}

pub(in crate::grpc) fn connection_test(
    request: &pb::GetConnectionTestRequest,
) -> Result<TestName, Error> {
    let mut fields = Fields::default();
    let name = fields.take("name", TestName::parse(&request.name));
    name.ok_or_else(|| fields.error())
}

pub(in crate::grpc) fn connection_tests(
    request: &pb::ListConnectionTestsRequest,
) -> Result<Tests, Error> {
    let mut fields = Fields::default();
    let of = name("parent", &request.parent, &mut fields);
    let asked = request.page_size;
    let page_size = page_size(asked, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, &mut fields);
    let mut after = None;
    if !request.page_token.is_empty() {
        let token = page_token::decode(&[&request.parent], &request.page_token);
        after = token.and_then(|token| Uuid::from_slice(&token).ok());
        if after.is_none() {
            let message = "is no token of this list; send next_page_token of the page before, with the same parent";
            fields.refuse("page_token", message);
        }
    }
    match of {
        Some(of) if fields.0.is_empty() => Ok(Tests {
            of,
            after,
            page_size,
        }),
        _ => Err(fields.error()),
    }
}
