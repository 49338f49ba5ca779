//! Which accounts and Regions are looked at, and through what.

use config_rule::aws::Connection;
use config_rule::facts::Unread;
use config_rule::gather::Sources;

use crate::error::{Error, Result};
use crate::plan::evaluate::{EvaluatePlaces, Regions};

/// One account and Region.
pub struct Place {
    /// `None`: that of the credentials at hand.
    pub account_id: Option<String>,
    pub region: String,
    pub sources: Sources,
}

/// All that are looked at.
#[derive(Default)]
pub struct Places {
    pub places: Vec<Place>,
    /// Accounts whose Regions could not be listed.
    pub unlisted: Vec<(Option<String>, Unread)>,
}

/// The accounts in the order in which they were named, each with its Regions.
pub async fn of(wanted: &EvaluatePlaces, connection: &Connection) -> Result<Places> {
    let own_region = connection.region().ok_or_else(no_region)?;
    let mut found = Places::default();
    for (account_id, role_arn) in wanted.accounts(&own_region) {
        let account = connection.account(role_arn.as_deref()).await;
        let regions = match &wanted.regions {
            Regions::OfConnection => vec![own_region.clone()],
            Regions::Named(regions) => regions.iter().cloned().collect(),
            Regions::All => match account.regions().await {
                Ok(regions) => regions,
                Err(unread) => {
                    found.unlisted.push((account_id, unread));
                    continue;
                }
            },
        };
        found.places.extend(regions.into_iter().map(|region| Place {
            account_id: account_id.clone(),
            sources: account.sources(&region),
            region,
        }));
    }
    Ok(found)
}

fn no_region() -> Error {
    Error::Misused(
        "evaluate: no Region; give --region or --regions, or set AWS_REGION or a profile that has one".to_owned(),
    )
}
