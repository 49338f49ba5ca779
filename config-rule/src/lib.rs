//! The AWS Config custom rule for Amazon Bedrock jobs: facts in, one verdict a job out, told to Config.
//!
//! In the order in which an invocation passes them:
//!
//! | module | what |
//! | --- | --- |
//! | [`settings`], [`event`], [`parameters`] | what the function's owner, Config and the rule's owner say |
//! | [`facts`] | what a control may look at: known, absent or unreadable |
//! | [`gather`] | collecting facts, through small traits and within bounds |
//! | [`controls`], [`judgement`], [`waiver`] | pure functions over facts |
//! | [`check`] | the three above, once over all jobs |
//! | [`deletion`] | whether jobs need a resource of the network that somebody wants to delete |
//! | [`report`], [`record`], [`deliver`] | the words and calls that reach AWS Config |
//! | [`evidence`] | what was seen and said, as an object of its own |
//! | [`account`] | who asks, and what AWS Config records: for the command `doctor` |
//! | [`handler`], [`immediate`], [`failure`] | one invocation, and how it ends |
//! | [`replacement`] | creating a job again: its request, checks before, acts |
//! | `aws` | the traits over the SDKs (feature `aws`) |

pub mod account;
#[cfg(feature = "aws")]
pub mod aws;
pub mod check;
pub mod controls;
pub mod deletion;
pub mod deliver;
pub mod event;
pub mod evidence;
pub mod facts;
pub mod failure;
pub mod gather;
pub mod handler;
pub mod immediate;
pub mod judgement;
pub mod parameters;
pub mod record;
pub mod replacement;
pub mod report;
pub mod settings;
pub mod waiver;

/// The wall clock, read by the shells only.
pub fn now() -> chrono::DateTime<chrono::Utc> {
    std::time::SystemTime::now().into()
}
