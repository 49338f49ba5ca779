//! The whole program over real files and a real S3 protocol, as its users run it.

mod place;
mod signed_bucket;

mod accounting;
mod answer_key;
mod attestation;
mod can_delete;
mod cli;
mod differential;
mod doctor;
mod evaluate;
mod evidence;
mod golden;
mod history;
mod killed;
mod kpi_witness;
mod memory;
mod pack;
mod planted_damage;
mod reach_witness;
mod real_records;
mod rebuilt;
mod replace;
mod replace_acts;
mod report;
mod rule;
mod rule_faults;
mod rule_witness;
mod rules;
mod rules_witness;
mod s3;
mod shards;
mod tidy;
mod trail;
mod verdict_witness;
mod verify;
