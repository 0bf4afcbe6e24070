//! Reads the input of a target piece by piece.

/// The part of the input that has not been read yet.
pub(crate) struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub(crate) fn new(input: &'a [u8]) -> Self {
        Self(input)
    }

    pub(crate) fn octet(&mut self) -> u8 {
        let [octet] = self.octets();
        octet
    }

    /// Reads the next octets. After the end of the input, all octets are 0.
    pub(crate) fn octets<const N: usize>(&mut self) -> [u8; N] {
        let mut octets = [0; N];
        let (taken, rest) = self.0.split_at(N.min(self.0.len()));
        octets[..taken.len()].copy_from_slice(taken);
        self.0 = rest;
        octets
    }
}
