//! A parser for the subset of DER that public keys need (X.690 sections 8 and 10).
//!
//! In DER, each value has exactly one encoding: lengths are definite, and lengths and integers are
//! as short as possible. Any other encoding is refused, as are truncated values and unexpected
//! tags. The parser copies no data, and parses only the elements that the caller asks for.
//!
//! This parser exists because the size of the WebAssembly module is limited: the crate `der` would
//! add 25 kB, and `x509-cert` 66 kB. Tests parse certificates with this parser and with
//! `x509-cert`, and compare the results.

/// A tag of one octet. Every tag in a key or a certificate has one octet.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag(u8);

impl Tag {
    pub(super) const BOOLEAN: Self = Self(0x01);
    pub(super) const INTEGER: Self = Self(0x02);
    pub(super) const BIT_STRING: Self = Self(0x03);
    pub(super) const OCTET_STRING: Self = Self(0x04);
    pub(super) const NULL: Self = Self(0x05);
    pub(super) const OBJECT_IDENTIFIER: Self = Self(0x06);
    pub(super) const UTC_TIME: Self = Self(0x17);
    pub(super) const GENERALIZED_TIME: Self = Self(0x18);
    pub(super) const SEQUENCE: Self = Self(0x30);
    /// `[1]` and `[2]`, IMPLICIT tags of bit strings.
    pub(super) const IMPLICIT_1: Self = Self(0x81);
    pub(super) const IMPLICIT_2: Self = Self(0x82);
    /// `[0]` and `[3]`, EXPLICIT tags.
    pub(super) const EXPLICIT_0: Self = Self(0xa0);
    pub(super) const EXPLICIT_3: Self = Self(0xa3);
}

/// A sequence of values.
pub(super) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    /// The elements in `octets`.
    pub(super) const fn within(octets: &'a [u8]) -> Self {
        Self(octets)
    }

    /// The elements of the sequence in `octets`, which must contain exactly one sequence.
    pub(super) fn of_sequence(octets: &'a [u8]) -> Option<Self> {
        let mut outer = Self(octets);
        let inner = outer.sequence()?;
        outer.end()?;
        Some(inner)
    }

    /// Returns true if the next element has this tag.
    pub(super) fn next_is(&self, tag: Tag) -> bool {
        self.0.first() == Some(&tag.0)
    }

    /// The content of the next element, which must have this tag.
    #[inline(never)]
    pub(super) fn next(&mut self, tag: Tag) -> Option<&'a [u8]> {
        let (_, rest) = self.0.split_first().filter(|(first, _)| **first == tag.0)?;
        let (length, rest) = length(rest)?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    /// The elements inside the next element, which must be a sequence.
    pub(super) fn sequence(&mut self) -> Option<Self> {
        self.next(Tag::SEQUENCE).map(Self)
    }

    /// The content of the next element, which must be a bit string of whole octets.
    pub(super) fn bit_octets(&mut self) -> Option<&'a [u8]> {
        match self.next(Tag::BIT_STRING)?.split_first()? {
            (0, octets) => Some(octets),
            _ => None,
        }
    }

    /// The content of the next element, which must be a non-negative integer. The content is
    /// big-endian. In DER, the first bit of the content is the sign. So if the first bit of the
    /// number itself is set, the content starts with a zero octet.
    pub(super) fn unsigned(&mut self) -> Option<&'a [u8]> {
        let octets = self.next(Tag::INTEGER)?;
        match octets {
            [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
            _ => Some(octets),
        }
    }

    /// Returns `Some` if there are no more elements.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Parses a length of at most 24 bits. Returns the length and the octets that follow it.
fn length(octets: &[u8]) -> Option<(usize, &[u8])> {
    let (&first, rest) = octets.split_first()?;
    let size = match first {
        0..=0x7f => return Some((usize::from(first), rest)),
        0x81..=0x83 => usize::from(first & 0x7f),
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(size)?;
    let length = digits
        .iter()
        .fold(0_usize, |length, digit| (length << 8) | usize::from(*digit));
    let is_shortest = length >= 0x80 && digits.first() != Some(&0);
    is_shortest.then_some((length, rest))
}

#[cfg(test)]
mod tests {
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;

    #[test]
    fn a_value_has_only_one_encoding() {
        let long = [&[0x04, 0x81, 0x80][..], &[7; 0x80]].concat();
        for (octets, length) in [
            (&[0x04, 0][..], Some(0)),
            (&[0x04, 1, 7], Some(1)),
            (&[0x04, 1, 7, 7], Some(1)),
            (&long, Some(0x80)),
            (&[], None),
            (&[0x04], None),
            (&[0x04, 1], None),
            (&[0x05, 0], None),
            (&[0x04, 0x80, 0, 0], None),
            (&[0x04, 0x81], None),
            (&[0x04, 0x81, 1, 7], None),
            (&[0x04, 0x82, 0, 0x80, 7], None),
            (&[0x04, 0x84, 0, 0, 0, 1, 7], None),
            (&[0x04, 0xff], None),
        ] {
            let content = Elements::within(octets).next(Tag::OCTET_STRING);
            assert_eq!(content.map(<[u8]>::len), length, "{octets:x?}");
        }
        for (octets, is_unsigned) in [
            (&[2, 1, 0][..], true),
            (&[2, 1, 0x7f], true),
            (&[2, 2, 0, 0x80], true),
            (&[2, 0], false),
            (&[2, 1, 0x80], false),
            (&[2, 2, 0, 0x7f], false),
            (&[2, 2, 0, 0], false),
        ] {
            let found = Elements::within(octets).unsigned();
            assert_eq!(found.is_some(), is_unsigned, "{octets:x?}");
        }
        for (octets, is_whole) in [
            (&[3, 1, 0][..], true),
            (&[3, 1, 1], false),
            (&[3, 0], false),
        ] {
            let found = Elements::within(octets).bit_octets();
            assert_eq!(found.is_some(), is_whole, "{octets:x?}");
        }
    }
}
