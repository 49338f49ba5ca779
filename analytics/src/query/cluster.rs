//! SQL that an Apache Ballista cluster runs: planned here, over the same files, which its executors read by themselves.
//!
//! The plan names each file of one state of the lake by its address, so the cluster sees what this program sees: no part
//! that is not committed, and of the histories the one that fits. Scheduler and executors are Ballista's own programs; they
//! reach the lake with credentials of their own, since no credential is ever sent to them.
//!
//! Sources: Ballista User Guide, "Rust client" and "Configuration".

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use ballista_core::extension::{SessionConfigExt, SessionStateExt};
use datafusion::catalog::TableProvider;
use datafusion::common::Result;
use datafusion::datasource::empty::EmptyTable;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use schemas::tables::Table;
use tokio::net::TcpStream;
use url::{Host, Url};

use super::reader::LakeReader;
use crate::error::Error;
use crate::rebuild::fingerprint;
use crate::store::{Lake, is_this_machine};

/// Where a scheduler listens when nothing else is said.
const DEFAULT_PORT: u16 = 50050;

/// Optimizer rules that leave an empty relation behind. Its columns get lost on the way to the scheduler, which applies
/// these rules again.
const NOT_HERE: [&str; 4] = ["eliminate_filter", "eliminate_join", "eliminate_limit", "propagate_empty_relation"];

/// The scheduler of a Ballista cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scheduler {
    host: Host,
    port: u16,
    /// Each is a task, and a small one costs more than it does.
    partitions: usize,
}

impl fmt::Display for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "df://{}:{}", self.host, self.port)
    }
}

impl Scheduler {
    /// Reads `df://host:port`; the cluster splits work into so many parts. The error says what was expected.
    pub fn parse(text: &str, partitions: usize) -> std::result::Result<Self, String> {
        let expected = || format!("{text:?} is no scheduler: expected df://host:port");
        let url = Url::parse(text).map_err(|_| expected())?;
        let has_more = !url.username().is_empty() || url.password().is_some() || url.query().is_some();
        if url.scheme() != "df" || has_more || !["", "/"].contains(&url.path()) {
            return Err(expected());
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(expected)?;
        let host = Host::parse(host).map_err(|_| expected())?;
        Ok(Self { host, port: url.port().unwrap_or(DEFAULT_PORT), partitions })
    }

    /// Whether nobody on the way can listen.
    pub fn is_this_machine(&self) -> bool {
        is_this_machine(&self.host)
    }

    /// Its address as a URL of HTTP/2 in the clear, which is what Ballista speaks.
    pub fn http_url(&self) -> String {
        format!("http://{}:{}", self.host, self.port)
    }

    /// Fails when nobody listens there: Ballista itself would only tell once it is asked.
    pub async fn check(&self) -> crate::error::Result<()> {
        let address = format!("{}:{}", self.host, self.port);
        let connected = TcpStream::connect(&address).await;
        connected.map(drop).map_err(|cause| {
            let advice =
                format!("{cause}; start bedrock-audit-ballista-scheduler there, or leave --engine ballista out");
            Error::Lake { action: "reach", location: format!("the scheduler {self}"), source: advice.into() }
        })
    }

    /// A session whose queries the cluster runs.
    pub(super) fn session(&self, local: &SessionContext) -> Result<SessionContext> {
        let state = local.state();
        let rules = state.optimizers().iter().filter(|rule| !NOT_HERE.contains(&rule.name())).cloned().collect();
        // Its adaptive planner loses count of a stage's operators, and then waits for ever (Ballista 55.0.0).
        let config = state.config().clone().upgrade_for_ballista().with_ballista_adaptive_query_planner(false);
        let config = config.with_target_partitions(self.partitions);
        let state =
            SessionStateBuilder::new_from_existing(state).with_config(config).with_optimizer_rules(rules).build();
        Ok(SessionContext::new_with_state(state.upgrade_for_ballista(self.http_url())?))
    }
}

/// The files of one state of a lake, by their addresses.
pub(super) struct Files<'a> {
    lake: &'a Lake,
    reader: LakeReader,
}

impl<'a> Files<'a> {
    /// Those of these parts, and of the history that fits them.
    pub(super) fn new(lake: &'a Lake, committed: &BTreeSet<String>) -> Self {
        Self { lake, reader: LakeReader::new(lake.store(), committed.clone(), &fingerprint(committed)) }
    }

    /// A table of every file below a folder of the lake.
    pub(super) async fn table(&self, table: &Table, folder: &str) -> crate::error::Result<Arc<dyn TableProvider>> {
        let failed = |cause| Error::Lake {
            action: "list",
            location: format!("{}/{folder}", self.lake.location()),
            source: cause,
        };
        let root = self.lake.url()?;
        let found = self.reader.list(Some(&Path::from(folder))).try_collect::<Vec<_>>().await;
        let mut found = found.map_err(|cause| failed(cause.into()))?;
        found.retain(|meta| meta.location.extension() == Some("parquet"));
        found.sort_by(|a, b| a.location.cmp(&b.location));
        listing(table, &root, &found).map_err(|cause| failed(cause.into()))
    }
}

fn listing(table: &Table, root: &Url, files: &[ObjectMeta]) -> Result<Arc<dyn TableProvider>> {
    if files.is_empty() {
        return Ok(Arc::new(EmptyTable::new(table.arrow_schema())));
    }
    let address = |file: &ObjectMeta| ListingTableUrl::parse(format!("{root}{}", file.location));
    let addresses = files.iter().map(address).collect::<Result<Vec<_>>>()?;
    let format = ParquetFormat::default().with_force_view_types(false);
    let options = ListingOptions::new(Arc::new(format)).with_file_extension(".parquet");
    let config = ListingTableConfig::new_with_multi_paths(addresses);
    let config = config.with_listing_options(options).with_schema(table.arrow_schema());
    Ok(Arc::new(ListingTable::try_new(config)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduler_is_read_as_typed() {
        let scheduler = |text: &str| Scheduler::parse(text, 8).expect("a scheduler").to_string();
        assert_eq!(scheduler("df://localhost:50050"), "df://localhost:50050");
        assert_eq!(scheduler("df://scheduler.internal"), "df://scheduler.internal:50050");
        assert_eq!(scheduler("df://10.0.0.7:4000/"), "df://10.0.0.7:4000");
        assert_eq!(scheduler("df://[::1]:4000"), "df://[::1]:4000");
        assert_eq!(Scheduler::parse("df://a", 8).expect("a scheduler").http_url(), "http://a:50050");
        for text in
            ["", "localhost:50050", "http://localhost:50050", "df://", "df://a:x", "df://u:p@a", "df://a/b", "df://a?b"]
        {
            let told = Scheduler::parse(text, 8).expect_err(text);
            assert!(told.contains("expected df://host:port"), "{told}");
        }
    }
}
