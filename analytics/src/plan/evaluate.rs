//! What was typed after `evaluate` means this.

use std::collections::BTreeSet;
use std::time::Duration;

use config_rule::parameters::Parameters;
use schemas::control::{ControlId, Verdict};
use schemas::ids::{AccountId, Region};

use super::{ids, misused, verdicts};
use crate::cli::Evaluate;
use crate::error::{Error, Result};

impl Evaluate {
    /// The verdicts to show; all when none was named.
    pub fn shown(&self) -> Result<Vec<Verdict>> {
        verdicts(&self.verdicts)
    }

    /// The controls to judge by, in reporting order.
    pub fn controls(&self) -> Result<Vec<ControlId>> {
        let known = ControlId::ALL.map(ControlId::as_str).join(", ");
        for name in &self.controls {
            ControlId::parse(name).ok_or_else(|| misused("--controls", name, &known))?;
        }
        let is_named = |control: &ControlId| self.controls.iter().any(|name| name == control.as_str());
        Ok(ControlId::ALL.into_iter().filter(|control| self.controls.is_empty() || is_named(control)).collect())
    }

    /// The rule's parameters, under the names that they have in AWS Config.
    pub fn rule_parameters(&self) -> Result<Parameters> {
        let mut typed = serde_json::Map::new();
        for parameter in &self.parameters {
            let (name, value) =
                parameter.split_once('=').ok_or_else(|| misused("--parameter", parameter, "name=value"))?;
            if !EVALUATE_PARAMETERS.contains(&name) {
                return Err(misused("--parameter", name, &EVALUATE_PARAMETERS.join(", ")));
            }
            typed.insert(name.to_owned(), value.into());
        }
        let text = serde_json::Value::Object(typed).to_string();
        Parameters::parse(Some(&text)).map_err(|error| Error::Misused(error.to_string()))
    }

    /// Which accounts and Regions to look at.
    pub fn places(&self) -> Result<EvaluatePlaces> {
        let accounts: BTreeSet<AccountId> = ids("--accounts", &self.accounts)?.into_iter().collect();
        let regions = match self.regions.as_slice() {
            [] => Regions::OfConnection,
            [all] if all == "all" => Regions::All,
            named => Regions::Named(ids::<Region>("--regions", named)?.into_iter().map(String::from).collect()),
        };
        Ok(EvaluatePlaces { accounts, role_name: self.role_name.clone(), regions })
    }

    /// How long it may read.
    pub fn time_limit(&self) -> Result<Duration> {
        humantime::parse_duration(&self.time_limit)
            .map_err(|_| misused("--time-limit", &self.time_limit, "a span such as 15m"))
    }
}

/// The accounts and Regions that `evaluate` looks at.
#[derive(Debug)]
pub struct EvaluatePlaces {
    accounts: BTreeSet<AccountId>,
    role_name: Option<String>,
    /// The same of every account.
    pub regions: Regions,
}

/// Which Regions of an account.
#[derive(Debug)]
pub enum Regions {
    /// The one that environment, profile or `--region` names.
    OfConnection,
    /// Those that were named.
    Named(BTreeSet<String>),
    /// Those that are enabled for the account.
    All,
}

impl EvaluatePlaces {
    /// Each account with the role that leads into it; the one of the credentials at hand when none was named.
    pub fn accounts(&self, region: &str) -> Vec<(Option<String>, Option<String>)> {
        let Some(role_name) = &self.role_name else { return vec![(None, None)] };
        let partition = partition(region);
        let role_arn = |account: &AccountId| format!("arn:{partition}:iam::{account}:role/{role_name}");
        self.accounts.iter().map(|account| (Some(account.to_string()), Some(role_arn(account)))).collect()
    }
}

/// The part of AWS that a Region lies in (AWS General Reference, "Amazon Resource Names").
fn partition(region: &str) -> &'static str {
    match region.split('-').next() {
        Some("cn") => "aws-cn",
        Some("us") if region.starts_with("us-gov-") => "aws-us-gov",
        Some("eusc") => "aws-eusc",
        _ => "aws",
    }
}

/// The parameters of a rule that say which jobs, and what is asked of them; the others are about reporting.
const EVALUATE_PARAMETERS: [&str; 4] = ["jobKinds", "jobStatuses", "maxJobAgeDays", "mandatoryTagKeys"];
