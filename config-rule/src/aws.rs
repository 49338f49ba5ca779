//! The live APIs. Only this module and those below it name an SDK crate; each of those holds one service.

mod bedrock;
mod config;
mod ec2;
mod iam;
mod s3;
mod sts;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::retry::RetryConfig;
use aws_config::sts::AssumeRoleProvider;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_bedrock::error::{ProvideErrorMetadata, SdkError};
use tokio::sync::Mutex;

use crate::deletion::gather::NetworkUse;
use crate::facts::Unread;
use crate::failure::chain;
use crate::gather::Sources;
use crate::handler::{Account, Accounts, Apis};
use crate::replacement::gather::Access;

/// What was typed on a command line, where there is one. The rest comes from the environment and profile files.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Named profile.
    pub profile: Option<String>,
    /// Region.
    pub region: Option<String>,
    /// In place of every service's own endpoint.
    pub endpoint_url: Option<String>,
}

/// One try of one request takes no longer than this.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Bedrock's quotas for reading jobs are not published, so throttling is met by slowing down, and by trying often.
const ATTEMPTS: u32 = 8;

/// A function has minutes at most, so a pause between two tries is short.
const MAX_BACKOFF: Duration = Duration::from_secs(5);

/// The account and Region that credentials and environment lead to.
pub struct Connection {
    base: SdkConfig,
    reached: Mutex<HashMap<String, Apis>>,
}

impl Connection {
    /// Reads environment, profile files and instance metadata.
    pub async fn load(options: &Options) -> Self {
        let attempts = std::env::var("AWS_MAX_ATTEMPTS").ok().and_then(|text| text.parse().ok()).unwrap_or(ATTEMPTS);
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(Duration::from_secs(5))
            .operation_attempt_timeout(ATTEMPT_TIMEOUT)
            .build();
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::adaptive().with_max_attempts(attempts).with_max_backoff(MAX_BACKOFF))
            .timeout_config(timeouts);
        if let Some(profile) = &options.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(region) = &options.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(url) = &options.endpoint_url {
            loader = loader.endpoint_url(url);
        }
        Self { base: loader.load().await, reached: Mutex::default() }
    }

    /// The endpoint in place of every service's own, where one is named.
    pub fn endpoint_url(&self) -> Option<&str> {
        self.base.endpoint_url()
    }

    /// The Region, where environment or profile names one.
    pub fn region(&self) -> Option<String> {
        self.base.region().map(ToString::to_string)
    }

    /// What is read from, with the credentials of the environment and in its Region.
    pub fn sources(&self) -> Sources {
        apis(&self.base).sources
    }

    /// The environment's own account, or the one that a role leads into.
    pub async fn account(&self, role_arn: Option<&str>) -> InAccount {
        match role_arn {
            None => InAccount(self.base.clone()),
            Some(role_arn) => InAccount(self.assumed(role_arn).await),
        }
    }

    /// What tells who uses a network, with the credentials of the environment.
    pub fn network_use(&self) -> Arc<dyn NetworkUse> {
        Arc::new(ec2::Network::new(&self.base))
    }

    /// What creates jobs again, with the credentials of the environment.
    pub fn replacement(&self) -> Access {
        let (bedrock, ec2) = (Arc::new(bedrock::Jobs::new(&self.base)), Arc::new(ec2::Network::new(&self.base)));
        Access {
            sources: Sources {
                bedrock: Arc::clone(&bedrock) as _,
                ec2: Arc::clone(&ec2) as _,
                iam: Arc::new(iam::Roles::new(&self.base)),
                buckets: Arc::new(s3::S3::new(&self.base)),
            },
            requests: Arc::clone(&bedrock) as _,
            stopper: bedrock,
            tagged: ec2,
        }
    }

    /// Credentials of a role in another account. They last 15 minutes, as long as a function can run.
    async fn assumed(&self, role_arn: &str) -> SdkConfig {
        let provider = AssumeRoleProvider::builder(role_arn)
            .configure(&self.base)
            .session_name("bedrock-audit")
            .session_length(Duration::from_secs(900))
            .build()
            .await;
        self.base
            .to_builder()
            .credentials_provider(aws_sdk_bedrock::config::SharedCredentialsProvider::new(provider))
            .build()
    }
}

/// One account, every Region of which is reached with the same credentials; they are asked for at the first call.
pub struct InAccount(SdkConfig);

impl InAccount {
    /// The Regions that are enabled for the account.
    pub async fn regions(&self) -> Result<Vec<String>, Unread> {
        ec2::describe_regions(&self.0).await
    }

    /// What is read from in a Region.
    pub fn sources(&self, region: &str) -> Sources {
        apis(&self.0.to_builder().region(Region::new(region.to_owned())).build()).sources
    }
}

#[async_trait]
impl Accounts for Connection {
    async fn reach(&self, account: &Account) -> Apis {
        let key = account.role_arn.clone().unwrap_or_default();
        let mut reached = self.reached.lock().await;
        if let Some(apis) = reached.get(&key) {
            return apis.clone();
        }
        let apis = match &account.role_arn {
            None => apis(&self.base),
            Some(role_arn) => apis(&self.assumed(role_arn).await),
        };
        reached.insert(key, apis.clone());
        apis
    }
}

/// One client a service, made once: each loads its table of endpoints.
fn apis(config: &SdkConfig) -> Apis {
    let (bedrock, s3) = (Arc::new(bedrock::Jobs::new(config)), Arc::new(s3::S3::new(config)));
    Apis {
        sources: Sources {
            bedrock: Arc::clone(&bedrock) as _,
            ec2: Arc::new(ec2::Network::new(config)),
            iam: Arc::new(iam::Roles::new(config)),
            buckets: Arc::clone(&s3) as _,
        },
        stopper: bedrock,
        config: Arc::new(config::Rules::new(config)),
        evidence: s3,
    }
}

/// A call that failed, in its API's own words.
fn unread<E, R>(action: &str, resource: &str, error: &SdkError<E, R>) -> Unread
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug,
{
    let cause = match error.code() {
        Some(code) => format!("{code}: {}", error.message().unwrap_or("the API says no more")),
        // No answer came: the connection or the credentials failed.
        None => without_attempts(&chain(error)).to_owned(),
    };
    Unread { action: action.to_owned(), resource: resource.to_owned(), cause }
}

/// Without credentials, the SDK lists every place in which it looked for some, on a line each.
fn without_attempts(cause: &str) -> &str {
    cause.split(". Attempted:").next().unwrap_or_default()
}

/// The SDK's time as ours.
fn time(at: &aws_sdk_bedrock::primitives::DateTime) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp(at.secs(), at.subsec_nanos()).unwrap_or_default()
}
