//! What was typed after `serve`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

use super::LakeArg;

/// `bedrock-audit serve`
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  bedrock-audit serve --lake ./lake
  psql 'host=127.0.0.1 port=5432 user=analyst dbname=lake' -c 'select * from jobs'
  bedrock-audit serve --lake s3://my-lake/trail --listen 127.0.0.1:6432 --memory 2GiB --statement-timeout 5m
  bedrock-audit serve --lake ./lake --listen 0.0.0.0:5432 --tls-cert server.crt --tls-key server.key --password-file password

psql, DBeaver, Grafana and drivers of PostgreSQL connect: database lake, any user name. SQL can only read; the lake is never
written to. The tables and views are those of query, and questions without parameters are views of the schema queries. Each
statement sees the newest history that is built (rebuild, or audit, builds it): no restart.

On an address that others reach, TLS and a password are required. The password, of at least 12 characters, stands in
--password-file or in the variable BEDROCK_AUDIT_SERVE_PASSWORD, and is asked for by SCRAM-SHA-256. --memory is for all
statements together; the size of one text that a statement makes is not counted.")]
pub struct Serve {
    #[command(flatten)]
    pub lake: LakeArg,
    /// Address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:5432")]
    pub listen: SocketAddr,
    /// The server's certificate, and those that vouch for it, in PEM; connections are then taken through TLS only
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// The certificate's private key, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// A file with the password [default: the variable BEDROCK_AUDIT_SERVE_PASSWORD, else none]
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<PathBuf>,
    /// A statement is stopped after this long
    #[arg(long, value_name = "SPAN", default_value = "1m")]
    pub statement_timeout: String,
    /// A statement that has more rows fails
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1..))]
    pub max_rows: u32,
    /// Clients at one time
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..))]
    pub max_clients: u16,
    /// A client that asks nothing for this long is sent away
    #[arg(long, value_name = "SPAN", default_value = "1h")]
    pub idle_timeout: String,
    /// Your prices, as for query: a CSV file base_model,usd_per_job,usd_per_hour
    #[arg(long, value_name = "FILE")]
    pub prices: Option<PathBuf>,
}
