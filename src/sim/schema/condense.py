#!/usr/bin/env python3
"""Condenses Kubernetes' published API description into the two tables beside this file.

    condense.py KUBERNETES_CHECKOUT

reads api/openapi-spec/swagger.json and api/discovery/*.json (generated files of
Kubernetes, Apache-2.0) and writes builtin.types (field names, types, list keys,
merge keys, required and default) and builtin.kinds (what discovery says).
Prose is left out. Stable versions only.
"""
import glob, json, os, sys

root = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
spec = json.load(open(f"{root}/api/openapi-spec/swagger.json"))["definitions"]
PREFIXES = [
    ("io.k8s.apimachinery.pkg.apis.meta.", "meta."),
    ("io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.", "apiextensions."),
    ("io.k8s.kube-aggregator.pkg.apis.apiregistration.", "apiregistration."),
    ("io.k8s.api.", ""),
]
SCALARS = {
    "io.k8s.apimachinery.pkg.api.resource.Quantity": "quantity",
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
    "io.k8s.apimachinery.pkg.apis.meta.v1.Time": "time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime": "micro-time",
    "io.k8s.apimachinery.pkg.apis.meta.v1.FieldsV1": "any",
    "io.k8s.apimachinery.pkg.runtime.RawExtension": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray": "any",
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray": "any",
}
GROUPS = ["", "apps", "batch", "autoscaling", "networking.k8s.io", "policy", "rbac.authorization.k8s.io",
          "storage.k8s.io", "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "apiextensions.k8s.io",
          "admissionregistration.k8s.io", "certificates.k8s.io", "scheduling.k8s.io", "node.k8s.io",
          "apiregistration.k8s.io", "flowcontrol.apiserver.k8s.io", "authentication.k8s.io", "authorization.k8s.io"]


def short(name):
    for long, brief in PREFIXES:
        if name.startswith(long):
            return brief + name[len(long):]
    raise SystemExit(f"unknown prefix: {name}")


def type_of(s, todo):
    ref = s.get("$ref") or (s.get("allOf") or [{}])[0].get("$ref")
    if ref:
        name = ref.split("/")[-1]
        if name in SCALARS:
            return SCALARS[name]
        if "properties" not in spec[name]:
            return type_of(spec[name], todo)
        todo.append(name)
        return short(name)
    t = s.get("type")
    if t == "array":
        return "[" + type_of(s["items"], todo) + "]"
    if t == "object" and "additionalProperties" in s:
        return "{" + type_of(s["additionalProperties"], todo) + "}"
    if t == "string":
        return {"date-time": "time", "byte": "bytes"}.get(s.get("format"), "string")
    if t == "integer":
        return s.get("format", "int64")
    if t == "number":
        return "number"
    if t == "boolean":
        return "bool"
    return "any"


def marks(s):
    out = []
    kind = s.get("x-kubernetes-list-type") or s.get("x-kubernetes-map-type")
    if kind == "map":
        out.append("map=" + ",".join(s["x-kubernetes-list-map-keys"]))
    elif kind:
        out.append(kind)
    strategy = s.get("x-kubernetes-patch-strategy")
    if strategy:
        out.append("patch=" + strategy)
    if "x-kubernetes-patch-merge-key" in s:
        out.append("merge=" + s["x-kubernetes-patch-merge-key"])
    if "default" in s and s["default"] not in ({}, ""):
        out.append("default=" + json.dumps(s["default"], separators=(",", ":")))
    return out


kinds, roots = [], []
GENERATION = {"pods", "deployments", "replicasets", "statefulsets", "daemonsets", "jobs", "cronjobs", "ingresses",
              "networkpolicies", "poddisruptionbudgets", "replicationcontrollers", "customresourcedefinitions",
              "endpointslices", "priorityclasses", "validatingwebhookconfigurations", "mutatingwebhookconfigurations",
              "validatingadmissionpolicies", "validatingadmissionpolicybindings", "flowschemas",
              "prioritylevelconfigurations", "csidrivers", "podtemplates"}
for group in GROUPS:
    for version in ["v1", "v2"]:
        path = f"{root}/api/discovery/" + (f"apis__{group}__{version}.json" if group else f"api__{version}.json")
        if not os.path.exists(path):
            continue
        resources = json.load(open(path))["resources"]
        for r in resources:
            if "/" in r["name"]:
                continue
            subs = [x["name"].split("/", 1)[1] for x in resources if x["name"].startswith(r["name"] + "/")]
            flags = ["namespaced" if r["namespaced"] else "cluster"]
            if r["name"] in GENERATION:
                flags.append("generation")
            if r["verbs"] == ["create"]:
                flags.append("virtual")
            field = lambda name, values: [f"{name}={','.join(values)}"] if values else []
            kinds.append(" ".join([group or "-", version, r["name"], r["singularName"], r["kind"]] + flags
                         + field("short", r.get("shortNames")) + field("in", r.get("categories")) + field("sub", subs)))
            for name, s in spec.items():
                for gvk in s.get("x-kubernetes-group-version-kind", []):
                    if gvk == {"group": group, "version": version, "kind": r["kind"]} and "properties" in s:
                        roots.append((name, f"{group or '-'}/{version}/{r['kind']}"))
roots += [("io.k8s.api.policy.v1.Eviction", "policy/v1/Eviction"), ("io.k8s.api.autoscaling.v1.Scale", "autoscaling/v1/Scale"),
          ("io.k8s.api.authentication.v1.TokenRequest", "authentication.k8s.io/v1/TokenRequest"),
          ("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions", ""), ("io.k8s.apimachinery.pkg.apis.meta.v1.Status", ""),
          ("io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta", "")]
gvks, todo, done, lines = dict(roots), [r[0] for r in roots], set(), {}
while todo:
    name = todo.pop()
    if name in done:
        continue
    done.add(name)
    s = spec[name]
    head = short(name)
    extra = ([gvks[name]] if gvks.get(name) else []) + [m for m in marks(s)]
    out = [" ".join([head] + extra)]
    for field, f in s["properties"].items():
        bang = "!" if field in s.get("required", []) else ""
        out.append(" ".join(["  " + field + bang, type_of(f, todo)] + marks(f)))
    lines[head] = out
with open(f"{here}/builtin.kinds", "w") as f:
    f.write("\n".join(kinds) + "\n")
with open(f"{here}/builtin.types", "w") as f:
    f.write("\n".join("\n".join(lines[k]) for k in sorted(lines)) + "\n")
