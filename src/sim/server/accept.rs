//! In which form the client wants the answer.

use http::{HeaderMap, header};

use crate::status::ApiError;

/// The form of the objects in an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Form {
    /// As they are.
    #[default]
    Object,
    /// Rows and columns made by the server.
    Table,
    /// Metadata only.
    Metadata,
    /// Aggregated discovery, in `v2` or `v2beta1`.
    Discovery(&'static str),
}

/// What was agreed on.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Accept {
    pub(crate) form: Form,
}

const OFFERED: &str = "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf";
const AVAILABLE: &str = "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml, application/vnd.kubernetes.protobuf, application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

impl Accept {
    /// Takes the first form that is offered, in the client's order.
    pub(crate) fn negotiate(headers: &HeaderMap, discovery: bool) -> Result<Self, ApiError> {
        let Some(accept) = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok()) else {
            return Ok(Self { form: Form::Object });
        };
        let mut known = false;
        for clause in accept.split(',') {
            let mut parts = clause.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default();
            known |= media.starts_with("application/");
            if !matches!(media, "application/json" | "application/*" | "*/*" | "") {
                continue;
            }
            let params: Vec<(&str, &str)> = parts.filter_map(|p| p.split_once('=')).collect();
            let param = |key: &str| params.iter().find(|(k, _)| *k == key).map(|(_, v)| *v);
            let form = match (param("as"), param("g")) {
                (None, _) => Form::Object,
                (Some("APIGroupDiscoveryList"), Some("apidiscovery.k8s.io")) if discovery => match param("v") {
                    Some("v2") => Form::Discovery("v2"),
                    Some("v2beta1") => Form::Discovery("v2beta1"),
                    _ => continue,
                },
                (Some("Table"), Some("meta.k8s.io")) if !discovery && matches!(param("v"), Some("v1" | "v1beta1")) => {
                    Form::Table
                }
                (Some("PartialObjectMetadata" | "PartialObjectMetadataList"), Some("meta.k8s.io")) if !discovery => {
                    Form::Metadata
                }
                _ => continue,
            };
            return Ok(Self { form });
        }
        if known {
            return Err(ApiError::new(406, "NotAcceptable", OFFERED));
        }
        let mut error = ApiError::new(406, "NotAcceptable", AVAILABLE);
        error.details = Some(serde_json::json!({}));
        Err(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(accept: &str, discovery: bool) -> Result<Form, u16> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        Accept::negotiate(&headers, discovery).map(|a| a.form).map_err(|e| e.code)
    }

    #[test]
    fn the_first_offered_form_wins() {
        assert_eq!(form("application/json;as=Table;v=v1;g=meta.k8s.io,application/json", false), Ok(Form::Table));
        assert_eq!(form("application/vnd.kubernetes.protobuf,application/json", false), Ok(Form::Object));
        assert_eq!(
            form("application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json", true),
            Ok(Form::Discovery("v2"))
        );
        assert_eq!(form("application/vnd.kubernetes.protobuf", false), Err(406));
    }
}
