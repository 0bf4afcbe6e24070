//! Reads Envoy's access log.

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
    /// Envoy's `%RESPONSE_CODE_DETAILS%`.
    pub details: Option<String>,
    /// The metadata of the request's route.
    pub route: Option<Value>,
    /// The filter state by name; null for an entry that the module did not write.
    pub filter_state: BTreeMap<String, Option<String>>,
    /// The request headers by name; null for a header that the request lacks.
    pub headers: BTreeMap<String, Option<String>>,
}

/// The access log's entries, by the client's address and port. Envoy may still be writing the last
/// line. `partial` keeps the part of that line that has been read.
#[derive(Default)]
pub struct AccessLog {
    file: Option<BufReader<File>>,
    partial: String,
    entries: BTreeMap<String, Entry>,
}

impl AccessLog {
    /// Removes and returns the entry for a client's request; `None` if Envoy has not written it
    /// yet.
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
