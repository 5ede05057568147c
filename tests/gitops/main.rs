//! GitOps for real: Argo CD with its repositories in Gitea, and Flux's kustomize-controller, on the real control
//! plane. What `qd` is told to do has to happen in the cluster, and what it says of an app has to be what is wrong.

mod argocd;
mod flux;
mod ground;
