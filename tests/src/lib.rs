//! What the end-to-end tests stand on: a bucket to read from, the program to run, and answers to compare with.

/// The bucket: an S3 server in this process, over real HTTP, that can be told to misbehave.
pub mod s3_server;

/// The program: runs the shipped binary with nothing of the machine's AWS configuration.
pub mod program;

/// The trail: a synthetic bucket of log files and the truth about what was planted in it.
pub mod answer_key;

/// Real log files that others recorded or published.
pub mod real_records;
