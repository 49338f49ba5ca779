//! What a process holds while it works on and on: memory, open files, threads.

use std::fs;

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Held {
    /// Memory in RAM (`VmRSS`), in bytes.
    pub memory_bytes: u64,
    /// Open files and sockets.
    pub files: usize,
    /// Threads.
    pub threads: usize,
}

impl Held {
    /// What the process holds now; none once it has ended.
    pub fn by(pid: u32) -> Option<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let kibibytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?.trim().strip_suffix("kB")?;
        let count = |what: &str| fs::read_dir(format!("/proc/{pid}/{what}")).map(Iterator::count);
        Some(Self {
            memory_bytes: kibibytes.trim().parse::<u64>().ok()? << 10,
            files: count("fd").ok()?,
            threads: count("task").ok()?,
        })
    }
}

/// The most that was held of each.
pub fn peak(all: &[Held]) -> Held {
    Held {
        memory_bytes: all.iter().map(|held| held.memory_bytes).max().unwrap_or_default(),
        files: all.iter().map(|held| held.files).max().unwrap_or_default(),
        threads: all.iter().map(|held| held.threads).max().unwrap_or_default(),
    }
}

impl std::fmt::Display for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mebibytes = self.memory_bytes as f64 / f64::from(1 << 20);
        write!(f, "{mebibytes:.1} MiB, {} files, {} threads", self.files, self.threads)
    }
}

/// How often to do something: what the variable says, else `usual`.
pub fn rounds(variable: &str, usual: usize) -> usize {
    match std::env::var(variable) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{variable} is {text:?}; expected a number of rounds")),
        Err(_) => usual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_holds_at_least_itself() {
        let held = Held::by(std::process::id()).expect("we run");
        assert!(held.memory_bytes > 1 << 20 && held.files >= 3 && held.threads >= 1, "{held}");
        assert_eq!(Held::by(u32::MAX), None);
    }
}
