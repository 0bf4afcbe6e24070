//! Header maps in the ABI's format: the number of pairs, then the size of each name and value, then
//! the names and values, each followed by a NUL. Numbers are little-endian `u32`.

use crate::http::{Headers, Message};

impl Headers {
    /// The map in the ABI's format.
    pub fn serialized(&self) -> Vec<u8> {
        let number = |size: usize| (size as u32).to_le_bytes();
        let mut sizes = number(self.0.len()).to_vec();
        let mut strings = Vec::new();
        for (name, value) in &self.0 {
            sizes.extend(number(name.len()));
            sizes.extend(number(value.len()));
            strings.extend_from_slice(&[name, b"\0".as_slice(), value, b"\0"].concat());
        }
        [sizes, strings].concat()
    }

    /// Parses a map that the module wrote. Panics if the map is malformed.
    pub fn deserialized(mut bytes: &[u8]) -> Self {
        if bytes.is_empty() {
            return Self::default();
        }
        let mut take = |size: usize| bytes.split_off(..size).expect("a truncated header map");
        let mut number = || u32::from_le_bytes(take(4).try_into().unwrap()) as usize;
        let count = number();
        let sizes: Vec<_> = (0..count).map(|_| (number(), number())).collect();
        let mut string = |size: usize| take(size + 1)[..size].to_vec();
        Self(
            sizes
                .into_iter()
                .map(|(name, value)| (string(name), string(value)))
                .collect(),
        )
    }

    /// Removes all header lines with this name, and adds one line at the end, as Envoy does.
    pub fn replace(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) {
        self.remove(&name);
        self.add(name, value);
    }
}

impl Message {
    /// Creates a request. Its method and its path come from the pseudo-headers in `headers`.
    pub fn request(headers: Headers, body: Vec<u8>) -> Self {
        let part = |name| headers.value(name).unwrap_or_default();
        Self {
            start: (part(":method"), part(":path")),
            headers,
            body,
            trailers: Headers::default(),
        }
    }
}
