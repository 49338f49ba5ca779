//! SQL over the lake: DataFusion set up over its tables, the questions that come with the program, and their answers.

mod catalog;
#[cfg(feature = "ballista")]
mod cluster;
pub mod current;
mod engine;
mod params;
pub mod prices;
mod reader;
pub mod render;
pub mod rows;
pub mod time_limit;

pub use catalog::{Catalog, Parameter, ParameterKind, Question, views};
#[cfg(feature = "ballista")]
pub use cluster::Scheduler;
pub(crate) use engine::EVENT_COPIES;
#[cfg(feature = "serve")]
pub(crate) use engine::read_only;
pub use engine::{Answer, Engine, Memory};
pub use params::{Bindings, Value, parse_time};
