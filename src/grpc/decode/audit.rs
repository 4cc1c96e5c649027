//! `ListAuditEvents`.

use uuid::Uuid;

use super::{DEFAULT_PAGE_SIZE, Fields, MAX_PAGE_SIZE, page_size};
use crate::grpc::page_token;
use crate::model::Error;
use crate::model::filter::EventFilter;
use crate::pb;
use crate::registry::EventQuery;

pub(in crate::grpc) fn audit_events(
    request: &pb::ListAuditEventsRequest,
) -> Result<EventQuery, Error> {
    let mut fields = Fields::default();
    let asked = request.page_size;
    let page_size = page_size(asked, DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE, &mut fields);
    let filter = fields.take("filter", EventFilter::parse(&request.filter));
    let mut after = None;
    if !request.page_token.is_empty() {
        let token = page_token::decode(&[&request.filter], &request.page_token);
        after = token.and_then(|token| Uuid::from_slice(&token).ok());
        if after.is_none() {
            let message = "is no token of this list; send next_page_token of the page before, with the same filter";
            fields.refuse("page_token", message);
        }
    }
    match filter {
        Some(filter) if fields.0.is_empty() => Ok(EventQuery {
            filter,
            page_size,
            after,
        }),
        _ => Err(fields.error()),
    }
}
