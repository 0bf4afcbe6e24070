//! Unsigned numbers as big-endian octets, the encoding that JOSE uses.

/// Removes leading zero octets.
pub(crate) fn without_leading_zeros(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

/// The length of a number in bits. `minimal` must not have leading zero octets.
pub(crate) fn bit_length(minimal: &[u8]) -> usize {
    let unused = minimal.first().map_or(0, |octet| octet.leading_zeros());
    minimal
        .len()
        .saturating_mul(8)
        .saturating_sub(usize::try_from(unused).unwrap_or(0))
}
