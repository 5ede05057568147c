//! The published JSON Schema of profiles, `docs/platform.schema.json`. It is written by hand; the tests here hold it
//! against the types, field by field.

/// The schema as text.
pub const TEXT: &str = include_str!("../../../docs/platform.schema.json");

#[cfg(test)]
mod tests {
    use super::super::profile::{
        AppBackup, AppEntry, CertificateMode, ForwardTo, GatewayEntry, HostRule, Profile, Sign, TenantRule,
    };
    use super::super::task::{OperatorState, PlatformTask, TaskHow, TaskKind};
    use super::super::{AppType, builtin};
    use serde_json::{Map, Value};

    /// A profile with every field set. Written without `..`, so that a new field does not compile before it is here, and
    /// then in the schema.
    fn full() -> Value {
        let t = |text: &str| text.to_owned();
        let profile = Profile {
            id: t("mine"),
            title: t("Mine"),
            era: t("since 2024"),
            detect: vec![],
            enough: 1,
            tenants: TenantRule { word: t("team"), namespaces: t("team-*"), label: t("l"), except: vec![t("admin")] },
            apps: vec![AppEntry {
                name: t("idp"),
                title: t("Sign-in"),
                types: vec![AppType::Core],
                namespaces: vec![t("idp")],
                workloads: vec![t("idp*")],
                releases: vec![t("idp")],
                host: t("idp"),
                tenant_host: t("idp-{tenant}"),
                path: t("/"),
                forward: Some(ForwardTo { namespace: t("idp"), service: t("idp"), port: 80, path: t("/") }),
                sign_in: t("own"),
                needs: vec![],
                values: t("env/idp.yaml"),
                health: vec![t("workloads")],
                stage: Some(1),
                eras: t("all"),
                backup: Some(AppBackup { workload: t("idp"), path: t("/data") }),
            }],
            gateways: vec![GatewayEntry { name: t("g"), kind: t("Gateway"), namespace: t("g"), title: t("public") }],
            ingress_classes: vec![t("nginx")],
            hosts: HostRule { app: t("{app}.{domain}"), service: t("{service}.{domain}") },
            identity: t("idp"),
            certificates: CertificateMode { mode: t("wildcard"), issuer: t("i"), challenge: t("dns-01") },
            discover: true,
            tasks: vec![PlatformTask {
                name: t("a"),
                title: t("A"),
                kind: TaskKind::CronJob,
                namespace: t("a"),
                workload: t("a"),
                how: TaskHow::Trigger,
            }],
            operator_state: vec![OperatorState { title: t("s"), namespace: t("a"), name: t("s"), json: t("state") }],
        };
        let mut value = serde_json::to_value(profile).expect("JSON");
        let sign = |namespace: &str, label: &str, resource: &str, config_map: &str| {
            let sign = Sign {
                namespace: t(namespace),
                label: t(label),
                resource: t(resource),
                config_map: t(config_map),
                not: false,
                points: 1,
            };
            serde_json::to_value(sign).expect("JSON")
        };
        let signs =
            [sign("a", "", "", ""), sign("", "a=b", "", ""), sign("", "", "as.b.c", ""), sign("", "", "", "a/b")];
        value["detect"] = signs.to_vec().into();
        value
    }

    fn schema() -> Value {
        serde_json::from_str(super::TEXT).expect("JSON")
    }

    fn accepted(value: &Value) -> bool {
        let yaml = serde_json::to_string(value).expect("JSON, which is YAML");
        Profile::parse("test.yaml", &yaml).is_ok()
    }

    /// The schema of an object behind a list or an alternative.
    fn object(schema: &Value) -> &Value {
        match (schema.get("items"), schema.get("anyOf")) {
            (Some(items), _) => object(items),
            (_, Some(any)) => &any[0],
            _ => schema,
        }
    }

    /// Walks through all objects: the same fields on both sides, required where the reader requires them, and words
    /// where the reader knows words.
    fn compare(whole: &Value, at: &str, fields: &Map<String, Value>, schema: &Value) {
        let known = schema["properties"].as_object().unwrap_or_else(|| panic!("{at} has no properties"));
        assert_eq!(schema["additionalProperties"], false, "{at}");
        for (name, value) in fields {
            let place = format!("{at}/{name}");
            let of = known.get(name).unwrap_or_else(|| panic!("{place} is not in the schema"));
            let required = schema["required"].as_array().is_some_and(|r| r.iter().any(|r| r == name));
            let mut without = whole.clone();
            without.pointer_mut(at).and_then(Value::as_object_mut).expect(at).remove(name);
            // A sign says one thing; that the one is missing is the test of signs.
            if !at.contains("/detect/") {
                assert_eq!(!accepted(&without), required, "{place} required");
            }
            let words = of.get("enum").or(of["items"].get("enum")).and_then(Value::as_array);
            if let Some(words) = words {
                let put = |word: &Value| {
                    let mut other = whole.clone();
                    let listed = of.get("items").is_some();
                    *other.pointer_mut(&place).expect(&place) =
                        if listed { vec![word.clone()].into() } else { word.clone() };
                    // How a task is set going follows from what it is.
                    if name == "kind" && word != "CronJob" {
                        other["tasks"][0]["how"] = "restart".into();
                    }
                    if name == "how" && word == "restart" {
                        other["tasks"][0]["kind"] = "Deployment".into();
                    }
                    other
                };
                words.iter().for_each(|w| assert!(accepted(&put(w)), "{place} {w}"));
                assert!(!accepted(&put(&"nonsense".into())), "{place} takes any word");
            }
            let (inner, inside) = match value {
                Value::Array(items) => (items.first(), format!("{place}/0")),
                other => (Some(other), place.clone()),
            };
            if let Some(Value::Object(fields)) = inner {
                compare(whole, &inside, fields, object(of));
            }
        }
        let unset = |name: &&String| !fields.contains_key(*name) && !at.contains("/detect/");
        let missing: Vec<&String> = known.keys().filter(unset).collect();
        assert!(missing.is_empty(), "{at}: {missing:?} are in the schema and no fields");
    }

    #[test]
    fn the_schema_is_equal_to_the_types() {
        let (full, schema) = (full(), schema());
        assert!(accepted(&full), "{:?}", crate::platform::check::read(&full.to_string()).1);
        let fields = full.as_object().expect("an object");
        compare(&full, "", fields, &schema);
        // Each sign is of another sort: together they have all fields.
        let known = schema["properties"]["detect"]["items"]["properties"].as_object().expect("properties");
        let known: std::collections::BTreeSet<&String> = known.keys().collect();
        let signs = full["detect"].as_array().expect("signs");
        let set: std::collections::BTreeSet<&String> =
            signs.iter().flat_map(|s| s.as_object().expect("one").keys()).collect();
        assert_eq!(known, set, "signs");
    }

    #[test]
    fn the_schema_accepts_the_built_in_profiles_and_refuses_slips_of_the_pen() {
        let schema = jsonschema::validator_for(&schema()).expect("a schema");
        for profile in builtin::all() {
            let value = serde_json::to_value(&**profile).expect("JSON");
            let errors: Vec<String> =
                schema.iter_errors(&value).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(errors.is_empty(), "{}: {errors:?}", profile.id);
        }
        let full = full();
        assert!(schema.is_valid(&full));
        for (place, value) in [("/aps", Value::Null), ("/apps/0/hosst", "x".into()), ("/detect/0/label", "both".into())]
        {
            let mut wrong = full.clone();
            let (owner, field) = place.rsplit_once('/').expect("a place");
            wrong.pointer_mut(owner).and_then(Value::as_object_mut).expect(owner).insert(field.into(), value);
            assert!(!schema.is_valid(&wrong) && !accepted(&wrong), "{place}");
        }
    }
}
