//! An ACME server with the DNS that it asks: Let's Encrypt's Pebble, and BIND with the zone `lab.test`, which takes
//! RFC 2136 updates under a TSIG key. A second Pebble asks a DNS server that knows no TXT record, so that every
//! DNS-01 validation fails there.

use std::fs;
use std::path::{Path, PathBuf};

use base64::Engine;
use rcgen::KeyPair;
use serde_json::{Value, json};

use crate::debian::{Unpacked, named};
use crate::http::Client;
use crate::keeper::{Janitor, Service, answers};
use crate::programs::{Module, Programs, built};
use crate::real::{free_ports, janitor, new_folder};

/// The zone that BIND serves.
pub const ZONE: &str = "lab.test";
/// The name of the TSIG key that may update it.
pub const TSIG_NAME: &str = "cm";
/// A host of the zone that has no address.
pub const ABSENT: &str = "absent.lab.test";
/// A name that the ACME servers refuse by policy.
pub const REFUSED: &str = "blocked.lab.test";

/// BIND, two Pebbles, and the DNS server that knows nothing.
pub struct Acme {
    /// BIND. Stop it to see what happens when DNS is gone.
    pub bind: Service,
    /// The Pebble that asks BIND.
    pub pebble: Service,
    /// The Pebble whose validations fail, because it asks a DNS server without a TXT record.
    pub blind: Service,
    _blind_dns: Service,
    state: PathBuf,
    dns: u16,
    ports: [u16; 4],
    tsig: String,
    address: String,
    authority: String,
    _janitor: Option<Janitor>,
}

impl Acme {
    /// Starts all of it. Every host of the zone lies at `address`, and HTTP-01 is validated on `http_port` there.
    pub fn start(address: &str, http_port: u16) -> Result<Acme, String> {
        let programs = built(Module::Pebble)?;
        let bind = named()?;
        let module = Module::Pebble.dependency("github.com/letsencrypt/pebble/v2")?.join("test/certs");
        let authority = fs::read_to_string(module.join("pebble.minica.pem")).map_err(|e| e.to_string())?;
        let state = new_folder("acme").map_err(|e| e.to_string())?;
        let janitor = janitor(&state)?;
        let [dns, pebble, pebble_management, blind, blind_management, empty_dns, empty_management] = free_ports();
        // The last bytes of a key pair that serves nothing else are as good as dice.
        let dice = KeyPair::generate().map_err(|e| e.to_string())?.serialize_der();
        let tsig = base64::engine::general_purpose::STANDARD.encode(&dice[dice.len() - 32..]);
        let acme = Acme {
            bind: name_server(&bind, &state, dns),
            pebble: certifier("pebble", &programs, &state, [pebble, pebble_management, dns]),
            blind: certifier("blind-pebble", &programs, &state, [blind, blind_management, empty_dns]),
            _blind_dns: empty(&programs, &state, [empty_dns, empty_management]),
            state,
            dns,
            ports: [pebble, pebble_management, blind, blind_management],
            tsig,
            address: address.to_owned(),
            authority,
            _janitor: janitor,
        };
        acme.write(&module, http_port).map_err(|e| format!("{}: {e}", acme.state.display()))?;
        acme.bind.start()?;
        acme._blind_dns.start()?;
        acme.pebble.start()?;
        acme.blind.start()?;
        Ok(acme)
    }

    /// Where BIND answers, as `host:port`.
    pub fn nameserver(&self) -> String {
        format!("127.0.0.1:{}", self.dns)
    }

    /// The TSIG key's secret, as cert-manager's Secret holds it.
    pub fn tsig(&self) -> &str {
        &self.tsig
    }

    /// The directory of the Pebble that can validate.
    pub fn directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.ports[0])
    }

    /// The directory of the Pebble that cannot.
    pub fn blind_directory(&self) -> String {
        format!("https://127.0.0.1:{}/dir", self.ports[2])
    }

    /// The authority of both directories' own certificates, PEM: an issuer's `caBundle`, in base64.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// The root, PEM, under which the first Pebble issues. A new one each time it starts.
    pub fn root(&self) -> Result<String, String> {
        let answer = manager(self.ports[1], &self.authority)?.get("/roots/0").map_err(|e| e.to_string())?;
        Ok(answer.text())
    }

    /// Rewrites the zone with these lines added to the usual ones, and starts BIND anew. Updates since are lost.
    pub fn records(&self, lines: &[&str]) -> Result<(), String> {
        self.bind.stop();
        self.write_zone(lines).map_err(|e| e.to_string())?;
        self.bind.start()
    }

    /// An ACME issuer's `spec` for a directory and one solver.
    pub fn issuer(&self, directory: &str, account: &str, solver: Value) -> Value {
        let bundle = base64::engine::general_purpose::STANDARD.encode(&self.authority);
        json!({"acme": {
            "server": directory, "email": "ops@lab.test", "caBundle": bundle,
            "privateKeySecretRef": {"name": account}, "solvers": [solver],
        }})
    }

    /// A DNS-01 solver that updates BIND under the TSIG key of this Secret (its key is `key`).
    pub fn dns01(&self, secret: &str) -> Value {
        json!({"dns01": {"rfc2136": {
            "nameserver": self.nameserver(), "tsigKeyName": TSIG_NAME, "tsigAlgorithm": "HMACSHA256",
            "tsigSecretSecretRef": {"name": secret, "key": "key"},
        }}})
    }

    fn write(&self, certificates: &Path, http_port: u16) -> std::io::Result<()> {
        let here = self.state.display();
        let options = format!(
            "directory \"{here}\"; listen-on port {port} {{ 127.0.0.1; }}; listen-on-v6 {{ none; }}; recursion no; \
             allow-query {{ 127.0.0.0/8; }}; pid-file \"{here}/named.run\"; session-keyfile \"{here}/session.key\"; \
             dnssec-validation no; managed-keys-directory \"{here}\";",
            port = self.dns
        );
        let config = format!(
            "options {{ {options} }};\ncontrols {{ }};\n\
             key \"{TSIG_NAME}.\" {{ algorithm hmac-sha256; secret \"{tsig}\"; }};\n\
             zone \"{ZONE}\" {{ type master; file \"zone\"; allow-update {{ key \"{TSIG_NAME}.\"; }}; }};\n",
            tsig = self.tsig
        );
        fs::write(self.state.join("named.conf"), config)?;
        self.write_zone(&[])?;
        for (name, at) in [("pebble", 0), ("blind-pebble", 2)] {
            let config = json!({"pebble": {
                "listenAddress": format!("127.0.0.1:{}", self.ports[at]),
                "managementListenAddress": format!("127.0.0.1:{}", self.ports[at + 1]),
                "certificate": certificates.join("localhost/cert.pem"),
                "privateKey": certificates.join("localhost/key.pem"),
                "httpPort": http_port, "tlsPort": 5001, "ocspResponderURL": "",
                "externalAccountBindingRequired": false, "domainBlocklist": [REFUSED],
                "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
                "profiles": {
                    "default": {"description": "90 days", "validityPeriod": 7_776_000},
                    "shortlived": {"description": "6 days", "validityPeriod": 518_400},
                },
            }});
            fs::write(self.state.join(format!("{name}.json")), config.to_string())?;
        }
        Ok(())
    }

    fn write_zone(&self, lines: &[&str]) -> std::io::Result<()> {
        // The journal of updates belongs to the zone that it continues.
        let _ = fs::remove_file(self.state.join("zone.jnl"));
        let mut zone = format!(
            "$TTL 5\n@ IN SOA ns.{ZONE}. root.{ZONE}. 1 60 60 600 5\n  IN NS ns.{ZONE}.\nns.{ZONE}. IN A 127.0.0.1\n\
             *.{ZONE}. IN A {}\n{ABSENT}. IN TXT \"a name with a record, which the wildcard does not stand for\"\n",
            self.address
        );
        for line in lines {
            zone.push_str(line);
            zone.push('\n');
        }
        fs::write(self.state.join("zone"), zone)
    }
}

fn name_server(bind: &Unpacked, state: &Path, port: u16) -> Service {
    let arguments = ["-4", "-g", "-c"].map(str::to_owned);
    let config = state.join("named.conf").display().to_string();
    let ready = move |_: &str| answers(port);
    Service::new("named", &bind.program, [&arguments[..], &[config]].concat(), state, ready)
        .with("LD_LIBRARY_PATH", &bind.libraries)
}

fn certifier(name: &str, programs: &Programs, state: &Path, [port, _, dns]: [u16; 3]) -> Service {
    let config = state.join(format!("{name}.json")).display().to_string();
    let arguments = ["-config".to_owned(), config, "-dnsserver".to_owned(), format!("127.0.0.1:{dns}")];
    let ready = move |_: &str| answers(port);
    Service::new(name, &programs.path("pebble"), arguments.to_vec(), state, ready)
        .with("PEBBLE_VA_NOSLEEP", "1")
        // Every order is checked anew; else half of the renewals pass whatever the host answers.
        .with("PEBBLE_AUTHZREUSE", "0")
        .with("PEBBLE_WFE_NONCEREJECT", "0")
}

fn empty(programs: &Programs, state: &Path, [dns, management]: [u16; 2]) -> Service {
    let mut arguments = vec![format!("-dnsserver=127.0.0.1:{dns}"), format!("-management=127.0.0.1:{management}")];
    arguments.extend(["http01", "https01", "tlsalpn01", "doh", "defaultIPv6"].map(|flag| format!("-{flag}=")));
    let ready = move |_: &str| answers(management);
    Service::new("empty-dns", &programs.path("pebble-challtestsrv"), arguments, state, ready)
}

fn manager(port: u16, authority: &str) -> Result<Client, String> {
    let bundle = base64::engine::general_purpose::STANDARD.encode(authority);
    let config = json!({
        "clusters": [{"name": "p", "cluster":
            {"server": format!("https://127.0.0.1:{port}"), "certificate-authority-data": bundle}}],
        "contexts": [{"name": "p", "context": {"cluster": "p"}}],
        "current-context": "p",
    });
    Client::from_kubeconfig(&config.to_string())
}
