//! The whole program over real files and a real S3 protocol, as its users run it.

mod place;

mod accounting;
mod answer_key;
mod cli;
mod differential;
mod golden;
mod history;
mod killed;
mod real_records;
mod s3;
mod tidy;
mod trail;
