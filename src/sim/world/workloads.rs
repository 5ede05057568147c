//! Workloads with the pods, replica sets and claims that follow from them.

use super::build::Builder;
use crate::shapes::event::{Happening, event};
use crate::shapes::pod::{self, Identity};
use crate::shapes::pod_state::{self, PodState};
use crate::shapes::workload::{self, Counts, JobState, Rollout};
use crate::shapes::{names, times, volume};
use crate::table::age;
use crate::value::{at, condition, int, list, name, namespace, set, text, uid};
use jiff::Timestamp;
use serde_json::{Value, json};

/// Hints for the `i`th pod: one map for all, or a list with one for each.
fn pod_hint(hints: &Value, i: usize) -> Value {
    match &hints["pods"] {
        Value::Array(each) => each.get(i).cloned().unwrap_or(Value::Null),
        one => one.clone(),
    }
}

fn state_of(hint: &Value) -> PodState {
    let seconds = |key: &str| hint[key].as_str().and_then(times::seconds).unwrap_or(0);
    PodState {
        kind: text(hint, "state").to_owned(),
        restarts: int(hint, "restarts"),
        message: text(hint, "message").to_owned(),
        since: seconds("since"),
        exit_code: int(hint, "exitCode"),
        container: text(hint, "container").to_owned(),
    }
}

fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")["status"] == "True"
}

fn created(object: &Value, now: Timestamp) -> Timestamp {
    age::time(object, "metadata.creationTimestamp").unwrap_or(now)
}

impl Builder {
    /// Makes one pod of `owner` and tells whether it is ready.
    pub fn stamp(&mut self, owner: &Value, template: &Value, id: Identity<'_>, hint: &Value) -> bool {
        let state = state_of(hint);
        let (index, node, node_ip) = self.node(hint["node"].as_str().or(id.node));
        let mut id = Identity { node: (state.kind != "unschedulable").then_some(node.as_str()), ..id };
        if let Some(age) = hint["age"].as_str().and_then(times::seconds) {
            id.created = times::shift(self.now, -age);
        }
        id.uid = names::uid(&[&self.seed, "Pod", namespace(owner), &id.name]);
        let mut object = pod::pod(owner, template, &id);
        let host_network = at(&object, "spec.hostNetwork") == true;
        let ip = if host_network { node_ip.clone() } else { self.pod_ip(index) };
        let begun = times::shift(id.created, 3).min(self.now);
        pod_state::apply(&mut object, &state, begun, self.now, &node_ip, &ip);
        let ready = is_ready(&object);
        let events = happenings(&object, &state, hint, begun, self.now, &node);
        self.objects.push(object);
        self.objects.extend(events);
        ready
    }

    /// A deployment, its replica sets (the newest and up to two old ones) and pods.
    pub fn add_deployment(&mut self, mut d: Value, hints: &Value) {
        workload::default_deployment(&mut d);
        let born = created(&d, self.now);
        let rolled = hints["rolled"].as_str().and_then(times::seconds).map_or(born, |s| times::shift(self.now, -s));
        let revision = int(hints, "revision").max(1);
        set(&mut d, "metadata.generation", revision);
        d["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = revision.to_string().into();
        let template = d["spec"]["template"].clone();
        for old in (1..revision).rev().take(2) {
            let mut former = template.clone();
            let at_time = times::shift(born, (rolled.duration_since(born).as_secs() * old) / revision);
            former["metadata"]["annotations"]["kubectl.kubernetes.io/restartedAt"] = times::text(at_time).into();
            let hash = workload::template_hash(&former);
            self.objects.push(workload::replicaset(&d, &former, &hash, 0, old, at_time));
        }
        let hash = workload::template_hash(&template);
        let replicas = int(&d, "spec.replicas");
        let mut rs = workload::replicaset(&d, &template, &hash, replicas, revision, rolled);
        let rs_name = name(&rs).to_owned();
        let rs_template = rs["spec"]["template"].clone();
        let mut ready = 0;
        for i in 0..replicas.max(0) as usize {
            let suffix = names::suffix(&[&self.seed, &rs_name, &i.to_string()], 5);
            let id = Identity {
                name: format!("{rs_name}-{suffix}"),
                uid: String::new(),
                created: rolled,
                node: None,
                labels: Vec::new(),
                generate_name: Some(format!("{rs_name}-")),
            };
            ready += i64::from(self.stamp(&rs, &rs_template, id, &pod_hint(hints, i)));
        }
        rs["status"] = workload::replicaset_status(replicas, ready, 1);
        let counts = Counts { desired: replicas, current: replicas, updated: replicas, ready };
        let since = hints["since"].as_str().or(pod_hint(hints, 0)["since"].as_str()).and_then(times::seconds);
        let changed = since.map_or(rolled, |s| times::shift(self.now, -s)).max(born);
        let rollout = if hints["stuck"] == true { Rollout::Stuck } else { Rollout::Complete };
        d["status"] = workload::deployment_status(&d, counts, rollout, &rs_name, rolled, changed);
        if self.now.duration_since(rolled).as_secs() < 3600 {
            let what = Happening {
                reason: "ScalingReplicaSet",
                source: "deployment-controller",
                count: 1,
                message: format!("Scaled up replica set {rs_name} from 0 to {replicas}"),
                ..Happening::default()
            };
            self.objects.push(event(&d, &what, rolled, rolled));
        }
        self.objects.push(rs);
        self.objects.push(d);
    }

    /// A stateful set with its pods and their claims.
    pub fn add_statefulset(&mut self, mut s: Value, hints: &Value) {
        workload::default_statefulset(&mut s);
        let born = created(&s, self.now);
        let revision = format!("{}-{}", name(&s), workload::template_hash(&s["spec"]["template"]));
        let replicas = int(&s, "spec.replicas");
        let mut ready = 0;
        let mut current = 0;
        for i in 0..replicas.max(0) as usize {
            let pod_name = format!("{}-{i}", name(&s));
            let hint = pod_hint(hints, i);
            let mut template = s["spec"]["template"].clone();
            self.claims(&s, &pod_name, &mut template, &hint);
            let id = Identity {
                name: pod_name.clone(),
                uid: String::new(),
                created: born,
                node: None,
                generate_name: Some(format!("{}-", name(&s))),
                labels: vec![
                    ("apps.kubernetes.io/pod-index", i.to_string()),
                    ("controller-revision-hash", revision.clone()),
                    ("statefulset.kubernetes.io/pod-name", pod_name),
                ],
            };
            current += 1;
            let up = self.stamp(&s, &template, id, &hint);
            ready += i64::from(up);
            // OrderedReady: nothing after the first that is not ready.
            if !up && s["spec"]["podManagementPolicy"] != "Parallel" {
                break;
            }
        }
        s["status"] = workload::statefulset_status(&s, Counts { desired: replicas, current, updated: current, ready });
        self.objects.push(s);
    }

    /// Claims of one pod of a stateful set, mounted into its template.
    fn claims(&mut self, s: &Value, pod_name: &str, template: &mut Value, hint: &Value) {
        for claim in list(s, "spec.volumeClaimTemplates") {
            let volume_name = name(claim).to_owned();
            let claim_name = format!("{volume_name}-{pod_name}");
            let mut object = json!({
                "apiVersion": "v1", "kind": "PersistentVolumeClaim",
                "metadata": {"name": claim_name, "namespace": namespace(s), "labels": at(s, "spec.selector.matchLabels"),
                             "creationTimestamp": at(s, "metadata.creationTimestamp")},
                "spec": claim["spec"],
            });
            self.identify(&mut object, &Value::Null);
            self.add_claim(object, &json!({"unbound": hint["unbound"]}));
            let entry = json!({"name": volume_name, "persistentVolumeClaim": {"claimName": claim_name}});
            match template["spec"]["volumes"].as_array_mut() {
                Some(volumes) => volumes.push(entry),
                None => template["spec"]["volumes"] = json!([entry]),
            }
        }
    }

    /// A claim, bound to a volume unless its hint gives the reason why not.
    pub fn add_claim(&mut self, mut claim: Value, hints: &Value) {
        let classes: Vec<&Value> = self.objects.iter().filter(|o| o["kind"] == "StorageClass").collect();
        let default = classes
            .iter()
            .find(|c| crate::value::annotation(c, "storageclass.kubernetes.io/is-default-class") == Some("true"));
        let (class, provisioner) =
            default.map_or(("standard", "csi.example.com"), |c| (name(c), text(c, "provisioner")));
        let provisioner = provisioner.to_owned();
        volume::default_claim(&mut claim, class);
        if let Some(why) = hints["unbound"].as_str() {
            claim["status"] = json!({"phase": "Pending"});
            let what = Happening {
                warning: true,
                reason: "ProvisioningFailed",
                source: "persistentvolume-controller",
                message: why.to_owned(),
                count: 48,
                ..Happening::default()
            };
            let first = created(&claim, self.now).max(times::shift(self.now, -3600));
            self.objects.push(event(&claim, &what, first, times::shift(self.now, -9)));
        } else {
            let at_time = created(&claim, self.now);
            let bound = volume::bind(&mut claim, &provisioner, at_time);
            self.objects.push(bound);
        }
        self.objects.push(claim);
    }

    /// A daemon set with a pod on every node its selector and tolerations allow.
    pub fn add_daemonset(&mut self, mut d: Value, hints: &Value) {
        workload::default_daemonset(&mut d);
        let born = created(&d, self.now);
        let everywhere = list(&d, "spec.template.spec.tolerations").iter().any(|t| t["operator"] == "Exists");
        let nodes: Vec<String> =
            self.nodes.iter().filter(|n| everywhere || !n.0.starts_with("control")).map(|n| n.0.clone()).collect();
        let revision = workload::template_hash(&d["spec"]["template"]);
        let template = d["spec"]["template"].clone();
        let mut ready = 0;
        for (i, node) in nodes.iter().enumerate() {
            let suffix = names::suffix(&[&self.seed, uid(&d), node], 5);
            let id = Identity {
                name: format!("{}-{suffix}", name(&d)),
                uid: String::new(),
                created: born,
                node: Some(node),
                labels: vec![("controller-revision-hash", revision.clone()), ("pod-template-generation", "1".into())],
                generate_name: Some(format!("{}-", name(&d))),
            };
            ready += i64::from(self.stamp(&d, &template, id, &pod_hint(hints, i)));
        }
        let n = nodes.len() as i64;
        d["status"] = workload::daemonset_status(&d, Counts { desired: n, current: n, updated: n, ready });
        self.objects.push(d);
    }

    /// A job and its pod. Hints: `state` (`complete`, `failed`, `active`) and `took`.
    pub fn add_job(&mut self, mut j: Value, hints: &Value) {
        let id = uid(&j).to_owned();
        workload::default_job(&mut j, &id);
        let begun = created(&j, self.now);
        let took = hints["took"].as_str().and_then(times::seconds).unwrap_or(12);
        let (state, pod_state) = match text(hints, "state") {
            "active" => (JobState::Active, "running"),
            "failed" => (JobState::Failed(int(&j, "spec.backoffLimit") + 1), "failed"),
            _ => (JobState::Complete, "completed"),
        };
        j["status"] = workload::job_status(state, begun, took);
        let pod_name = format!("{}-{}", name(&j), names::suffix(&[&self.seed, name(&j)], 5));
        let generate = format!("{}-", name(&j));
        let identity = Identity {
            name: pod_name,
            uid: String::new(),
            created: begun,
            node: None,
            labels: Vec::new(),
            generate_name: Some(generate),
        };
        let template = j["spec"]["template"].clone();
        let since = self.now.duration_since(begun).as_secs() - took;
        let hint = json!({"state": pod_state, "since": format!("{}s", since.max(1)), "exitCode": hints["exitCode"]});
        self.stamp(&j, &template, identity, &hint);
        self.objects.push(j);
    }

    /// A cron job with its last jobs. Hints: `every: 1h`, `last: 20m`, `runs: 2`, `state` of the newest.
    pub fn add_cronjob(&mut self, mut c: Value, hints: &Value) {
        let spec = &mut c["spec"];
        pod::fill(spec, "concurrencyPolicy", "Allow");
        pod::fill(spec, "suspend", false);
        pod::fill(spec, "successfulJobsHistoryLimit", 3);
        pod::fill(spec, "failedJobsHistoryLimit", 1);
        pod::default_template(&mut spec["jobTemplate"]["spec"]["template"]["spec"]);
        let seconds = |key: &str| hints[key].as_str().and_then(times::seconds);
        if let (Some(every), Some(last)) = (seconds("every"), seconds("last")) {
            for run in 0..int(hints, "runs").max(1) {
                let ago = last + run * every;
                let began = times::shift(self.now, -ago);
                let state = if run == 0 { text(hints, "state") } else { "complete" };
                let mut job = json!({
                    "apiVersion": "batch/v1", "kind": "Job",
                    "metadata": {
                        "name": format!("{}-{}", name(&c), began.as_second() / 60), "namespace": namespace(&c),
                        "labels": at(&c, "spec.jobTemplate.metadata.labels"), "ownerReferences": [crate::value::owned_by(&c)],
                        "annotations": {"batch.kubernetes.io/cronjob-scheduled-timestamp": times::text(began)},
                    },
                    "spec": at(&c, "spec.jobTemplate.spec"),
                });
                self.identify(&mut job, &json!({"age": format!("{ago}s")}));
                if run == 0 && state == "active" {
                    c["status"]["active"] = json!([{"apiVersion": "batch/v1", "kind": "Job", "name": name(&job), "namespace": namespace(&job), "uid": uid(&job)}]);
                }
                self.add_job(job, &json!({"state": state, "took": hints["took"], "exitCode": hints["exitCode"]}));
            }
            c["status"]["lastScheduleTime"] = times::text(times::shift(self.now, -last)).into();
            if text(hints, "state") != "failed" {
                c["status"]["lastSuccessfulTime"] = times::text(times::shift(self.now, 30 - last).min(self.now)).into();
            }
        }
        pod::fill(&mut c, "status", json!({}));
        self.objects.push(c);
    }

    /// A pod nobody owns, written out in the world.
    pub fn add_bare_pod(&mut self, object: Value, hints: &Value) {
        let template = json!({"metadata": {"labels": at(&object, "metadata.labels"), "annotations": at(&object, "metadata.annotations")},
                              "spec": object["spec"]});
        let owner = json!({"metadata": {"namespace": namespace(&object)}});
        let id = Identity {
            name: name(&object).to_owned(),
            uid: String::new(),
            created: created(&object, self.now),
            node: object["spec"]["nodeName"].as_str(),
            labels: Vec::new(),
            generate_name: None,
        };
        self.stamp(&owner, &template, id, hints);
    }
}

/// What kubelet and scheduler said about the pod within the hour that events live.
fn happenings(pod: &Value, state: &PodState, hint: &Value, begun: Timestamp, now: Timestamp, node: &str) -> Vec<Value> {
    let mut out = Vec::new();
    let hour = times::shift(now, -3540);
    let container = match state.container.as_str() {
        "" => list(pod, "spec.containers").first().map_or("", |c| text(c, "name")),
        given => given,
    };
    let image = list(pod, "spec.containers").iter().find(|c| c["name"] == container).map_or("", |c| text(c, "image"));
    let field = format!("spec.containers{{{container}}}");
    let kubelet = |warning, reason, message: String, count| Happening {
        warning,
        reason,
        message,
        source: "kubelet",
        host: node,
        field: field.clone(),
        count,
    };
    let mut say = |what: Happening<'_>, first: Timestamp, last: Timestamp| {
        out.push(event(pod, &what, first.max(hour), last.max(hour)))
    };
    if begun > hour && state.kind != "unschedulable" {
        let scheduled = Happening {
            reason: "Scheduled",
            source: "default-scheduler",
            count: 1,
            message: format!("Successfully assigned {}/{} to {node}", namespace(pod), name(pod)),
            ..Happening::default()
        };
        say(scheduled, begun, begun);
        if !matches!(state.kind.as_str(), "imagepull" | "creating" | "configerror" | "init") {
            say(
                kubelet(false, "Pulled", format!("Container image \"{image}\" already present on machine"), 1),
                begun,
                begun,
            );
            say(kubelet(false, "Created", format!("Created container: {container}"), 1), begun, begun);
            say(kubelet(false, "Started", format!("Started container {container}"), 1), begun, begun);
        }
    }
    let recently = times::shift(now, -40);
    let times_seen = (now.duration_since(begun.max(hour)).as_secs() / 25).max(1);
    match state.kind.as_str() {
        "crashloop" | "oom" => say(
            kubelet(
                true,
                "BackOff",
                format!(
                    "Back-off restarting failed container {container} in pod {}_{}({})",
                    name(pod),
                    namespace(pod),
                    uid(pod)
                ),
                times_seen,
            ),
            begun,
            recently,
        ),
        "imagepull" => {
            let why = hint["why"].as_str().unwrap_or("not found");
            let message = format!(
                "Failed to pull image \"{image}\": rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": {why}"
            );
            say(kubelet(true, "Failed", message, (times_seen / 8).max(1)), begun, times::shift(now, -150));
            say(kubelet(false, "BackOff", format!("Back-off pulling image \"{image}\""), times_seen), begun, recently);
        }
        "notready" if !state.message.is_empty() => {
            let since = if state.since > 0 { times::shift(now, -state.since) } else { begun };
            say(
                kubelet(true, "Unhealthy", format!("Readiness probe failed: {}", state.message), times_seen),
                since,
                times::shift(now, -6),
            );
        }
        "configerror" => say(kubelet(true, "Failed", format!("Error: {}", state.message), times_seen), begun, recently),
        "unschedulable" => {
            let what = Happening {
                warning: true,
                reason: "FailedScheduling",
                source: "default-scheduler",
                message: state.message.clone(),
                count: (times_seen / 12).max(1),
                ..Happening::default()
            };
            say(what, begun, times::shift(now, -100));
        }
        _ => {}
    }
    out
}
