//! The whole program over real files and a real S3 protocol, as its users run it.

mod place;

mod accounting;
mod answer_key;
mod cli;
mod differential;
mod evaluate;
mod golden;
mod history;
mod killed;
mod real_records;
mod rule;
mod rule_faults;
mod rule_witness;
mod s3;
mod tidy;
mod trail;
mod verify;
