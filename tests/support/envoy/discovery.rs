//! Offers listeners and clusters to Envoy in files, and checks whether Envoy accepts them.

use std::{
    fs,
    path::Path,
    slice,
    sync::atomic::{AtomicU64, Ordering},
};

use serde_json::{Value, json};

use super::{bootstrap, process::EnvoyProcess};
use crate::driver::{Refused, Setup};

/// The two kinds of resources. Each file contains resources of one kind.
#[derive(Clone, Copy)]
pub enum Kind {
    /// The file contains listeners.
    Listeners,
    /// The file contains clusters.
    Clusters,
}

/// A set of resources that was offered to Envoy. The field `version` identifies the set.
pub struct Offer {
    kind: Kind,
    version: String,
}

impl Kind {
    /// The name of the file in the process's folder that contains the resources of this kind.
    pub fn file(self) -> &'static str {
        match self {
            Self::Listeners => "listeners.json",
            Self::Clusters => "clusters.json",
        }
    }

    fn type_url(self) -> &'static str {
        match self {
            Self::Listeners => "type.googleapis.com/envoy.config.listener.v3.Listener",
            Self::Clusters => "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        }
    }

    fn statistics(self) -> &'static str {
        match self {
            Self::Listeners => "listener_manager.lds",
            Self::Clusters => "cluster_manager.cds",
        }
    }

    /// The configuration source that makes Envoy read the file whenever it is replaced.
    pub fn source(self, folder: &Path) -> Value {
        let path = folder.join(self.file());
        json!({ "resource_api_version": "V3", "path_config_source": { "path": path } })
    }

    /// Replaces all resources of this kind, and returns the offer.
    pub fn offer(self, folder: &Path, resources: &[Value]) -> Offer {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let version = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let typed = |resource: &Value| {
            let mut resource = resource.clone();
            resource["@type"] = json!(self.type_url());
            resource
        };
        let resources: Vec<_> = resources.iter().map(typed).collect();
        let set = json!({ "version_info": version, "resources": resources });
        let draft = folder.join("draft.json");
        fs::write(&draft, set.to_string()).unwrap();
        fs::rename(draft, folder.join(self.file())).unwrap();
        Offer {
            kind: self,
            version,
        }
    }

    /// The number of offers of this kind that Envoy has rejected.
    pub fn refusals(self, process: &EnvoyProcess) -> u64 {
        let name = format!("{}.update_rejected", self.statistics());
        process.stat(&name).unwrap_or_default()
    }
}

impl Offer {
    /// Returns whether Envoy has accepted the offer.
    pub fn is_taken(&self, process: &EnvoyProcess) -> bool {
        let name = format!("{}.version_text", self.kind.statistics());
        process.stats(&name).get(&name) == Some(&self.version)
    }
}

/// A listener that was offered to Envoy.
pub struct OfferedListener {
    offer: Offer,
    /// The number of listeners that Envoy had rejected before this offer.
    refusals: u64,
    /// The size of Envoy's log when the listener was offered.
    logged: usize,
}

impl OfferedListener {
    /// Offers a listener to a process that is about to start.
    pub fn at_start(folder: &Path, listener: &Value) -> Self {
        Self {
            offer: Kind::Listeners.offer(folder, slice::from_ref(listener)),
            refusals: 0,
            logged: 0,
        }
    }

    /// Offers a listener to a running process.
    pub fn new(process: &EnvoyProcess, setup: &Setup, configuration: &Value) -> Self {
        let (refusals, logged) = (Kind::Listeners.refusals(process), process.log().len());
        let listener = bootstrap::listener(process.folder(), setup, configuration);
        Self {
            offer: Kind::Listeners.offer(process.folder(), &[listener]),
            refusals,
            logged,
        }
    }

    /// The size of Envoy's log when the listener was offered.
    pub fn logged(&self) -> usize {
        self.logged
    }

    /// Envoy's verdict on the listener; `None` while there is no verdict yet. If Envoy accepts the
    /// listener, the verdict comes only after the previous listener is gone, unless `setup` keeps
    /// connections open.
    pub fn verdict(&self, process: &EnvoyProcess, setup: &Setup) -> Option<Result<(), Refused>> {
        if Kind::Listeners.refusals(process) > self.refusals {
            let log = process
                .log()
                .get(self.logged..)
                .unwrap_or_default()
                .to_owned();
            return Some(Err(Refused(log)));
        }
        if !self.offer.is_taken(process) {
            return None;
        }
        let stats = process.stats("listener_manager.total_");
        let is_settled = |name: &str| {
            let count = stats.get(&format!("listener_manager.total_{name}"));
            count.is_some_and(|count| count == "0")
        };
        let others_are_gone = setup.keeps_connections
            || is_settled("listeners_draining") && is_settled("filter_chains_draining");
        (is_settled("listeners_warming") && others_are_gone).then_some(Ok(()))
    }
}
