//! Roles and bindings.

use super::model::{Description, list, words};
use serde_json::Value;

pub(super) fn role(d: &mut Description, object: &Value) {
    if !object["roleRef"].is_null() {
        d.section("Binding");
        d.line("Role", format!("{} {}", words(&object["roleRef"]["kind"]), words(&object["roleRef"]["name"])));
        for subject in list(&object["subjects"]) {
            let namespace = words(&subject["namespace"]);
            let namespace = if namespace.is_empty() { namespace } else { format!("{namespace}/") };
            d.line(&words(&subject["kind"]), format!("{namespace}{}", words(&subject["name"])));
        }
        return;
    }
    d.section("Rules");
    for rule in list(&object["rules"]) {
        let what = if rule["nonResourceURLs"].is_null() {
            let groups = list(&rule["apiGroups"]).map(|g| match words(g).as_str() {
                "" => "core".to_string(),
                g => g.to_string(),
            });
            format!("{} ({})", words(&rule["resources"]), groups.collect::<Vec<_>>().join(", "))
        } else {
            words(&rule["nonResourceURLs"])
        };
        let names = words(&rule["resourceNames"]);
        let names = if names.is_empty() { String::new() } else { format!(" named {names}") };
        d.line(&words(&rule["verbs"]), format!("{what}{names}"));
    }
    d.end();
    d.section("Aggregates");
    d.field("Selectors", &object["aggregationRule"]["clusterRoleSelectors"]);
    d.end();
}
