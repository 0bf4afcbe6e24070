//! What Envoy's access log says about an exchange.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use serde::Deserialize;
use serde_json::Value;

/// A line of the access log.
#[derive(Debug, Default, Deserialize)]
pub struct Entry {
    client: String,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub details: Option<String>,
    /// Metadata of the route.
    pub route: Option<Value>,
    /// Filter state by name; null if the module wrote none.
    pub filter_state: BTreeMap<String, Option<String>>,
    /// Headers of the request; null if the request has none.
    pub headers: BTreeMap<String, Option<String>>,
}

/// The entries by the client's address, read as Envoy writes them.
#[derive(Default)]
pub struct AccessLog {
    file: Option<BufReader<File>>,
    partial: String,
    entries: BTreeMap<String, Entry>,
}

impl AccessLog {
    /// Takes the entry of the client's request, if Envoy has written it.
    pub fn take(&mut self, path: &Path, client: &str) -> Option<Entry> {
        if self.file.is_none() {
            self.file = File::open(path).ok().map(BufReader::new);
        }
        let file = self.file.as_mut()?;
        while file.read_line(&mut self.partial).unwrap() > 0 && self.partial.ends_with('\n') {
            let entry: Entry = serde_json::from_str(&self.partial).unwrap();
            self.entries.insert(entry.client.clone(), entry);
            self.partial.clear();
        }
        self.entries.remove(client)
    }
}
