//! The authorization server: a separate Node process that listens on a port picked by the kernel.

use std::{
    env,
    io::{self, BufRead, BufReader, Write},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use portcullis::jose::Algorithm;
use serde_json::{Value, json};

use support::{
    http::{self, Headers},
    signer::Signer,
};

/// The identifier of the client that authenticates with a secret. `server.mjs` also contains this
/// identifier, the client's secret, and the identifier of the other client.
pub(crate) const CLIENT: &str = "orders-service";
const SECRET: &str = "orders-service-secret-0123456789abcdef0123456789";
/// The identifier of the client that authenticates with a key.
pub(crate) const SIGNING_CLIENT: &str = "reporting-job";

/// Returns whether Node and the server's packages are installed. If something is missing, prints
/// what it is, or fails the test if `CI` is `true`.
pub(crate) fn is_installed() -> bool {
    let packages = folder().join("node_modules/oidc-provider");
    let node = Command::new("node").arg("--version").output();
    let missing = match (node.is_ok(), packages.exists()) {
        (true, true) => return true,
        (false, _) => "node".to_owned(),
        (true, false) => packages.display().to_string(),
    };
    assert!(
        env::var("CI").as_deref() != Ok("true"),
        "missing: {missing}"
    );
    let _ = writeln!(
        io::stderr(),
        "SKIPPED: {missing} is missing; run `make e2e`"
    );
    false
}

fn folder() -> PathBuf {
    support::folders::project().join("envoy/authorization-server")
}

/// A running server. Dropping the value ends the server.
pub(crate) struct OidcProvider {
    process: Process,
    issuer: String,
    address: SocketAddr,
}

impl OidcProvider {
    /// Starts a server with new keys on a free port.
    pub(crate) fn start() -> Self {
        let (process, issuer) = Process::spawn(0);
        let address = issuer.trim_start_matches("http://").parse().unwrap();
        Self {
            process,
            issuer,
            address,
        }
    }

    /// Restarts the server on the same port, with new keys.
    pub(crate) fn restart(&mut self) {
        self.process.end();
        let (process, issuer) = Process::spawn(self.address.port());
        assert_eq!(issuer, self.issuer);
        self.process = process;
    }

    /// Stops the server.
    pub(crate) fn stop(&mut self) {
        self.process.end();
    }

    /// The server's issuer identifier, which is also its address.
    pub(crate) fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The address on which the server listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The server's key set.
    pub(crate) fn jwks(&self) -> Vec<u8> {
        let (status, body) = http::get(self.address, "/jwks").unwrap();
        assert_eq!(status, 200);
        body
    }

    /// Requests an access token for [`CLIENT`] (RFC 6749 section 4.4) with these parameters.
    pub(crate) fn token(&self, parameters: &[(&str, &str)]) -> String {
        self.granted(&basic(), parameters)
    }

    /// Requests an access token for [`CLIENT`] that is bound to the key of `signer` (RFC 9449
    /// section 5).
    pub(crate) fn bound_token(&self, signer: &Signer, parameters: &[(&str, &str)]) -> String {
        let header = json!({ "typ": "dpop+jwt", "alg": signer.alg.name(), "jwk": signer.jwk() });
        let claims = json!({
            "htm": "POST",
            "htu": format!("{}/token", self.issuer),
            "iat": now(),
            "jti": "proof-1",
        });
        let mut headers = basic();
        headers.add("dpop", signer.token(&header, &claims));
        self.granted(&headers, parameters)
    }

    /// The assertion with which [`SIGNING_CLIENT`] authenticates (RFC 7523 section 3).
    pub(crate) fn client_assertion(&self, audience: &str) -> String {
        client_signer().sign_claims(&json!({
            "iss": SIGNING_CLIENT,
            "sub": SIGNING_CLIENT,
            "aud": audience,
            "jti": "assertion-1",
            "iat": now(),
            "exp": now() + 60,
        }))
    }

    /// Requests an access token for [`SIGNING_CLIENT`], which authenticates with this assertion.
    pub(crate) fn token_for(&self, assertion: &str, parameters: &[(&str, &str)]) -> String {
        let own = [
            ("client_id", SIGNING_CLIENT),
            ("client_assertion", assertion),
            (
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            ),
        ];
        self.granted(&Headers::default(), &[&own, parameters].concat())
    }

    fn granted(&self, headers: &Headers, parameters: &[(&str, &str)]) -> String {
        let body = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "client_credentials")
            .extend_pairs(parameters)
            .finish();
        let mut all = headers.clone();
        all.add("host", self.address.to_string());
        all.add("content-type", "application/x-www-form-urlencoded");
        all.add("content-length", body.len().to_string());
        all.add("connection", "close");
        let mut request = b"POST /token HTTP/1.1\r\n".to_vec();
        http::write_headers(&mut request, &all);
        request.extend_from_slice(body.as_bytes());
        let mut connection = http::connect(self.address).unwrap();
        connection.write_all(&request).unwrap();
        let mut reader = BufReader::new(connection);
        let (status, answer) = http::read_response(&mut reader, "POST").unwrap();
        let text = String::from_utf8_lossy(&answer.body);
        assert_eq!(status, 200, "{text}");
        let answer: Value = serde_json::from_str(&text).unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }
}

/// The Node process. `_stdout` keeps the process's output pipe open, because the server fails if it
/// cannot write to the pipe.
struct Process {
    child: Child,
    _stdout: BufReader<ChildStdout>,
}

impl Process {
    /// Starts the process, and returns the issuer identifier, which the process prints.
    fn spawn(port: u16) -> (Self, String) {
        let mut child = Command::new("node")
            .arg(folder().join("server.mjs"))
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("CLIENT_JWKS", client_signer().jwks().to_string())
            .env_remove("ISSUER")
            .env_remove("KEYS_FILE")
            .env_remove("AT_TTL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        let read = stdout.read_line(&mut line);
        let process = Self {
            child,
            _stdout: stdout,
        };
        assert!(read.unwrap() > 0, "the authorization server did not start");
        let ready: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(ready["ready"], true);
        (process, ready["issuer"].as_str().unwrap().to_owned())
    }

    fn end(&mut self) {
        // The process may have ended already, so errors are ignored.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn client_signer() -> Signer {
    Signer::new(Algorithm::Es256)
}

fn basic() -> Headers {
    let mut headers = Headers::default();
    let credentials = STANDARD.encode(format!("{CLIENT}:{SECRET}"));
    headers.add("authorization", format!("Basic {credentials}"));
    headers
}

#[expect(
    clippy::disallowed_methods,
    reason = "the server and the proxy have the system's clock"
)]
fn now() -> u64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH);
    elapsed.unwrap().as_secs()
}
