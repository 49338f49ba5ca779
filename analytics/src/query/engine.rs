//! DataFusion over the lake's tables: read-only, bounded in memory, one snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::datatypes::{DataType, SchemaRef};
use chrono::{DateTime, Utc};
use datafusion::common::ParamValues;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryPool};
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::prelude::{DataFrame, SQLOptions, SessionConfig, SessionContext};
use futures::TryStreamExt;
use schemas::tables::{EVENTS, HISTORY, INGESTED, Table};
use url::Url;

use super::catalog::{Catalog, Question, views};
#[cfg(feature = "ballista")]
use super::cluster::{Files, Scheduler};
use super::params::Bindings;
use super::prices;
use super::reader::LakeReader;
use crate::error::{Error, Result};
use crate::rebuild::{fingerprint, is_built};
use crate::store::{Lake, advised};

/// The lake's address inside the engine; nothing outside it has one.
const LAKE_URL: &str = "lake://lake";

/// Rows that operators hand to each other at a time. Few, since merging the runs of a sort that spilled holds a batch of each.
const BATCH_ROWS: usize = 1024;

/// An operator runs on so many cores as it has this much memory for: each of them sorts for itself.
const PARTITION_MEMORY: usize = 128 << 20;

/// Each sort keeps this part of the memory, and at most so many bytes, for merging what it has spilled.
const MERGING_PART: usize = 32;
const MERGING_MOST: usize = 10 << 20;

/// Of a batch beside its rows: a query without end gives batches of one row.
const BATCH_BYTES: usize = 1 << 10;

/// The raw table behind the view `events`, in which a record that was delivered twice may stand twice.
pub(crate) const EVENT_COPIES: &str = "event_copies";

/// The files behind [`EVENT_COPIES`], where they are named one by one.
#[cfg(feature = "ballista")]
const EVENT_FILES: &str = "event_files";

/// What queries may hold at one time; engines that are open side by side may share it.
#[derive(Debug, Clone)]
pub struct Memory {
    bytes: usize,
    pool: Arc<dyn MemoryPool>,
}

impl Memory {
    /// So many bytes.
    pub fn new(bytes: usize) -> Self {
        // What an operator that can spill may hold is its share: the first would otherwise take everything, and the others
        // could not even begin.
        Self { bytes, pool: Arc::new(FairSpillPool::new(bytes)) }
    }

    /// How many statements can run at one time and sort: each of them has what an operator needs on one core.
    pub fn statements_at_once(&self) -> usize {
        (self.bytes / PARTITION_MEMORY).max(1)
    }
}

/// The schema of the questions that are views.
const QUESTIONS: &str = "queries";

/// SQL over one state of a lake.
pub struct Engine {
    context: SessionContext,
    committed: BTreeSet<String>,
    memory_bytes: usize,
    /// The cluster that runs the queries, where it is not this process.
    cluster: Option<String>,
}

/// The rows that answer a query.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Their columns.
    pub schema: SchemaRef,
    /// The rows, in order.
    pub batches: Vec<RecordBatch>,
}

impl Answer {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

impl Engine {
    /// Opens a lake with the history of some committed parts, which must have been built.
    pub async fn open(lake: &Lake, committed: &BTreeSet<String>, memory_bytes: usize) -> Result<Self> {
        Self::open_sharing(lake, committed, &Memory::new(memory_bytes)).await
    }

    /// The same, with memory that other engines have a share of.
    pub async fn open_sharing(lake: &Lake, committed: &BTreeSet<String>, memory: &Memory) -> Result<Self> {
        require_history(lake, committed).await?;
        Self::open_tables(lake, committed, memory).await
    }

    /// The same, run by a cluster that reaches the lake by itself.
    #[cfg(feature = "ballista")]
    pub async fn open_on_cluster(
        lake: &Lake,
        committed: &BTreeSet<String>,
        memory_bytes: usize,
        scheduler: &Scheduler,
    ) -> Result<Self> {
        require_history(lake, committed).await?;
        scheduler.check().await?;
        let local = context(&Memory::new(memory_bytes)).map_err(|cause| failed("set up", "the engine", cause))?;
        let context = scheduler.session(&local).map_err(|cause| failed("set up", "the engine", cause))?;
        let cluster = Some(scheduler.to_string());
        let engine = Self { context, committed: committed.clone(), memory_bytes, cluster };
        engine.register_files(&Files::new(lake, committed)).await?;
        engine.with_views().await
    }

    /// Opens a lake whose history may be missing: its tables are then empty.
    pub async fn open_events(lake: &Lake, committed: &BTreeSet<String>, memory_bytes: usize) -> Result<Self> {
        Self::open_tables(lake, committed, &Memory::new(memory_bytes)).await
    }

    async fn open_tables(lake: &Lake, committed: &BTreeSet<String>, memory: &Memory) -> Result<Self> {
        let reader = LakeReader::new(lake.store(), committed.clone(), &fingerprint(committed));
        let context = context(memory).map_err(|cause| failed("set up", "the engine", cause))?;
        context.register_object_store(&Url::parse(LAKE_URL).expect("a constant"), Arc::new(reader));
        let engine = Self { context, committed: committed.clone(), memory_bytes: memory.bytes, cluster: None };
        engine.register_tables().map_err(|cause| failed("set up", "the tables", cause))?;
        engine.with_views().await
    }

    async fn with_views(self) -> Result<Self> {
        self.register_prices(&prices::none()).map_err(|cause| failed("set up", "the prices", cause))?;
        for (name, sql) in views() {
            self.make(&format!("create view {name} as {sql}"), &format!("view {name}")).await?;
        }
        Ok(self)
    }

    /// Puts the user's prices, where there are any, in place of none.
    pub fn with_prices(self, rows: Option<RecordBatch>) -> Result<Self> {
        if let Some(rows) = rows {
            self.register_prices(&rows).map_err(|cause| failed("set up", "the prices", cause))?;
        }
        Ok(self)
    }

    /// Makes the questions without parameters views of the schema `queries`: others cannot be asked without their values.
    pub async fn with_question_views(self, catalog: &Catalog) -> Result<Self> {
        self.make(&format!("create schema {QUESTIONS}"), QUESTIONS).await?;
        for question in catalog.questions().iter().filter(|question| question.parameters.is_empty()) {
            let create = format!("create view {QUESTIONS}.{} as {}", question.name, question.sql);
            self.make(&create, &question.name).await?;
        }
        Ok(self)
    }

    /// DataFusion's own session.
    #[cfg(feature = "serve")]
    pub(crate) fn session(&self) -> &SessionContext {
        &self.context
    }

    /// The parts that the engine sees.
    pub fn committed(&self) -> &BTreeSet<String> {
        &self.committed
    }

    /// Answers one of the questions that come with the program.
    pub async fn ask(&self, question: &Question, bindings: &Bindings, now: DateTime<Utc>) -> Result<Answer> {
        let values = bindings.values(question, now)?;
        self.answer(&question.sql, &question.name, Some(values)).await
    }

    /// Answers SQL that somebody typed.
    pub async fn answer(&self, sql: &str, name: &str, values: Option<ParamValues>) -> Result<Answer> {
        let frame = self.frame(sql, name, values).await?;
        let schema = Arc::new(frame.schema().as_arrow().clone());
        let failed = |cause| self.failed("run", name, cause);
        let mut rows = frame.execute_stream().await.map_err(failed)?;
        let (mut batches, mut bytes) = (Vec::new(), 0);
        while let Some(batch) = rows.try_next().await.map_err(failed)? {
            bytes += bytes_of(&batch);
            if bytes > self.memory_bytes {
                return Err(too_much(name, self.memory_bytes));
            }
            batches.push(batch);
        }
        Ok(Answer { schema, batches })
    }

    /// The rows of a query as they come.
    pub async fn stream(&self, sql: &str, name: &str) -> Result<SendableRecordBatchStream> {
        let frame = self.frame(sql, name, None).await?;
        frame.execute_stream().await.map_err(|cause| self.failed("run", name, cause))
    }

    /// An error of a query that was running.
    pub fn failed(&self, action: &'static str, name: &str, cause: DataFusionError) -> Error {
        match &self.cluster {
            Some(cluster) => failed(action, &format!("{name} on {cluster}"), cause),
            None => failed(action, name, cause),
        }
    }

    async fn make(&self, sql: &str, name: &str) -> Result<()> {
        self.context.sql(sql).await.map(|_| ()).map_err(|cause| failed("plan", name, cause))
    }

    async fn frame(&self, sql: &str, name: &str, values: Option<ParamValues>) -> Result<DataFrame> {
        let planned = self.context.sql_with_options(sql, read_only()).await;
        let frame = planned.and_then(|frame| match values {
            Some(values) => frame.with_param_values(values),
            None => Ok(frame),
        });
        frame.map_err(|cause| failed("plan", name, cause))
    }

    fn register_prices(&self, rows: &RecordBatch) -> datafusion::error::Result<()> {
        self.context.deregister_table(prices::NAME)?;
        self.context.register_table(prices::NAME, prices::table(rows)?).map(|_| ())
    }

    /// The tables as [`Self::register_tables`] makes them, of files that are named one by one.
    #[cfg(feature = "ballista")]
    async fn register_files(&self, files: &Files<'_>) -> Result<()> {
        let of_history = HISTORY.iter().map(|table| (table, format!("history/{}", table.name)));
        for (table, folder) in INGESTED.iter().map(|table| (table, table.name.to_owned())).chain(of_history) {
            let name = if table.name == EVENTS.name { EVENT_FILES } else { table.name };
            let provider = files.table(table, &folder).await?;
            let registered = self.context.register_table(name, provider);
            registered.map_err(|cause| failed("set up", "the tables", cause))?;
        }
        // A file that is named by itself is in no partition.
        let day = "to_char(event_time, '%Y-%m-%d') as event_date";
        let create = format!("create view {EVENT_COPIES} as select *, {day} from {EVENT_FILES}");
        self.make(&create, EVENT_COPIES).await
    }

    fn register_tables(&self) -> datafusion::error::Result<()> {
        self.register(&EVENTS, EVENT_COPIES, EVENTS.name, vec![("event_date".to_owned(), DataType::Utf8)])?;
        for table in INGESTED.iter().filter(|table| table.name != EVENTS.name) {
            self.register(table, table.name, table.name, Vec::new())?;
        }
        for table in HISTORY {
            self.register(table, table.name, &format!("history/{}", table.name), Vec::new())?;
        }
        Ok(())
    }

    /// A table's schema is ours; nothing is inferred from files.
    fn register(
        &self,
        table: &'static Table,
        name: &str,
        folder: &str,
        partitions: Vec<(String, DataType)>,
    ) -> datafusion::error::Result<()> {
        let options = ListingOptions::new(Arc::new(ParquetFormat::default()))
            .with_file_extension(".parquet")
            .with_table_partition_cols(partitions);
        let url = ListingTableUrl::parse(format!("{LAKE_URL}/{folder}/"))?;
        let config = ListingTableConfig::new(url).with_listing_options(options).with_schema(table.arrow_schema());
        self.context.register_table(name, Arc::new(ListingTable::try_new(config)?))?;
        Ok(())
    }
}

/// Fails without a history of these parts: a table of no files would be empty, which is an answer and here a wrong one.
async fn require_history(lake: &Lake, committed: &BTreeSet<String>) -> Result<()> {
    if is_built(lake, &fingerprint(committed)).await? {
        return Ok(());
    }
    let source = "another run has replaced it; run again".into();
    Err(Error::Lake { action: "find the history of", location: lake.location().to_owned(), source })
}

/// Nothing that makes, changes or writes anything, and no setting.
pub(crate) fn read_only() -> SQLOptions {
    SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false)
}

fn context(memory: &Memory) -> datafusion::error::Result<SessionContext> {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut config = SessionConfig::new()
        .with_information_schema(true)
        .with_default_catalog_and_schema("lake", "public")
        .with_batch_size(BATCH_ROWS)
        .with_target_partitions((memory.bytes / PARTITION_MEMORY).clamp(1, cores));
    // Plain Arrow strings, as in `schemas`; views would save copies that our small answers do not make.
    config.options_mut().execution.parquet.schema_force_view_types = false;
    config.options_mut().execution.parquet.pushdown_filters = true;
    // Planning opens no file: a lake has thousands, and a scan prunes by their own statistics.
    config.options_mut().execution.collect_statistics = false;
    config.options_mut().sql_parser.map_string_types_to_utf8view = false;
    let merging = memory.bytes / MERGING_PART;
    config.options_mut().execution.sort_spill_reservation_bytes = merging.min(MERGING_MOST);
    let runtime = RuntimeEnvBuilder::new().with_memory_pool(memory.pool.clone()).build_arc()?;
    Ok(SessionContext::new_with_config_rt(config, runtime))
}

/// What the rows take, and what holding them does.
fn bytes_of(batch: &RecordBatch) -> usize {
    let rows = |column: &ArrayRef| column.to_data().get_slice_memory_size().unwrap_or_default();
    BATCH_BYTES + batch.columns().iter().map(rows).sum::<usize>()
}

/// An answer is held until it is written, beside what the operators of the pool hold.
fn too_much(query: &str, memory_bytes: usize) -> Error {
    let cause = format!("the answer takes more than {memory_bytes} bytes; narrow it, or give more with --memory");
    Error::Query { action: "run", query: query.to_owned(), source: cause.into() }
}

#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
fn failed(action: &'static str, query: &str, cause: DataFusionError) -> Error {
    Error::Query { action, query: query.to_owned(), source: advised(cause.strip_backtrace().into()) }
}
