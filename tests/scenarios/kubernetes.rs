//! Tests the recipe in `docs/providers/kubernetes.md`. The API server of a Kubernetes cluster
//! answers only requests with a service account token. So Envoy sends its own token when it fetches
//! the cluster's keys.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use crate::world::start;
use support::{
    driver::{Exchange, Request, Setup},
    envoy::{InEnvoy, front::TlsServer, process::new_folder, version},
    http::{Headers, response},
    on_both_builds,
    server::{Reply, Server, Then},
    signer::Signer,
    tls::AUTHORITY,
};

on_both_builds!(
    the_keys_of_the_api_server_are_fetched_with_the_pods_token,
    without_a_token_the_api_server_gives_no_keys,
);

const PAGE: &str = include_str!("../../docs/providers/kubernetes.md");

/// Searches the page `kubernetes.md` for the first YAML block that contains this text.
fn block(text: &str) -> &'static str {
    let blocks = PAGE.split("```yaml").skip(1);
    let mut blocks = blocks.map(|block| block.split_once("```").unwrap().0);
    let block = blocks.find(|block| block.contains(text)).unwrap();
    block.split_once('\n').unwrap().1
}

/// A Kubernetes cluster: an API server behind TLS, and a volume with the service account token of
/// Envoy's pod.
struct Cluster {
    signer: Signer,
    /// The token that the API server accepts.
    accepted: Arc<Mutex<&'static str>>,
    /// The statuses of the API server's answers.
    answers: Arc<Mutex<Vec<u16>>>,
    volume: PathBuf,
    server: TlsServer,
    _plain: Server,
}

impl Cluster {
    fn new() -> Self {
        let signer = Signer::new(Algorithm::Rs256);
        let accepted = Arc::new(Mutex::new("first"));
        let answers = Arc::<Mutex<Vec<u16>>>::default();
        let (keys, expected) = (signer.jwks().to_string(), Arc::clone(&accepted));
        let log = Arc::clone(&answers);
        let plain = Server::start(move |request| {
            let authorization = format!("Bearer {}", *expected.lock().unwrap());
            let is_own = request.headers.values("authorization") == [authorization];
            let (status, body) = match is_own && request.start.1 == "/openid/v1/jwks" {
                true => (200, keys.as_bytes()),
                false => (401, &b""[..]),
            };
            log.lock().unwrap().push(status);
            Reply {
                bytes: response(status, &Headers::default(), body),
                then: Then::KeepAlive,
            }
        });
        let plain = plain.unwrap();
        let volume = new_folder();
        fs::write(volume.join("ca.crt"), AUTHORITY).unwrap();
        symlink("..data/token", volume.join("token")).unwrap();
        let cluster = Self {
            signer,
            accepted,
            answers,
            volume,
            server: TlsServer::start(plain.address()),
            _plain: plain,
        };
        cluster.renew("first");
        cluster
    }

    /// Replaces the token in the volume, in the same way as a kubelet.
    fn renew(&self, token: &'static str) {
        let folder = format!("..{token}");
        fs::create_dir(self.volume.join(&folder)).unwrap();
        fs::write(self.volume.join(&folder).join("token"), token).unwrap();
        let draft = self.volume.join("..data_tmp");
        symlink(folder, &draft).unwrap();
        fs::rename(draft, self.volume.join("..data")).unwrap();
    }

    /// Parses YAML from the page, after replacing its addresses and paths with those of this
    /// cluster.
    fn here(&self, text: &str) -> Value {
        let volume = self.volume.to_str().unwrap();
        let socket = format!(
            "address: 127.0.0.1, port_value: {}",
            self.server.address().port()
        );
        let text = text
            .replace("address: kubernetes.default.svc, port_value: 443", &socket)
            .replace("kubernetes.default.svc", "gate.example")
            .replace("/var/run/secrets/kubernetes.io/serviceaccount", volume)
            .replace("/etc/envoy", volume);
        serde_saphyr::from_str(&text).unwrap()
    }

    /// A gate with the page's configuration, except that it fetches the keys every second.
    fn gate<D: InEnvoy>(&self, cluster: Value) -> D {
        let secret = self.here(block("generic_secret"));
        fs::write(secret_file(&self.volume), secret.to_string()).unwrap();
        let mut configuration = self.here(block("preset: kubernetes"));
        let keys = &mut configuration["providers"]["cluster"]["remote_jwks"];
        keys["cache_duration"] = json!("1s");
        keys["async_fetch"] = json!({ "failed_refetch_duration": "0.2s" });
        start(&Setup {
            configured_clusters: vec![cluster],
            ..Setup::new(configuration)
        })
    }

    /// Waits until the API server's latest answer has this status.
    fn wait_for_answer(&self, gate: &impl InEnvoy, status: u16) {
        let expectation = format!("an answer of {status}");
        gate.wait_until(&expectation, || {
            self.answers.lock().unwrap().last() == Some(&status)
        });
    }

    fn send(&self, gate: &impl InEnvoy) -> Exchange {
        let claims = json!({
            "iss": "https://gate.example.cluster.local", "aud": ["orders"],
            "sub": "system:serviceaccount:shop:reporting", "exp": gate.now() + 600,
            "iat": gate.now(),
            "kubernetes.io": { "namespace": "shop" },
        });
        // Tokens of Kubernetes have no `typ`.
        let header = json!({ "alg": "RS256", "kid": self.signer.kid });
        gate.send(&Request::get("/orders").bearer(self.signer.token(&header, &claims)))
    }
}

fn secret_file(volume: &Path) -> PathBuf {
    volume.join("service-account.yaml")
}

impl Drop for Cluster {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.volume));
    }
}

fn the_keys_of_the_api_server_are_fetched_with_the_pods_token<D: InEnvoy>() {
    if version() < (1, 37) {
        return; // this Envoy has no `header_value_prefix`
    }
    let cluster = Cluster::new();
    let gate: D = cluster.gate(cluster.here(block("credential_injector")));
    assert_eq!(cluster.send(&gate).outcome(), (200, ""));
    // Kubernetes renews the token, and the API server no longer accepts the old one.
    *cluster.accepted.lock().unwrap() = "second";
    cluster.wait_for_answer(&gate, 401);
    cluster.renew("second");
    cluster.wait_for_answer(&gate, 200);
    assert_eq!(cluster.send(&gate).outcome(), (200, ""));
}

fn without_a_token_the_api_server_gives_no_keys<D: InEnvoy>() {
    let cluster = Cluster::new();
    let mut plain = cluster.here(block("credential_injector"));
    let members = plain.as_object_mut().unwrap();
    members.remove("typed_extension_protocol_options").unwrap();
    let gate: D = cluster.gate(plain);
    assert_eq!(cluster.send(&gate).outcome(), (503, "keys_unavailable"));
    assert!(gate.log().iter().any(|line| line.contains("status 401")));
}
