#!/usr/bin/env python3
"""Condenses the field numbers of Kubernetes' protobuf messages into builtin.wire.

    condense_wire.py DIRECTORY_OF_k8s.io_MODULES

reads every generated.proto below the api, apimachinery, apiextensions-apiserver
and kube-aggregator modules (Apache-2.0) and writes, for the messages that
builtin.types names, `message` lines and ` number name type` lines. A field that
JSON does not show (an embedded struct) has the name `~`.
"""
import glob, os, re, sys

root = sys.argv[1]
here = os.path.dirname(os.path.abspath(__file__))
shapes, current = {}, None
for line in open(f"{here}/builtin.types"):
    if line.startswith(" "):
        shapes[current].add(line.split()[0].rstrip("!"))
    elif line.strip():
        current = line.split()[0]
        shapes[current] = set()
PREFIXES = [("k8s.io.apimachinery.pkg.apis.meta.", "meta."),
            ("k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.", "apiextensions."),
            ("k8s.io.kube_aggregator.pkg.apis.apiregistration.", "apiregistration."), ("k8s.io.api.", "")]
WIRE = {"k8s.io.apimachinery.pkg.api.resource.Quantity": "quantity", "k8s.io.apimachinery.pkg.util.intstr.IntOrString": "int-or-string",
        "k8s.io.apimachinery.pkg.apis.meta.v1.Time": "time", "k8s.io.apimachinery.pkg.apis.meta.v1.MicroTime": "time",
        "k8s.io.apimachinery.pkg.runtime.RawExtension": "raw", "k8s.io.apimachinery.pkg.apis.meta.v1.FieldsV1": "raw",
        "k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON": "raw"}
BASE = {"int32", "int64", "bool", "string", "bytes", "double"}


def short(name, package):
    full = name if name.startswith("k8s.io") else f"{package}.{name}"
    if full in WIRE:
        return WIRE[full]
    for long, brief in PREFIXES:
        if full.startswith(long):
            return brief + full[len(long):]
    return full


messages = {}
for module in ["api@*", "apimachinery@*", "apiextensions-apiserver@*", "kube-aggregator@*"]:
    for path in glob.glob(f"{root}/{module}/**/generated.proto", recursive=True):
        package, message = None, None
        for line in open(path):
            line = line.strip()
            if line.startswith("package "):
                package = line[8:-1]
            elif m := re.match(r"message (\w+) {", line):
                message = short(m.group(1), package)
                messages[message] = []
            elif m := re.match(r"(?:map<string,\s*(?P<inner>[\w.]+)>|(?P<mode>optional|repeated)\s+(?P<kind>[\w.]+))\s+(?P<name>\w+) = (?P<number>\d+);", line):
                mode, inner, kind, name, number = (m[k] for k in ["mode", "inner", "kind", "name", "number"])
                t = (inner or kind).lstrip(".")
                t = t if t in BASE else short(t, package)
                t = "[" + t + "]" if mode == "repeated" else "{" + t + "}" if inner else t
                messages[message].append((int(number), name, t))
# Lists that protobuf wraps into a message of their own.
WRAPPED = {m: f[0][2] for m, f in messages.items() if len(f) == 1 and f[0][1] == "items" and m not in shapes}
out, todo, done = [], sorted(shapes), set()
while todo:
    name = todo.pop(0)
    if name in done or name not in messages:
        continue
    done.add(name)
    out.append(name)
    for number, field, t in messages[name]:
        bare = t.strip("[]{}")
        if bare in messages and bare not in done:
            todo.append(bare)
        plain = lambda f: f.replace("-", "").replace("$", "").lower()
        shown = field
        if name in shapes and field not in shapes[name]:
            shown = next((f for f in shapes[name] if plain(f) == plain(field)), "~" if t == bare and bare in messages else field)
        out.append(f" {number} {shown} {t}")
open(f"{here}/builtin.wire", "w").write("\n".join(out) + "\n")
