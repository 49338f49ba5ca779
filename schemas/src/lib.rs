//! The words that the rule and the analytics share: ids, jobs, controls, verdicts, CloudTrail records and the tables
//! of the lake. Plain values only: no AWS SDK, no network, no clock.
//!
//! | module | the words in it |
//! | --- | --- |
//! | [`ids`] | account, Region, ARN, security group: valid by construction |
//! | [`job`] | job kinds, and what a request says about its VPC |
//! | [`control`] | the controls and the four verdicts |
//! | [`record`] | a CloudTrail record's members under our column names, and the event names the audit keeps |
//! | [`tables`] | every table of the lake, column by column |

pub mod control;
pub mod ids;
pub mod job;
pub mod record;
pub mod tables;
