//! The function's environment variables, checked when it starts.

use std::time::Duration;

use crate::evidence::S3Location;

/// An environment variable that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("environment variable {name} is {found:?}; expected {expected}")]
pub struct InvalidSetting {
    /// The variable.
    pub name: &'static str,
    /// Its value.
    pub found: String,
    /// What it may be.
    pub expected: &'static str,
}

/// What the owner of the function decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `EVIDENCE_URI`: where each run's facts and verdicts go.
    pub evidence: Option<S3Location>,
    /// `STOP_UNPROTECTED_JOBS`: stop a running job that has no VPC.
    pub stop_unprotected_jobs: bool,
    /// `CONFIG_RULE_NAMES`: the rules to evaluate at once when EventBridge tells of a change.
    pub rule_names: Vec<String>,
    /// `MAX_CONCURRENCY`: requests in flight at one time.
    pub concurrency: usize,
    /// `SECOND_LOOK_SECONDS`: a group that is missing is looked for again after this.
    pub second_look_after: Duration,
}

/// `StartConfigRulesEvaluation` takes this many names.
const MAX_RULE_NAMES: usize = 25;

impl Settings {
    /// Reads the variables, of which any may be missing.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, InvalidSetting> {
        let variable = |name| variable(name).filter(|text| !text.trim().is_empty());
        let refuse = |name, found: &str, expected| InvalidSetting { name, found: found.to_owned(), expected };
        let evidence = variable("EVIDENCE_URI").map(|text| {
            S3Location::parse(&text).ok_or_else(|| refuse("EVIDENCE_URI", &text, "s3://bucket or s3://bucket/prefix"))
        });
        let stop = match variable("STOP_UNPROTECTED_JOBS").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => return Err(refuse("STOP_UNPROTECTED_JOBS", other, "true or false")),
        };
        let names = variable("CONFIG_RULE_NAMES").unwrap_or_default();
        let rule_names: Vec<String> =
            names.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect();
        if rule_names.len() > MAX_RULE_NAMES {
            return Err(refuse("CONFIG_RULE_NAMES", &names, "at most 25 names of rules, separated by commas"));
        }
        let concurrency = variable("MAX_CONCURRENCY").unwrap_or_else(|| "8".to_owned());
        let second_look = variable("SECOND_LOOK_SECONDS").unwrap_or_else(|| "3".to_owned());
        Ok(Self {
            evidence: evidence.transpose()?,
            stop_unprotected_jobs: stop,
            rule_names,
            concurrency: concurrency
                .parse()
                .ok()
                .filter(|number| (1..=100).contains(number))
                .ok_or_else(|| refuse("MAX_CONCURRENCY", &concurrency, "a number from 1 to 100"))?,
            second_look_after: second_look
                .parse()
                .ok()
                .filter(|seconds| *seconds <= 60)
                .map(Duration::from_secs)
                .ok_or_else(|| refuse("SECOND_LOOK_SECONDS", &second_look, "a number of seconds up to 60"))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, InvalidSetting> {
        Settings::read(|name| pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_is_stopped_and_nothing_written_unless_the_owner_says_so() {
        let settings = read(&[]).expect("all may be missing");
        assert_eq!((settings.stop_unprotected_jobs, settings.evidence, settings.rule_names.len()), (false, None, 0));
        assert_eq!((settings.concurrency, settings.second_look_after), (8, Duration::from_secs(3)));
    }

    #[test]
    fn a_wrong_setting_says_what_it_may_be() {
        for (name, value, expected) in [
            ("STOP_UNPROTECTED_JOBS", "yes", "true or false"),
            ("EVIDENCE_URI", "bucket/prefix", "s3://bucket"),
            ("MAX_CONCURRENCY", "0", "from 1 to 100"),
            ("SECOND_LOOK_SECONDS", "-1", "up to 60"),
        ] {
            let error = read(&[(name, value)]).expect_err(name).to_string();
            assert!(error.contains(name) && error.contains(expected), "{error}");
        }
        let settings = read(&[("STOP_UNPROTECTED_JOBS", "true"), ("CONFIG_RULE_NAMES", "a, b,")]).expect("valid");
        assert_eq!((settings.stop_unprotected_jobs, settings.rule_names), (true, vec!["a".to_owned(), "b".to_owned()]));
    }
}
