//! The description of the API that kubectl reads for `explain`, for merge keys
//! and to know that the server checks fields: `/openapi/v3` and `/openapi/v2`.

mod operations;
mod schemas;
mod v2;
mod v3;

pub(crate) use v2::document as v2_document;
pub(crate) use v3::{document as v3_document, index as v3_index};
