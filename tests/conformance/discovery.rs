//! What the server says it serves.

use crate::talk::{Keep, Talk, get, post, put};
use serde_json::json;

const AGGREGATED: &str = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";

/// Groups, versions, resources; both forms; and what is not there.
pub fn talk(t: &mut Talk) {
    t.ask_for("the server's major version", get("/version"), Keep::Only(&["/major"]));
    t.ask("is it ready", get("/readyz"));
    t.ask("is it alive", get("/livez"));
    t.ask_for("core versions", get("/api"), Keep::Only(&["/kind", "/versions"]));
    t.ask_for(
        "groups",
        get("/apis"),
        Keep::Only(&["/kind", "/groups/name=apps", "/groups/name=batch", "/groups/name=rbac.authorization.k8s.io"]),
    );
    t.ask("one group", get("/apis/apps"));
    t.ask_for(
        "core resources",
        get("/api/v1"),
        Keep::Only(&[
            "/kind",
            "/groupVersion",
            "/resources/name=pods",
            "/resources/name=pods~1status",
            "/resources/name=pods~1log",
            "/resources/name=configmaps",
            "/resources/name=namespaces",
            "/resources/name=nodes",
            "/resources/name=services",
            "/resources/name=secrets",
            "/resources/name=events",
            "/resources/name=serviceaccounts~1token",
        ]),
    );
    t.ask_for(
        "resources of apps",
        get("/apis/apps/v1"),
        Keep::Only(&[
            "/resources/name=deployments",
            "/resources/name=deployments~1scale",
            "/resources/name=deployments~1status",
            "/resources/name=statefulsets",
            "/resources/name=daemonsets",
            "/resources/name=replicasets",
        ]),
    );
    t.ask_for(
        "aggregated, core",
        get("/api").header("Accept", AGGREGATED),
        Keep::Only(&["/kind", "/apiVersion", "/items/0/metadata", "/items/0/versions/0/resources/resource=pods"]),
    );
    t.ask_for(
        "aggregated, groups",
        get("/apis").header("Accept", AGGREGATED),
        Keep::Only(&[
            "/kind",
            "/items/metadata.name=apps/versions/0/resources/resource=deployments",
            "/items/metadata.name=networking.k8s.io/versions/version=v1/resources/resource=ingresses",
        ]),
    );
    t.ask("a group that is not there", get("/apis/nothing.example.org/v1"));
    t.ask("a resource that is not there", get("/api/v1/namespaces/NS/sandwiches"));
    t.ask("a version that is not there", get("/apis/apps/v7/deployments"));
    t.ask("a path that is not there", get("/nothing"));
    t.ask("a method that a collection does not have", put("/api/v1/namespaces/NS/configmaps", json!({})));
    t.ask("a method that an object does not have", post("/api/v1/namespaces/NS/configmaps/x", json!({})));
    t.ask("a subresource that is not there", get("/api/v1/namespaces/NS/configmaps/x/status"));
}
