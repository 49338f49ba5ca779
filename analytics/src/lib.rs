//! bedrock-audit: from CloudTrail log files to answers about Amazon Bedrock jobs and their network.
//!
//! | module | what it does, in the order data flows |
//! | --- | --- |
//! | [`store`] | sources and the lake: folders and S3 |
//! | [`ingest`] | log files in, `events` and the ledger out |
//! | [`compact`](mod@compact) | many small parts of the lake into few |
//! | [`rebuild`] | `events` in, the history out |
//! | [`query`] | SQL over all of it, the questions that come with the program, their answers as text |
//! | [`connect`] | the statements that open the lake in another engine |
//! | [`audit`](mod@audit) | every job judged against every control |
//! | [`verify`], [`verification`] | whether log files are as CloudTrail delivered them: the decision, and the reading for it |
//! | [`evidence`] | what the rule of AWS Config wrote, read |
//! | [`deletion_input`] | what somebody is about to delete, as other programs write it down |
//! | [`pack`], [`packing`] | the evidence pack: its form and its check; what goes into it |
//! | `doctor` | what stands in the way of a first real run (features `s3` and `live`) |
//! | [`shell`] | what is typed into the shell: statements, commands, completion |
//! | `serve` | PostgreSQL's protocol over the lake, read-only (feature `serve`) |
//! | [`cli`], [`plan`], [`command`] | what was typed, what it means, what is done |
//! | [`trail`] | makes log files: the demo's, the tests', the benches' |

pub mod audit;
pub mod cli;
pub mod command;
pub mod compact;
pub mod connect;
pub mod deletion_input;
#[cfg(all(feature = "s3", feature = "live"))]
pub mod doctor;
pub mod error;
pub mod evidence;
pub mod exit_code;
pub mod ingest;
pub mod pack;
pub mod packing;
pub mod plan;
pub mod progress;
pub mod query;
pub mod rebuild;
pub mod report;
#[cfg(feature = "serve")]
pub mod serve;
pub mod sha256;
pub mod shell;
pub mod store;
pub mod table;
pub mod trail;
pub mod verification;
pub mod verify;
