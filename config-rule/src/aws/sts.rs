//! AWS Security Token Service: who asks.

use aws_config::Region;
use aws_sdk_sts::Client;

use super::{Connection, unread};
use crate::account::Identity;
use crate::facts::Unread;

/// Who asks is the same in every Region; this one is asked where nothing names another.
const DEFAULT_REGION: &str = "us-east-1";

impl Connection {
    /// Who asks. The call needs no permission.
    pub async fn get_caller_identity(&self) -> Result<Identity, Unread> {
        let mut config = aws_sdk_sts::config::Builder::from(&self.base);
        if self.base.region().is_none() {
            config = config.region(Region::from_static(DEFAULT_REGION));
        }
        let answer = Client::from_conf(config.build()).get_caller_identity().send().await;
        let answer = answer.map_err(|error| unread("sts:GetCallerIdentity", "the caller", &error))?;
        Ok(Identity { account: answer.account.unwrap_or_default(), arn: answer.arn.unwrap_or_default() })
    }
}
