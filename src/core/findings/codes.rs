//! All codes that a finding can have. A code is never reused for something else; scripts match on them.

use crate::resources::Level;
use Topic as T;

/// What a finding is about; findings of one topic stand together on the home page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Topic {
    CertificateExpired,
    CertificateNotIssued,
    IssuerNotReady,
    AppDegraded,
    RouteBroken,
    TenantDegraded,
    CertificateOverdue,
    CertificateMismatch,
    HostConflict,
    RouteWarning,
    NotAsDeclared,
    Quota,
    CertificateWarning,
}

impl Topic {
    /// The headline over `n` findings.
    pub fn title(self, n: usize) -> String {
        let (one, many) = match self {
            Self::CertificateExpired => ("certificate has expired", "certificates have expired"),
            Self::CertificateNotIssued => ("certificate cannot be issued", "certificates cannot be issued"),
            Self::IssuerNotReady => ("issuer is not ready", "issuers are not ready"),
            Self::AppDegraded => ("app is degraded", "apps are degraded"),
            Self::RouteBroken => ("route is broken", "routes are broken"),
            Self::TenantDegraded => ("tenant is degraded", "tenants are degraded"),
            Self::CertificateOverdue => {
                ("certificate is past its renewal time", "certificates are past their renewal time")
            }
            Self::CertificateMismatch => ("certificate does not fit", "certificates do not fit"),
            Self::HostConflict => ("host claimed twice", "hosts claimed twice"),
            Self::RouteWarning => ("route wants attention", "routes want attention"),
            Self::NotAsDeclared => ("app is not as declared", "apps are not as declared"),
            Self::Quota => ("quota is used up", "quotas are used up"),
            Self::CertificateWarning => ("certificate wants attention", "certificates want attention"),
        };
        format!("{n} {}", if n == 1 { one } else { many })
    }
}

/// A code and what it stands for.
#[derive(Clone, Copy, Debug)]
pub struct Code {
    pub code: &'static str,
    pub topic: Topic,
    pub level: Level,
    /// What it means, for the list of codes in the documentation.
    pub meaning: &'static str,
}

const fn c(code: &'static str, topic: Topic, level: Level, meaning: &'static str) -> Code {
    Code { code, topic, level, meaning }
}

/// Every code there is, by name.
pub const ALL: &[Code] = &[
    c("APP_DEGRADED", T::AppDegraded, Level::Bad, "a workload of the app is not ready"),
    c("APP_MISSING", T::AppDegraded, Level::Bad, "the app's release is there but nothing of it runs"),
    c("APP_OUT_OF_SYNC", T::NotAsDeclared, Level::Warn, "the cluster differs from what git declares"),
    c("APP_SYNC_FAILED", T::AppDegraded, Level::Bad, "Argo CD, Flux or Helm could not apply the app"),
    c(
        "CA_BUNDLE_BROKEN",
        T::CertificateWarning,
        Level::Bad,
        "a CA bundle of a webhook or an aggregated API is no longer valid",
    ),
    c("CERT_ACCOUNT", T::CertificateNotIssued, Level::Bad, "the ACME account is missing, deactivated or refused"),
    c("CERT_CAA_FORBIDS", T::CertificateNotIssued, Level::Bad, "a CAA record forbids this authority"),
    c(
        "CERT_CHAIN_BROKEN",
        T::CertificateMismatch,
        Level::Warn,
        "the certificates after the leaf do not lead to its issuer",
    ),
    c("CERT_CHALLENGE_INVALID", T::CertificateNotIssued, Level::Bad, "the authority refused the challenge"),
    c("CERT_CHALLENGE_PENDING", T::CertificateNotIssued, Level::Bad, "the challenge does not get through"),
    c("CERT_CLOCK_SKEW", T::CertificateMismatch, Level::Warn, "cert-manager's clock and this one differ"),
    c("CERT_COPY_OLD", T::CertificateMismatch, Level::Warn, "a copied Secret is older than its source"),
    c("CERT_DNS_BROKEN", T::CertificateNotIssued, Level::Bad, "DNS does not answer rightly for the host"),
    c("CERT_DNS_CREDENTIALS", T::CertificateNotIssued, Level::Bad, "the DNS provider refuses the solver's credentials"),
    c(
        "CERT_DNS_ELSEWHERE",
        T::CertificateNotIssued,
        Level::Bad,
        "the host points to another address than this cluster's",
    ),
    c("CERT_DNS_NO_RECORD", T::CertificateNotIssued, Level::Bad, "the host has no A or AAAA record"),
    c("CERT_DNS_PROVIDER", T::CertificateNotIssued, Level::Bad, "the DNS-01 record cannot be written"),
    c("CERT_DNS_TXT_MISSING", T::CertificateNotIssued, Level::Bad, "the DNS-01 TXT record is not seen"),
    c("CERT_DNS_ZONE", T::CertificateNotIssued, Level::Bad, "no zone for the DNS-01 record is found"),
    c("CERT_EXPIRED", T::CertificateExpired, Level::Bad, "the certificate is no longer valid"),
    c(
        "CERT_HTTP_REDIRECTED",
        T::CertificateNotIssued,
        Level::Bad,
        "the HTTP-01 path is redirected to where no answer is",
    ),
    c("CERT_HTTP_UNREACHABLE", T::CertificateNotIssued, Level::Bad, "the HTTP-01 address does not answer"),
    c("CERT_HTTP_WRONG_ANSWER", T::CertificateNotIssued, Level::Bad, "something else answers the HTTP-01 path"),
    c("CERT_INVALID_REQUEST", T::CertificateNotIssued, Level::Bad, "the certificate's specification cannot be signed"),
    c("CERT_ISSUER_MISSING", T::CertificateNotIssued, Level::Bad, "the issuer that is named does not exist"),
    c("CERT_ISSUER_NOT_READY", T::CertificateNotIssued, Level::Bad, "the issuer is not ready"),
    c("CERT_ISSUER_SECRET", T::CertificateNotIssued, Level::Bad, "a Secret that the issuer needs is missing or wrong"),
    c("CERT_ISSUER_UNREACHABLE", T::CertificateNotIssued, Level::Bad, "the issuer's server cannot be reached"),
    c(
        "CERT_ISSUER_UNTRUSTED",
        T::CertificateNotIssued,
        Level::Bad,
        "the issuer's server is not trusted by cert-manager",
    ),
    c(
        "CERT_KEY_DIFFERS",
        T::CertificateMismatch,
        Level::Warn,
        "the key is not of the sort that the specification wants",
    ),
    c("CERT_KEY_MISMATCH", T::CertificateMismatch, Level::Bad, "the Secret's key does not belong to its certificate"),
    c("CERT_MANAGER_CRDS", T::IssuerNotReady, Level::Bad, "CRDs of cert-manager are missing"),
    c("CERT_MANAGER_DOWN", T::IssuerNotReady, Level::Bad, "cert-manager's controller does not run"),
    c("CERT_MANAGER_WEBHOOK", T::IssuerNotReady, Level::Bad, "cert-manager's webhook does not run"),
    c(
        "CERT_NAMES_DIFFER",
        T::CertificateMismatch,
        Level::Warn,
        "the Secret's certificate lacks names of the specification",
    ),
    c("CERT_NOT_APPROVED", T::CertificateNotIssued, Level::Warn, "the request waits for approval"),
    c("CERT_NOT_YET_VALID", T::CertificateMismatch, Level::Bad, "the certificate's validity begins in the future"),
    c("CERT_ODD", T::CertificateWarning, Level::Warn, "the certificate has something that clients refuse"),
    c("CERT_ORDER_EXPIRED", T::CertificateNotIssued, Level::Bad, "the order took too long"),
    c("CERT_ORDER_FAILED", T::CertificateNotIssued, Level::Bad, "the authority refused the order"),
    c("CERT_RATE_LIMIT", T::CertificateNotIssued, Level::Bad, "a rate limit of the authority is used up"),
    c("CERT_REJECTED_NAME", T::CertificateNotIssued, Level::Bad, "the authority does not issue for this name"),
    c("CERT_RENEWAL_OFF", T::CertificateWarning, Level::Warn, "renewal is switched off and the end comes near"),
    c("CERT_RENEWAL_OVERDUE", T::CertificateOverdue, Level::Warn, "the renewal time has passed"),
    c("CERT_REQUEST_DENIED", T::CertificateNotIssued, Level::Bad, "the request was denied"),
    c("CERT_SECRET_BROKEN", T::CertificateMismatch, Level::Bad, "the Secret holds no readable certificate"),
    c("CERT_SECRET_EMPTY", T::CertificateMismatch, Level::Bad, "the Secret is empty"),
    c("CERT_SECRET_MISSING", T::CertificateNotIssued, Level::Bad, "the Secret is gone"),
    c("CERT_SECRET_SHARED", T::CertificateMismatch, Level::Warn, "two Certificates write one Secret"),
    c("CERT_SECRET_TYPE", T::CertificateMismatch, Level::Warn, "the Secret is not of the type kubernetes.io/tls"),
    c("CERT_SERVED_DEFAULT", T::CertificateMismatch, Level::Bad, "the host serves its proxy's default certificate"),
    c("CERT_SERVED_NONE", T::CertificateMismatch, Level::Bad, "the host serves no certificate"),
    c("CERT_SERVED_OLD", T::CertificateMismatch, Level::Warn, "the host still serves the certificate before"),
    c(
        "CERT_SERVED_OTHER",
        T::CertificateMismatch,
        Level::Warn,
        "the host serves another certificate than the Secret's",
    ),
    c("CERT_SERVED_TROUBLE", T::CertificateMismatch, Level::Bad, "clients do not take what the host serves"),
    c("CERT_SERVER_ERROR", T::CertificateNotIssued, Level::Bad, "the authority has a fault or cannot be reached"),
    c("CERT_SOLVER_CLASS", T::CertificateNotIssued, Level::Bad, "nobody serves the solver's ingress class"),
    c("CERT_SOLVER_NOT_READY", T::CertificateNotIssued, Level::Bad, "the solver pod is not ready"),
    c("CERT_UNKNOWN", T::CertificateNotIssued, Level::Bad, "issuing failed for a reason not in the dictionary"),
    c("CERT_UNMANAGED_EXPIRING", T::CertificateWarning, Level::Warn, "a certificate that nobody renews nears its end"),
    c("CERT_WILDCARD_DEPTH", T::CertificateMismatch, Level::Warn, "a wildcard stands for one label only"),
    c("CSR_FAILED", T::CertificateWarning, Level::Warn, "a CertificateSigningRequest was not signed"),
    c("CSR_PENDING", T::CertificateWarning, Level::Warn, "a CertificateSigningRequest waits for approval"),
    c("ISSUER_BUDGET_LOW", T::CertificateWarning, Level::Warn, "little is left of a rate limit"),
    c("ISSUER_CA_ENDS", T::IssuerNotReady, Level::Warn, "the authority's own certificate ends"),
    c("ISSUER_NOT_READY", T::IssuerNotReady, Level::Warn, "an issuer is not ready"),
    c("ROUTE_BACKEND_PORT", T::RouteBroken, Level::Bad, "the service has no such port"),
    c("ROUTE_CERT_MISMATCH", T::RouteWarning, Level::Warn, "the route's certificate does not cover its host"),
    c("ROUTE_CLASS_UNKNOWN", T::RouteBroken, Level::Bad, "no controller serves the route's class"),
    c("ROUTE_GATEWAY_MISSING", T::RouteBroken, Level::Bad, "the route's gateway does not exist"),
    c("ROUTE_HOST_CONFLICT", T::HostConflict, Level::Warn, "two objects claim the same host and path"),
    c("ROUTE_MIDDLEWARE_MISSING", T::RouteBroken, Level::Bad, "a middleware of the route does not exist"),
    c("ROUTE_NOT_ACCEPTED", T::RouteBroken, Level::Bad, "the controller did not accept the route"),
    c("ROUTE_NO_ENDPOINTS", T::RouteBroken, Level::Bad, "the route's service has no ready endpoint"),
    c("ROUTE_NO_SERVICE", T::RouteBroken, Level::Bad, "the route's service does not exist"),
    c("ROUTE_TLS_MISSING", T::RouteWarning, Level::Warn, "the route's TLS Secret does not exist"),
    c("TENANT_DEGRADED", T::TenantDegraded, Level::Bad, "a workload of the tenant is not ready"),
    c("TENANT_DELETING", T::TenantDegraded, Level::Warn, "a namespace of the tenant waits to be deleted"),
    c("TENANT_QUOTA_FULL", T::Quota, Level::Warn, "a quota of the tenant is used up"),
];

/// What a code stands for; `None` for one that does not exist.
pub fn get(code: &str) -> Option<&'static Code> {
    ALL.binary_search_by(|c| c.code.cmp(code)).ok().map(|i| &ALL[i])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_unique_and_explained() {
        assert!(ALL.windows(2).all(|w| w[0].code < w[1].code), "sorted: get() searches by halves");
        assert!(ALL.iter().all(|c| !c.meaning.is_empty() && c.level > Level::Busy));
        assert_eq!(get("CERT_DNS_NO_RECORD").map(|c| c.topic), Some(Topic::CertificateNotIssued));
        assert!(get("NONSENSE").is_none());
    }
}
