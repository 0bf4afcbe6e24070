//! Measures the memory of a process on Linux.

use std::fs;

/// V8 reserves an address range of at least this size for a module's memory, because that memory
/// may grow to 4 GiB.
const RESERVATION: u64 = 4 << 30;

/// The memory of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All resident memory, in bytes.
    pub resident: u64,
    /// The total size of the modules' linear memories in all VMs, in bytes. A linear memory never
    /// shrinks.
    pub linear: u64,
}

struct Mapping {
    from: u64,
    to: u64,
    permissions: String,
}

impl Memory {
    /// The current memory of the process.
    pub fn of(process: u32) -> Self {
        let maps = fs::read_to_string(format!("/proc/{process}/smaps")).unwrap();
        let mappings: Vec<_> = maps.lines().filter_map(Mapping::read).collect();
        let is_reserved = |mapping: &Mapping| {
            mapping.permissions == "---p" && mapping.to - mapping.from >= RESERVATION
        };
        let pairs = mappings.windows(2);
        let linear = pairs.filter(|pair| pair[0].to == pair[1].from && is_reserved(&pair[1]));
        let resident = maps.lines().filter_map(|line| kilobytes(line, "Rss:"));
        Self {
            resident: resident.sum::<u64>() * 1024,
            linear: linear.map(|pair| pair[0].to - pair[0].from).sum(),
        }
    }
}

impl Mapping {
    /// Parses the first line of a mapping in `smaps`.
    fn read(line: &str) -> Option<Self> {
        let (from, rest) = line.split_once('-')?;
        let (to, rest) = rest.split_once(' ')?;
        let address = |digits| u64::from_str_radix(digits, 16).ok();
        Some(Self {
            from: address(from)?,
            to: address(to)?,
            permissions: rest.split(' ').next()?.to_owned(),
        })
    }
}

fn kilobytes(line: &str, name: &str) -> Option<u64> {
    let kilobytes = line.strip_prefix(name)?.trim().strip_suffix(" kB")?;
    kilobytes.parse().ok()
}
