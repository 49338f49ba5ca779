//! What was typed after `compact` means this.

use std::time::Duration;

use super::{misused, parse_bytes};
use crate::cli::Compact;
use crate::compact::CompactPlan;
use crate::error::Result;

/// Large enough that opening a file costs nothing beside reading it, small enough to be held while it is written.
const TARGET_BYTES: usize = 128 << 20;

/// A merged file is held whole, compressed, beside the sort that it comes from.
const MEMORY_PART: usize = 4;

impl Compact {
    /// Checks what was typed.
    pub fn check(&self, memory_bytes: usize) -> Result<CompactPlan> {
        let most = memory_bytes / MEMORY_PART;
        let target_bytes = match &self.target_bytes {
            None => TARGET_BYTES.min(most),
            Some(text) => parse_bytes(text).filter(|bytes| (1..=most).contains(bytes)).ok_or_else(|| {
                misused(
                    "--target-bytes",
                    text,
                    &format!("a size such as 128MiB, at most a quarter of --memory: {most}"),
                )
            })?,
        };
        Ok(CompactPlan {
            older_than: span("--older-than", &self.older_than)?,
            target_bytes: target_bytes as u64,
            is_dry_run: self.dry_run,
            orphan_age: span("--orphan-age", &self.orphan_age)?,
            memory_bytes: memory_bytes - target_bytes,
        })
    }
}

fn span(option: &str, text: &str) -> Result<Duration> {
    humantime::parse_duration(text).map_err(|_| misused(option, text, "a span such as 7d"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::LakeArg;

    fn check(older_than: &str, target_bytes: Option<&str>) -> Result<CompactPlan> {
        let typed = Compact {
            lake: LakeArg { lake: "./lake".to_owned() },
            older_than: older_than.to_owned(),
            target_bytes: target_bytes.map(str::to_owned),
            dry_run: false,
            orphan_age: "1h".to_owned(),
        };
        typed.check(512 << 20)
    }

    #[test]
    fn the_target_fits_the_memory_and_what_does_not_is_refused() {
        let plan = check("7d", None).expect("good");
        assert_eq!((plan.target_bytes, plan.memory_bytes), (128 << 20, 384 << 20));
        assert_eq!(plan.older_than, Duration::from_hours(7 * 24));
        assert_eq!(check("0s", Some("1MiB")).expect("good").target_bytes, 1 << 20);
        for (older_than, target_bytes, expected) in [
            ("soon", None, "--older-than \"soon\": expected a span"),
            ("0s", Some("lots"), "--target-bytes \"lots\""),
            ("0s", Some("0"), "--target-bytes \"0\""),
            ("0s", Some("1GiB"), "at most a quarter of --memory: 134217728"),
        ] {
            let error = check(older_than, target_bytes).expect_err(expected).to_string();
            assert!(error.contains(expected), "{error}");
        }
    }
}
