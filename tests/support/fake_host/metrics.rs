//! Counters, gauges and histograms. As in Envoy, all VMs of the process share one value for each
//! name.

use proxy_wasm::types::Status;

/// The kinds of metrics, in the order of their numbers in the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A value that only grows.
    Counter,
    /// A value that can be set.
    Gauge,
    /// A metric that the module can write but not read.
    Histogram,
}

/// All metrics of the process. A metric's id is its index plus 1.
#[derive(Debug, Default)]
pub struct Metrics(Vec<(String, Kind, u64)>);

impl Metrics {
    /// Returns the id of a metric. Defines the metric if there is none with this name and kind.
    pub fn define(&mut self, kind: u32, name: &str) -> Result<u32, Status> {
        let kinds = [Kind::Counter, Kind::Gauge, Kind::Histogram];
        let kind = *kinds.get(kind as usize).ok_or(Status::BadArgument)?;
        let known = self
            .0
            .iter()
            .position(|(other, old, _)| other == name && *old == kind);
        let position = known.unwrap_or_else(|| {
            self.0.push((name.to_owned(), kind, 0));
            self.0.len() - 1
        });
        Ok(position as u32 + 1)
    }

    /// Adds `offset` to a counter or gauge. A counter cannot decrease.
    pub fn increment(&mut self, id: u32, offset: i64) -> Status {
        match self.metric(id) {
            None => Status::NotFound,
            Some((_, Kind::Histogram, _)) => Status::BadArgument,
            Some((_, Kind::Counter, _)) if offset <= 0 => Status::BadArgument,
            Some((_, _, value)) => {
                *value = value.saturating_add_signed(offset);
                Status::Ok
            }
        }
    }

    /// Sets a gauge, or adds to a counter.
    pub fn record(&mut self, id: u32, recorded: u64) -> Status {
        match self.metric(id) {
            None => return Status::NotFound,
            Some((_, Kind::Counter, value)) => *value += recorded,
            Some((_, _, value)) => *value = recorded,
        }
        Status::Ok
    }

    /// A metric's value by its id.
    pub fn read(&mut self, id: u32) -> Result<u64, Status> {
        match self.metric(id) {
            None => Err(Status::NotFound),
            Some((_, Kind::Histogram, _)) => Err(Status::BadArgument),
            Some((_, _, value)) => Ok(*value),
        }
    }

    /// A metric's value by its name.
    pub fn named(&self, name: &str) -> Option<u64> {
        self.0
            .iter()
            .find(|(other, ..)| other == name)
            .map(|(.., value)| *value)
    }

    fn metric(&mut self, id: u32) -> Option<&mut (String, Kind, u64)> {
        self.0.get_mut(id.checked_sub(1)? as usize)
    }
}
