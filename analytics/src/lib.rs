//! bedrock-audit: from CloudTrail log files to answers about Amazon Bedrock jobs and their network.
//!
//! | module | what it does, in the order data flows |
//! | --- | --- |
//! | [`store`] | sources and the lake: folders and S3 |
//! | [`ingest`] | log files in, `events` and the ledger out |
//! | [`trail`] | makes log files: the demo's, the tests', the benches' |

pub mod error;
pub mod exit_code;
pub mod ingest;
pub mod progress;
pub mod store;
pub mod table;
pub mod trail;
