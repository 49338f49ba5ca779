//! May a resource of a network be deleted, as far as Bedrock jobs are concerned? Facts in, one answer a resource.
//!
//! | module | what |
//! | --- | --- |
//! | [`subject`] | what is asked about: a security group, a subnet, a VPC or a VPC endpoint |
//! | [`facts`] | what the answer may look at: plain values |
//! | [`decide`] | facts of one resource into its [`answer`]: verdict and reasons; `needs` is the part about jobs |
//! | [`gather`] | collecting the facts, through small traits and within bounds |

pub mod answer;
mod decision;
pub mod facts;
pub mod gather;
mod needs;
pub mod subject;

pub use decision::decide;

#[cfg(test)]
mod tests;
