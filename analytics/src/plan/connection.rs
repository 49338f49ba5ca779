//! How to reach the live APIs, as typed.

use config_rule::aws::{Connection, Options};

use crate::cli::Global;
use crate::error::Result;

impl Global {
    /// The live APIs, where the endpoint may be spoken to. `region`: in place of the one that was typed.
    pub async fn connection(&self, region: Option<String>) -> Result<Connection> {
        let s3 = self.s3_options();
        s3.check_endpoints()?;
        let options = Options {
            profile: s3.profile.clone(),
            region: region.or(s3.region.clone()),
            endpoint_url: s3.endpoint_url.clone(),
        };
        let connection = Connection::load(&options).await;
        if let Some(url) = connection.endpoint_url() {
            s3.check_endpoint("the endpoint of the profile", url)?;
        }
        Ok(connection)
    }
}
