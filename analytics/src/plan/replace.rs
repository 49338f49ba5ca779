//! What was typed about a replacement, checked.

use std::time::Duration;

use config_rule::controls::Policy;
use config_rule::replacement::network::Wanted;
use config_rule::replacement::plan::Asked;
use schemas::ids::Arn;
use schemas::job::JobKind;

use super::misused;
use crate::cli::Replace;
use crate::error::{Error, Result};

impl Replace {
    /// What was typed about the new request.
    pub fn asked(&self) -> Result<Asked> {
        let pair = |text: &String| -> Result<(String, String)> {
            let (path, value) = text.split_once('=').ok_or_else(|| misused("--set", text, "MEMBER=VALUE"))?;
            Ok((path.to_owned(), value.to_owned()))
        };
        Ok(Asked {
            job_name: self.job_name.clone(),
            custom_model_name: self.custom_model_name.clone(),
            set: self.set.iter().map(pair).collect::<Result<_>>()?,
            without: self.without.clone(),
        })
    }

    /// What was typed about the new network.
    pub fn wanted(&self) -> Result<Wanted> {
        let tag = self.approved_tag.as_deref().map(|text| -> Result<(String, String)> {
            let pair = text.split_once('=').filter(|(key, _)| !key.is_empty());
            let (key, value) = pair.ok_or_else(|| misused("--approved-tag", text, "KEY=VALUE"))?;
            Ok((key.to_owned(), value.to_owned()))
        });
        let wanted = Wanted {
            subnet_ids: self.subnet_ids.clone(),
            security_group_ids: self.security_group_ids.clone(),
            tag: tag.transpose()?,
        };
        wanted.check().map_err(Error::Misused)?;
        Ok(wanted)
    }

    /// The Region to ask, where the command line names one: `typed`, or that of the job's ARN.
    pub fn region(&self, typed: Option<&str>) -> Result<Option<String>> {
        let Some(arn) = Arn::parse(&self.job) else {
            if self.job.starts_with("arn:") || self.job.is_empty() {
                return Err(misused("JOB", &self.job, "the ARN or the name of a model customization job"));
            }
            return Ok(typed.map(str::to_owned));
        };
        if JobKind::of_arn(&self.job) != Some(JobKind::ModelCustomization) {
            return Err(misused(
                "JOB",
                &self.job,
                "a model customization job: import and batch inference jobs are not created again here",
            ));
        }
        match typed {
            Some(typed) if typed != arn.region => Err(Error::Misused(format!(
                "--region {typed:?}: the job is in {}, and its new one must be there too; leave --region out",
                arn.region
            ))),
            _ => Ok(Some(arn.region.to_owned())),
        }
    }

    /// What the new network must carry.
    pub fn policy(&self) -> Policy {
        if self.mandatory_tags.is_empty() {
            return Policy::default();
        }
        Policy { mandatory_tag_keys: self.mandatory_tags.clone() }
    }

    /// How long it may read.
    pub fn time_limit(&self) -> Result<Duration> {
        span("--time-limit", &self.time_limit)
    }

    /// How long it may wait for the old job to end.
    pub fn stop_wait(&self) -> Result<Duration> {
        span("--stop-wait", &self.stop_wait)
    }
}

fn span(option: &str, text: &str) -> Result<Duration> {
    humantime::parse_duration(text).map_err(|_| misused(option, text, "a span such as 15m"))
}
