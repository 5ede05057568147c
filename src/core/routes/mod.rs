//! One model of host to leaf over all dialects (Ingress, Traefik, Istio, Gateway API, Knative); one file a dialect. Pure functions of what a store holds.
