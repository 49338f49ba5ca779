//! A plan that runs in a task of its own, until its rows are sent, nobody wants them any more, or its time is over.
//!
//! The task holds its turn among the statements. A client that takes some rows and then none keeps it no longer than the
//! statement's time.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow_pg::datatypes::arrow_schema_to_pg_fields;
use arrow_pg::row_encoder::RowEncoder;
use datafusion::error::DataFusionError;
use datafusion::prelude::DataFrame;
use futures::{Stream, StreamExt, stream};
use pgwire::api::portal::Format;
use pgwire::api::results::{FieldInfo, QueryResponse};
use pgwire::error::{PgWireError, PgWireResult};
use pgwire::messages::data::DataRow;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use super::told;
use crate::query::time_limit::{Deadline, TooLong};

impl From<TooLong> for PgWireError {
    fn from(over: TooLong) -> Self {
        told("57014", over.to_string())
    }
}

/// An error of a plan, with PostgreSQL's code for what a client can do something about.
#[expect(clippy::needless_pass_by_value, reason = "it is given to map_err")]
pub fn failed(cause: DataFusionError) -> PgWireError {
    let code = match cause.find_root() {
        DataFusionError::ResourcesExhausted(_) => "53200",
        DataFusionError::SQL(..) => "42601",
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => "42000",
        DataFusionError::NotImplemented(_) => "0A000",
        _ => "XX000",
    };
    told(code, cause.strip_backtrace())
}

/// Runs a plan; the answer begins when its first rows are there.
pub async fn answer(
    frame: DataFrame,
    format: &Format,
    max_rows: usize,
    turn: OwnedSemaphorePermit,
    deadline: Deadline,
) -> PgWireResult<QueryResponse> {
    let fields = Arc::new(arrow_schema_to_pg_fields(frame.schema().as_arrow(), format, None)?);
    let (sender, pieces) = mpsc::channel(1);
    tokio::spawn(run(frame, sender, turn, deadline));
    let mut rows =
        Rows { fields: fields.clone(), pieces, batch: None, left: max_rows, max_rows, deadline, is_over: false };
    // What fails at once is an error, and not the end of an answer.
    let first = rows.next().await.transpose()?;
    Ok(QueryResponse::new(fields, stream::iter(first.map(Ok)).chain(rows.stream())))
}

/// What the task sends.
enum Piece {
    Batch(RecordBatch),
    Failed(PgWireError),
    End,
}

async fn run(frame: DataFrame, pieces: mpsc::Sender<Piece>, turn: OwnedSemaphorePermit, deadline: Deadline) {
    tokio::select! {
        () = send(frame, &pieces) => {}
        () = pieces.closed() => {}
        // The pieces end without an end, by which the other side knows.
        () = tokio::time::sleep_until(deadline.at()) => {}
    }
    drop(turn);
}

async fn send(frame: DataFrame, pieces: &mpsc::Sender<Piece>) {
    let mut batches = match frame.execute_stream().await {
        Ok(batches) => batches,
        Err(cause) => {
            let _ = pieces.send(Piece::Failed(failed(cause))).await;
            return;
        }
    };
    while let Some(batch) = batches.next().await {
        let piece = batch.map_or_else(|cause| Piece::Failed(failed(cause)), Piece::Batch);
        let is_last = matches!(piece, Piece::Failed(_));
        if pieces.send(piece).await.is_err() || is_last {
            return;
        }
    }
    let _ = pieces.send(Piece::End).await;
}

/// The rows of an answer as they come.
struct Rows {
    fields: Arc<Vec<FieldInfo>>,
    pieces: mpsc::Receiver<Piece>,
    batch: Option<RowEncoder>,
    left: usize,
    max_rows: usize,
    deadline: Deadline,
    is_over: bool,
}

impl Rows {
    async fn next(&mut self) -> Option<PgWireResult<DataRow>> {
        while !self.is_over {
            if let Some(row) = self.batch.as_mut().and_then(RowEncoder::next_row) {
                if let Some(left) = self.left.checked_sub(1) {
                    self.left = left;
                    return Some(row);
                }
                self.is_over = true;
                return Some(Err(too_many(self.max_rows)));
            }
            match self.pieces.recv().await {
                Some(Piece::Batch(batch)) => self.batch = Some(RowEncoder::new(batch, self.fields.clone())),
                Some(Piece::End) => self.is_over = true,
                Some(Piece::Failed(cause)) => {
                    self.is_over = true;
                    return Some(Err(cause));
                }
                None => {
                    self.is_over = true;
                    return Some(Err(self.deadline.too_long().into()));
                }
            }
        }
        None
    }

    fn stream(self) -> impl Stream<Item = PgWireResult<DataRow>> + Send + 'static {
        stream::unfold(self, |mut rows| async move { rows.next().await.map(|row| (row, rows)) })
    }
}

fn too_many(max_rows: usize) -> PgWireError {
    told(
        "54000",
        format!(
            "the answer has more than {max_rows} rows; add a LIMIT, or have serve started with a larger --max-rows"
        ),
    )
}
