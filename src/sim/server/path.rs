//! What a path means.

use super::query::decode;

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Route {
    /// `/version`, `/apis`, `/openapi/v3`, …
    Other,
    /// A resource or one of its objects.
    Resource(Resource),
}

/// A resource path.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Resource {
    pub(crate) group: String,
    pub(crate) version: String,
    /// `None` without `/namespaces/NS/` in the path.
    pub(crate) namespace: Option<String>,
    pub(crate) plural: String,
    pub(crate) name: Option<String>,
    pub(crate) subresource: Option<String>,
    /// The deprecated `/watch/` stands before the resource.
    pub(crate) watch: bool,
    /// What follows `proxy/`.
    pub(crate) rest: String,
}

impl Route {
    /// Reads a path without its query.
    pub(crate) fn parse(path: &str) -> Self {
        let parts: Vec<String> = path.split('/').filter(|p| !p.is_empty()).map(|p| decode(p, false)).collect();
        let words: Vec<&str> = parts.iter().map(String::as_str).collect();
        let (group, version, rest) = match words.as_slice() {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => return Self::Other,
        };
        let mut resource = Resource { group: group.to_owned(), version: version.to_owned(), ..Resource::default() };
        let rest = match rest {
            ["watch", tail @ ..] if !tail.is_empty() => {
                resource.watch = true;
                tail
            }
            _ => rest,
        };
        let own = |s: &&str| Some((*s).to_owned());
        let rest = match rest {
            // A namespace itself, its status and its finalize.
            ["namespaces", _, "status" | "finalize"] if group.is_empty() => rest,
            ["namespaces", namespace, tail @ ..] if !tail.is_empty() => {
                resource.namespace = own(namespace);
                tail
            }
            _ => rest,
        };
        resource.plural = rest.first().map(|s| (*s).to_owned()).unwrap_or_default();
        resource.name = rest.get(1).and_then(own);
        resource.subresource = rest.get(2).and_then(own);
        resource.rest = rest.get(3..).unwrap_or_default().join("/");
        Self::Resource(resource)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(path: &str) -> Resource {
        match Route::parse(path) {
            Route::Resource(resource) => resource,
            Route::Other => panic!("{path} is no resource"),
        }
    }

    #[test]
    fn namespaces_are_scope_and_object() {
        let pods = resource("/api/v1/namespaces/shop/pods/web-0/log");
        assert_eq!(
            (pods.namespace.as_deref(), pods.name.as_deref(), pods.subresource.as_deref()),
            (Some("shop"), Some("web-0"), Some("log"))
        );
        let namespace = resource("/api/v1/namespaces/shop");
        assert_eq!((namespace.plural.as_str(), namespace.name.as_deref()), ("namespaces", Some("shop")));
        assert_eq!(resource("/api/v1/namespaces/shop/finalize").plural, "namespaces");
        assert_eq!(resource("/apis/apps/v1/deployments").group, "apps");
        assert_eq!(Route::parse("/apis/apps/v1"), Route::Other);
    }
}
