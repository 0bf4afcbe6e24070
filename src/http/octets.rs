//! Sets of octets, for checks that run on every request.

/// Makes a set of ASCII octets at compile time, for example with `octets!(|octet| octet != b';')`.
/// The set is a table, because looking up an octet in a table is faster than matching a pattern.
macro_rules! octets {
    (|$octet:ident| $contains:expr) => {{
        let mut table = [false; 256];
        let mut $octet = 0_u8;
        while $octet < 128 {
            #[expect(clippy::indexing_slicing, reason = "evaluated at compile time")]
            {
                table[$octet as usize] = $contains;
            }
            $octet = $octet.saturating_add(1);
        }
        $crate::http::octets::Octets::new(table)
    }};
}

pub(crate) use octets;

/// A set of octets.
pub(crate) struct Octets([bool; 256]);

impl Octets {
    /// Makes a set from a table. Callers use [`octets!`] instead.
    pub(crate) const fn new(table: [bool; 256]) -> Self {
        Self(table)
    }

    /// Returns true if `octet` is in the set.
    pub(crate) fn contains(&self, octet: u8) -> bool {
        self.0.get(usize::from(octet)).copied().unwrap_or(false)
    }
}
