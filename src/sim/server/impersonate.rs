//! Acting as somebody else (`Impersonate-User` and its kin).

use http::HeaderMap;

use crate::{
    auth::User,
    hooks::{Attributes, Extension},
    status::ApiError,
    storage::Store,
};

/// The user that the headers ask for, if `asker` may become it.
pub(crate) fn impersonated(
    headers: &HeaderMap,
    asker: &User,
    store: &Store,
    extension: &dyn Extension,
) -> Result<Option<User>, ApiError> {
    let values = |key: &str| -> Vec<String> {
        headers.get_all(key).iter().filter_map(|v| v.to_str().ok()).map(str::to_owned).collect()
    };
    let groups = values("impersonate-group");
    let Some(name) = values("impersonate-user").into_iter().next() else {
        if groups.is_empty() {
            return Ok(None);
        }
        return Err(ApiError::internal("requested [{Group}] impersonation without impersonating a user"));
    };
    let may = |resource: &str, namespace: &str, name: &str| {
        let group = "";
        let wanted = Attributes {
            verb: "impersonate".into(),
            group: group.into(),
            version: "v1".into(),
            resource: resource.into(),
            namespace: namespace.into(),
            name: name.into(),
            ..Attributes::default()
        };
        if asker.is_master() || extension.authorize(store, asker, &wanted).allowed {
            return Ok(());
        }
        let scope = if namespace.is_empty() {
            "at the cluster scope".to_owned()
        } else {
            format!("in the namespace \"{namespace}\"")
        };
        let why =
            format!("User \"{}\" cannot impersonate resource \"{resource}\" in API group \"\" {scope}", asker.name);
        Err(ApiError::forbidden("", resource, name, &why))
    };
    let mut user = match name.strip_prefix("system:serviceaccount:").and_then(|n| n.split_once(':')) {
        Some((namespace, account)) => {
            may("serviceaccounts", namespace, account)?;
            User::service_account(namespace, account, "")
        }
        None => {
            may("users", "", &name)?;
            User::new(name, &[])
        }
    };
    for group in &groups {
        may("groups", "", group)?;
    }
    if !groups.is_empty() {
        user.groups = groups;
        if !user.groups.iter().any(|g| g == "system:authenticated" || g == "system:unauthenticated") {
            user.groups.push("system:authenticated".into());
        }
    }
    Ok(Some(user))
}
