//! Each dialect with a route that works and one that does not.

use crate::overview::Overview;
use crate::overview::testing::from_yaml;

const BASE: &str = "apiVersion: v1
kind: Service
metadata: {namespace: shop, name: web, uid: s}
spec: {ports: [{name: http, port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {namespace: shop, name: web-1, uid: e, labels: {kubernetes.io/service-name: web}}
endpoints: [{conditions: {ready: true}}, {conditions: {ready: false}}, {}]
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: nginx, uid: c}
spec: {controller: k8s.io/ingress-nginx}
";

fn codes(yaml: &str) -> Vec<(String, &'static str)> {
    let o = Overview::derive(&from_yaml(&format!("{BASE}---\n{yaml}")), 1_800_000_000);
    let mut all: Vec<_> = o.routes.iter().map(|r| (r.host.to_string(), r.code.unwrap_or("ok"))).collect();
    all.sort();
    all
}

#[test]
fn ingresses_are_followed_to_their_endpoints() {
    let rule = |host: &str, class: &str, service: &str, port: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{namespace: shop, name: i-{host}, uid: {host}}}\nspec: {{ingressClassName: {class}, rules: [{{host: {host}, http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: {service}, port: {{number: {port}}}}}}}}}]}}}}]}}"
        )
    };
    let yaml = [
        rule("a.test", "nginx", "web", "80"),
        rule("b.test", "nginx", "gone", "80"),
        rule("c.test", "nginx", "web", "81"),
        rule("d.test", "traefik", "web", "80"),
    ]
    .join("\n---\n");
    let expected = [
        ("a.test", "ok"),
        ("b.test", "ROUTE_NO_SERVICE"),
        ("c.test", "ROUTE_BACKEND_PORT"),
        ("d.test", "ROUTE_CLASS_UNKNOWN"),
    ];
    assert_eq!(codes(&yaml), expected.map(|(h, c)| (h.to_owned(), c)));
}

#[test]
fn gateway_api_istio_and_knative_routes_are_known() {
    let yaml = "apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {namespace: shop, name: gw, uid: g}
spec: {gatewayClassName: x, listeners: [{name: https, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: gw-tls}]}}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: shop, name: ok, uid: h1}
spec: {parentRefs: [{name: gw}], hostnames: [gw.test], rules: [{backendRefs: [{name: web, port: 80}]}]}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {namespace: shop, name: refused, uid: h2}
spec: {parentRefs: [{name: gw}], hostnames: [no.test], rules: [{backendRefs: [{name: web, port: 80}]}]}
status: {parents: [{conditions: [{type: Accepted, status: 'False', reason: NotAllowedByListeners, message: not allowed}]}]}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {namespace: istio-system, name: public, uid: ig}
spec: {servers: [{hosts: ['*'], tls: {mode: SIMPLE, credentialName: wild}}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {namespace: shop, name: v, uid: v}
spec: {hosts: [mesh.test], gateways: [istio-system/public], http: [{route: [{destination: {host: web.shop.svc.cluster.local, port: {number: 80}}}]}]}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {namespace: shop, name: w, uid: w}
spec: {hosts: [lost.test], gateways: [istio-system/absent], http: [{route: [{destination: {host: web}}]}]}
---
apiVersion: serving.knative.dev/v1
kind: Service
metadata: {namespace: shop, name: k, uid: k}
status: {url: 'https://k.test', conditions: [{type: Ready, status: 'True'}]}";
    let expected = [
        ("gw.test", "ok"),
        ("k.test", "ok"),
        ("lost.test", "ROUTE_GATEWAY_MISSING"),
        ("mesh.test", "ok"),
        ("no.test", "ROUTE_NOT_ACCEPTED"),
    ];
    assert_eq!(codes(yaml), expected.map(|(h, c)| (h.to_owned(), c)));
}
