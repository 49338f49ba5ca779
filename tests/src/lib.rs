//! What the end-to-end tests stand on: a bucket to read from, the program to run, and answers to compare with.

/// What every server of the tests stands on.
pub mod loopback;

/// What stands between a program and a server, and breaks connections.
pub mod tcp_proxy;

/// The bucket: an S3 server in this process, over real HTTP, that can be told to misbehave.
pub mod s3_server;

/// The rest of AWS as far as the rule speaks it: strict, stateful, over real HTTP in this process.
pub mod aws_server;

/// The program: runs the shipped binary with nothing of the machine's AWS configuration.
pub mod program;

/// A client of PostgreSQL's protocol that can also misbehave.
pub mod postgres_client;

/// The function: the shipped Lambda binary behind a Runtime API in this process, invoked as Lambda invokes it.
pub mod runtime_api;

/// The events: what AWS Config and EventBridge invoke the function with.
pub mod config_events;

/// Another's AWS: moto in a Python process, as a witness beside the servers in this one.
pub mod moto;

/// The trail: a synthetic bucket of log files and the truth about what was planted in it.
pub mod answer_key;

/// Real log files that others recorded or published.
pub mod real_records;

/// Chance that a seed repeats.
pub mod dice;

/// EC2 as its documentation describes it, slow and obvious: what a network was at any instant.
pub mod ec2_model;

/// Random lives of groups, rules, tags and networks in that model.
pub mod ec2_life;

/// The records that CloudTrail writes of them, in every encoding.
pub mod ec2_records;

/// What the program rebuilt from those records beside what was true.
pub mod ec2_compare;

/// What a process holds, for tests that go on and on.
pub mod soak;

/// A great many rule changes, for a benchmark.
pub mod rule_changes;
