//! What is typed into `bedrock-audit shell`: lines into statements and commands, and what a word may become.
//!
//! Plain text in, plain values out; the terminal is in `command::shell`.

pub mod complete;
pub mod input;
pub mod meta;
