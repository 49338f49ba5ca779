//! `--engine` and `--scheduler`, checked.

use super::misused;
use crate::cli::{EngineArg, EngineKind};
use crate::error::{Error, Result};
use crate::query::Scheduler;

impl EngineArg {
    /// The scheduler to ask, where this process does not run the SQL itself. Plans and answers go to it in the clear.
    pub fn check(&self, allows_clear: bool) -> Result<Option<Scheduler>> {
        let text = match (self.engine, &self.scheduler) {
            (EngineKind::Datafusion, None) => return Ok(None),
            (EngineKind::Datafusion, Some(url)) => {
                return Err(misused("--scheduler", url, "--engine ballista beside it"));
            }
            (EngineKind::Ballista, url) => url.as_deref().unwrap_or_default(),
        };
        let scheduler = Scheduler::parse(text, self.partitions.into())
            .map_err(|told| Error::Misused(format!("--scheduler: {told}")))?;
        if scheduler.is_this_machine() || allows_clear {
            return Ok(Some(scheduler));
        }
        Err(Error::Misused(format!(
            "--scheduler: {scheduler} is not this machine, and Ballista sends plans and answers in the clear; \
             give --allow-http-endpoint where the network between is your own"
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(engine: EngineKind, scheduler: Option<&str>, allows_clear: bool) -> std::result::Result<bool, String> {
        let args = EngineArg { engine, scheduler: scheduler.map(str::to_owned), partitions: 8 };
        args.check(allows_clear).map(|scheduler| scheduler.is_some()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_cluster_elsewhere_is_asked_only_where_the_user_says_so() {
        use EngineKind::{Ballista, Datafusion};
        assert_eq!(check(Datafusion, None, false), Ok(false));
        for this_machine in ["df://localhost:50050", "df://127.0.0.1:1", "df://[::1]:1"] {
            assert_eq!(check(Ballista, Some(this_machine), false), Ok(true), "{this_machine}");
        }
        assert_eq!(check(Ballista, Some("df://10.0.0.7:50050"), true), Ok(true));
        for (engine, scheduler, expected) in [
            (Ballista, Some("df://10.0.0.7:50050"), "--allow-http-endpoint"),
            (Ballista, Some("10.0.0.7:50050"), "expected df://host:port"),
            (Ballista, None, "expected df://host:port"),
            (Datafusion, Some("df://localhost:50050"), "--engine ballista"),
        ] {
            let told = check(engine, scheduler, false).expect_err(expected);
            assert!(told.contains(expected) && told.starts_with("--scheduler"), "{told}");
        }
    }
}
