//! Statements into plans and answers. PostgreSQL's protocol has two ways of asking, a text alone and a prepared statement
//! with values; both end here.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::DataFrame;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement;
use datafusion_pg_catalog::sql::PostgresCompatibilityParser;
use futures::{Sink, SinkExt};
use pgwire::api::portal::{Format, Portal, PortalExecutionState};
use pgwire::api::query::{ExtendedQueryHandler, SimpleQueryHandler, send_partial_query_response};
use pgwire::api::results::{DataRowEncoder, FieldFormat, FieldInfo, QueryResponse, Response, Tag};
use pgwire::api::stmt::QueryParser;
use pgwire::api::store::{Entry, PortalStore};
use pgwire::api::{ClientInfo, ClientPortalStore, ConnectionHandle, DEFAULT_NAME, PgWireConnectionState, Type};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::PgWireBackendMessage;
use pgwire::messages::extendedquery::Execute;
use pgwire::messages::response::TransactionStatus;
use pgwire::messages::simplequery::Query;
use tokio::sync::Semaphore;

use super::rows::{self, failed};
use super::statement::{Kind, Refused, kind, shown};
use super::{Limits, parameters, told};
use crate::error::chain;
use crate::query::current::Current;
use crate::query::time_limit::Deadline;
use crate::query::{Engine, read_only};

/// A statement's text may have so many bytes: the longer, the deeper it can nest.
const LONGEST: usize = 64 << 10;

/// A statement that is understood.
#[derive(Debug, Clone)]
pub struct Prepared {
    kind: Kind,
    plan: Option<LogicalPlan>,
}

/// What answers statements, of every client alike: a client has no state here.
pub struct Session {
    planner: Arc<Planner>,
    limits: Limits,
    turns: Arc<Semaphore>,
}

/// Understands statements.
pub struct Planner {
    current: Current,
    parser: PostgresCompatibilityParser,
    limits: Limits,
}

impl From<Refused> for PgWireError {
    fn from(refused: Refused) -> Self {
        told(refused.code, refused.message)
    }
}

impl Planner {
    /// What a text asks for, statement by statement. All of it is looked at before any of it is done.
    fn read(&self, sql: &str, status: TransactionStatus) -> PgWireResult<Vec<(Statement, Kind)>> {
        if sql.len() > LONGEST {
            return Err(told("54000", format!("the statement has {} bytes; at most {LONGEST} are read", sql.len())));
        }
        let statements = self.parser.parse(sql).map_err(|cause| told("42601", cause.to_string()))?;
        let read = |statement: Statement| kind(&statement).map(|kind| (statement, kind));
        let statements: Vec<(Statement, Kind)> = statements.into_iter().map(read).collect::<Result<_, _>>()?;
        if status == TransactionStatus::Error && !statements.iter().all(|(_, kind)| kind.leaves_failure()) {
            return Err(told("25P02", "the transaction has failed; ROLLBACK ends it".to_owned()));
        }
        if statements.iter().filter(|(_, kind)| kind.has_plan()).count() > 1 {
            return Err(told("42601", "one query at a time".to_owned()));
        }
        Ok(statements)
    }

    /// Whether a text goes back to a savepoint.
    fn goes_back(&self, sql: &str) -> bool {
        let statements = self.read(sql, TransactionStatus::Error).unwrap_or_default();
        matches!(statements.as_slice(), [(_, Kind::RollbackTo)])
    }

    async fn engine(&self) -> PgWireResult<Arc<Engine>> {
        self.current.engine().await.map_err(|cause| told("58000", chain(&cause)))
    }

    async fn plan(&self, engine: &Engine, statement: Statement) -> PgWireResult<LogicalPlan> {
        let state = engine.session().state();
        let plan = state.statement_to_plan(Parsed::Statement(Box::new(statement))).await.map_err(failed)?;
        read_only().verify_plan(&plan).map_err(|cause| told("25006", cause.strip_backtrace()))?;
        Ok(plan)
    }
}

impl Session {
    /// Over a lake, within limits.
    pub fn new(current: Current, limits: Limits) -> Self {
        let turns = Arc::new(Semaphore::new(current.memory().statements_at_once()));
        let planner = Planner { current, parser: PostgresCompatibilityParser::new(), limits };
        Self { planner: Arc::new(planner), limits, turns }
    }

    /// Runs a plan, when it is its turn.
    async fn run(
        &self,
        engine: &Engine,
        plan: LogicalPlan,
        kind: &Kind,
        format: &Format,
        deadline: Deadline,
    ) -> PgWireResult<QueryResponse> {
        let turn = deadline.within(self.turns.clone().acquire_owned()).await?;
        let turn = turn.map_err(|_| told("57P01", "the server ends".to_owned()))?;
        let mut frame = DataFrame::new(engine.session().state(), plan);
        if *kind == Kind::Rows {
            // One more than may be sent shows that there are more.
            frame = frame.limit(0, self.limits.max_rows.checked_add(1)).map_err(failed)?;
        }
        deadline.within(rows::answer(frame, format, self.limits.max_rows, turn, deadline)).await?
    }

    /// Answers what has no plan.
    fn respond(&self, kind: &Kind, status: TransactionStatus) -> PgWireResult<Response> {
        Ok(match kind {
            Kind::Begin if status == TransactionStatus::Idle => Response::TransactionStart(Tag::new("BEGIN")),
            Kind::Begin => Response::Execution(Tag::new("BEGIN")),
            Kind::Commit if status == TransactionStatus::Error => Response::TransactionEnd(Tag::new("ROLLBACK")),
            Kind::Commit => Response::TransactionEnd(Tag::new("COMMIT")),
            Kind::Rollback => Response::TransactionEnd(Tag::new("ROLLBACK")),
            Kind::RollbackTo => Response::Execution(Tag::new("ROLLBACK")),
            Kind::Ignored(tag) => Response::Execution(Tag::new(tag)),
            Kind::Show(name) => Response::Query(one_text(name, &shown(name, self.limits.statement_timeout)?)?),
            Kind::Rows | Kind::About => unreachable!("these have a plan"),
        })
    }

    /// The rows of a portal that has not begun, unless the client cancels them.
    async fn begin<C>(&self, client: &mut C, portal: &Portal<Prepared>) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Prepared>,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let handle = client.session_extensions().get::<Arc<ConnectionHandle>>();
        let Some(handle) = handle else { return ExtendedQueryHandler::do_query(self, client, portal, 0).await };
        let cancelled = handle.start_query().await;
        tokio::select! {
            answer = ExtendedQueryHandler::do_query(self, client, portal, 0) => answer,
            _ = cancelled => Err(PgWireError::QueryCanceled),
        }
    }
}

#[async_trait]
impl SimpleQueryHandler for Session {
    /// As the trait does it, whose status afterwards is the one that it finds.
    async fn on_query<C>(&self, client: &mut C, query: Query) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if client.transaction_status() == TransactionStatus::Error && self.planner.goes_back(&query.query) {
            client.set_transaction_status(TransactionStatus::Transaction);
        }
        self._on_query(client, query).await
    }

    async fn do_query<C>(&self, client: &mut C, query: &str) -> PgWireResult<Vec<Response>>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let deadline = Deadline::after(self.limits.statement_timeout);
        let status = client.transaction_status();
        let mut responses = Vec::new();
        for (statement, kind) in self.planner.read(query, status)? {
            responses.push(if kind.has_plan() {
                let engine = deadline.within(self.planner.engine()).await??;
                let plan = deadline.within(self.planner.plan(&engine, statement)).await??;
                Response::Query(self.run(&engine, plan, &kind, &Format::UnifiedText, deadline).await?)
            } else {
                self.respond(&kind, status)?
            });
        }
        if responses.is_empty() {
            responses.push(Response::EmptyQuery);
        }
        Ok(responses)
    }
}

#[async_trait]
impl QueryParser for Planner {
    type Statement = Prepared;

    async fn parse_sql<C>(&self, client: &C, sql: &str, _: &[Option<Type>]) -> PgWireResult<Option<Prepared>>
    where
        C: ClientInfo + Unpin + Send + Sync,
    {
        let mut statements = self.read(sql, client.transaction_status())?;
        if statements.len() > 1 {
            return Err(told("42601", "a prepared statement is one statement".to_owned()));
        }
        let Some((statement, kind)) = statements.pop() else { return Ok(None) };
        if !kind.has_plan() {
            return Ok(Some(Prepared { kind, plan: None }));
        }
        let deadline = Deadline::after(self.limits.statement_timeout);
        let engine = deadline.within(self.engine()).await??;
        let plan = deadline.within(self.plan(&engine, statement)).await??;
        Ok(Some(Prepared { kind, plan: Some(plan) }))
    }

    fn get_parameter_types(&self, statement: &Prepared) -> PgWireResult<Vec<Type>> {
        statement.plan.as_ref().map_or_else(|| Ok(Vec::new()), parameters::wire_types)
    }

    fn get_result_schema(&self, statement: &Prepared, format: Option<&Format>) -> PgWireResult<Vec<FieldInfo>> {
        let format = format.unwrap_or(&Format::UnifiedText);
        match (&statement.plan, &statement.kind) {
            (Some(plan), _) => arrow_pg::datatypes::arrow_schema_to_pg_fields(plan.schema().as_arrow(), format, None),
            (None, Kind::Show(name)) => Ok(vec![text_field(name)]),
            (None, _) => Ok(Vec::new()),
        }
    }
}

#[async_trait]
impl ExtendedQueryHandler for Session {
    type Statement = Prepared;
    type QueryParser = Planner;

    fn query_parser(&self) -> Arc<Planner> {
        self.planner.clone()
    }

    async fn do_query<C>(&self, client: &mut C, portal: &Portal<Prepared>, _: usize) -> PgWireResult<Response>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        let Prepared { kind, plan } = &portal.statement.statement;
        let status = client.transaction_status();
        if status == TransactionStatus::Error && !kind.leaves_failure() {
            return Err(told("25P02", "the transaction has failed; ROLLBACK ends it".to_owned()));
        }
        let Some(plan) = plan else { return self.respond(kind, status) };
        let deadline = Deadline::after(self.limits.statement_timeout);
        let plan = match portal.parameter_len() {
            0 => plan.clone(),
            _ => plan.clone().replace_params_with_values(&parameters::values(plan, portal)?).map_err(failed)?,
        };
        // A statement may have been prepared long ago: its tables are read as they are now.
        let engine = deadline.within(self.planner.engine()).await??;
        let rows = self.run(&engine, plan, kind, &portal.result_column_format, deadline).await?;
        Ok(Response::Query(rows))
    }

    /// As the trait does it, but rows are sent as they come: collecting them first would take memory that nobody counts.
    async fn on_execute<C>(&self, client: &mut C, message: Execute) -> PgWireResult<()>
    where
        C: ClientInfo + ClientPortalStore + Sink<PgWireBackendMessage> + Unpin + Send + Sync,
        C::PortalStore: PortalStore<Statement = Self::Statement>,
        C::Error: std::fmt::Debug,
        PgWireError: From<<C as Sink<PgWireBackendMessage>>::Error>,
    {
        if !matches!(client.state(), PgWireConnectionState::ReadyForQuery) {
            return Err(PgWireError::NotReadyForQuery);
        }
        let name = message.name.as_deref().unwrap_or(DEFAULT_NAME);
        let portal = match client.portal_store().get_portal(name) {
            Some(Entry::Value(portal)) if portal.statement.statement.kind.has_plan() => portal,
            Some(Entry::Value(portal)) if portal.statement.statement.kind == Kind::RollbackTo => {
                if client.transaction_status() == TransactionStatus::Error {
                    client.set_transaction_status(TransactionStatus::Transaction);
                }
                return self._on_execute(client, message).await;
            }
            _ => return self._on_execute(client, message).await,
        };
        client.set_state(PgWireConnectionState::QueryInProgress);
        let state = portal.state();
        let mut state = state.lock().await;
        if matches!(*state, PortalExecutionState::Initial)
            && let Response::Query(rows) = self.begin(client, &portal).await?
        {
            *state = PortalExecutionState::Suspended(rows);
        }
        match &mut *state {
            PortalExecutionState::Suspended(rows) => {
                let most = usize::try_from(message.max_rows).unwrap_or(0);
                if !send_partial_query_response(client, rows, most).await? {
                    *state = PortalExecutionState::Finished;
                }
            }
            _ => {
                let tag = Tag::new("SELECT").with_rows(0);
                client.send(PgWireBackendMessage::CommandComplete(tag.into())).await?;
            }
        }
        client.set_state(PgWireConnectionState::ReadyForQuery);
        Ok(())
    }
}

fn text_field(name: &str) -> FieldInfo {
    FieldInfo::new(name.to_owned(), None, None, Type::VARCHAR, FieldFormat::Text)
}

fn one_text(name: &str, value: &str) -> PgWireResult<QueryResponse> {
    let fields = Arc::new(vec![text_field(name)]);
    let mut row = DataRowEncoder::new(fields.clone());
    row.encode_field(&Some(value))?;
    Ok(QueryResponse::new(fields, futures::stream::iter([Ok(row.take_row())])))
}
