use super::*;
use crate::query::Catalog;
use schemas::tables::{EVIDENCE, HISTORY, INGESTED};

fn lake(place: Place) -> LakeState {
    let mut files: BTreeMap<_, _> = INGESTED.iter().map(|table| (table.name, Files::All)).collect();
    files.insert(EVIDENCE.name, Files::None);
    let parts = ["a", "b"].map(|part| part.repeat(32));
    files.insert(EVENTS.name, Files::Of(parts.into_iter().collect()));
    let s3 = S3Options { region: Some("eu-west-1".to_owned()), ..S3Options::default() };
    LakeState { place, s3, fingerprint: "f".repeat(32), files }
}

fn in_folder(dialect: Dialect) -> String {
    statements(dialect, &lake(Place::Folder("/data/o'neill".to_owned())), None)
}

fn in_s3(dialect: Dialect) -> String {
    statements(dialect, &lake(Place::S3("my-lake/trail".to_owned())), None)
}

fn check(text: &str, expected: &[&str]) {
    for part in expected {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn every_table_and_view_is_there_by_its_name() {
    for (dialect, text) in [
        (Dialect::DuckDb, in_folder(Dialect::DuckDb)),
        (Dialect::Spark, in_folder(Dialect::Spark)),
        (Dialect::Athena, in_s3(Dialect::Athena)),
    ] {
        let tables = INGESTED.iter().chain(&HISTORY).map(|table| sql_name(table).to_owned());
        for name in tables.chain(views().into_iter().map(|(name, _)| name)).chain(["prices".to_owned()]) {
            let made = match dialect {
                Dialect::DuckDb => format!("create or replace view {name} as\n"),
                Dialect::Spark => format!("create or replace temporary view {name} "),
                Dialect::Athena => format!("{name} as (\n"),
            };
            assert_eq!(text.matches(&format!("\n{made}")).count(), 1, "{dialect:?} {name}");
        }
    }
}

#[test]
fn a_semicolon_at_the_end_of_a_line_ends_a_statement() {
    let catalog = Catalog::load().expect("the repository's headers are whole");
    for dialect in [Dialect::DuckDb, Dialect::Spark, Dialect::Athena] {
        for question in catalog.questions() {
            let (lake, asked) = (lake(Place::S3("b".to_owned())), Asked { question, values: &[] });
            let text = statements(dialect, &lake, Some(asked));
            assert_eq!(text.matches(";\n").count(), text.matches(";\n\n").count(), "{}", question.name);
            assert!(
                text.ends_with(";\n\n") && !text.contains("\n\n\n") && !text.contains("\n-- "),
                "{}",
                question.name
            );
        }
    }
}

#[test]
fn duckdb_looks_into_the_lake_whenever_it_is_asked() {
    let text = in_folder(Dialect::DuckDb);
    check(
        &text,
        &[
            "set timezone = 'UTC';\n",
            "from glob('/data/o''neill/log_files/*.parquet');\n",
            "read_parquet(\n        '/data/o''neill/events/event_date=*/*.parquet',\n        union_by_name = true, \
             filename = true, hive_partitioning = true, hive_types = {'event_date': varchar}\n    )",
            "read_parquet(\n        '/data/o''neill/history/job_requests/*.parquet',",
            "cast(null as timestamp with time zone) as \"event_time\"",
            "from files_of_events\nwhere file_part in (select part from committed_parts);\n",
            "from files_of_job_requests\nwhere file_part = (select fingerprint from newest_history);\n",
            "from files_of_ingest_runs;\n",
        ],
    );
    assert!(!text.contains("/evidence/*.parquet") && !text.contains("secret"), "{text}");
}

#[test]
fn duckdb_finds_credentials_of_its_own() {
    let text = in_s3(Dialect::DuckDb);
    check(
        &text,
        &[
            "load httpfs;\n",
            "create or replace secret bedrock_audit_lake (type s3, provider credential_chain, scope 's3://my-lake/trail', \
             region 'eu-west-1');\n",
            "'s3://my-lake/trail/log_files/*.parquet'",
        ],
    );
    let mut other = lake(Place::S3("b".to_owned()));
    let endpoint = Some("http://127.0.0.1:9000/".to_owned());
    other.s3 = S3Options { endpoint_url: endpoint, profile: Some("audit".to_owned()), ..S3Options::default() };
    let expected = "profile 'audit', endpoint '127.0.0.1:9000', url_style 'path', use_ssl false);\n";
    check(&statements(Dialect::DuckDb, &other, None), &[expected]);
}

#[test]
fn spark_opens_what_counts_now() {
    let (a, b, f) = ("a".repeat(32), "b".repeat(32), "f".repeat(32));
    check(
        &in_folder(Dialect::Spark),
        &[
            &format!("options (path 'file:/data/o\\'neill/events', pathGlobFilter '{{{a},{b}}}*.parquet');\n"),
            "options (path 'file:/data/o\\'neill/log_files', pathGlobFilter '*.parquet');\n",
            &format!(
                "options (path 'file:/data/o\\'neill/history/job_requests/{f}.parquet', pathGlobFilter '*.parquet');\n"
            ),
            "    `event_time` timestamp,\n",
            "    `event_date` string\n)",
            "create or replace temporary view evidence as\nselect\n        cast(null as string) as `account_id`",
        ],
    );
    check(&in_s3(Dialect::Spark), &["options (path 's3a://my-lake/trail/log_files', "]);
}

#[test]
fn athena_has_the_tables_of_infra() {
    check(
        &in_s3(Dialect::Athena),
        &[
            "create database if not exists bedrock_audit;\n",
            "create external table if not exists bedrock_audit.job_requests_files (\n",
            "location 's3://my-lake/trail/history/job_requests/'\n",
            "partitioned by (`event_date` string)\nstored as parquet\nlocation 's3://my-lake/trail/events/'\n",
            "'storage.location.template' = 's3://my-lake/trail/events/event_date=${event_date}'\n);\n",
            "with_timezone(\"event_time\", 'UTC') as \"event_time\"",
            "in (select part from bedrock_audit.log_files_files)",
            "\n)\nselect * from jobs order by requested_at desc limit 100;\n",
        ],
    );
}

#[test]
fn a_question_hides_no_table_in_athena() {
    let known: Vec<String> = INGESTED.iter().chain(&HISTORY).map(|table| sql_name(table).to_owned()).collect();
    let known: Vec<String> = known.into_iter().chain(views().into_iter().map(|(name, _)| name)).collect();
    for question in Catalog::load().expect("the repository's headers are whole").questions() {
        for name in known.iter().map(String::as_str).chain(["prices", "newest_history"]) {
            let own = [format!("\nwith {name} as ("), format!("\n{name} as (")];
            assert!(!own.iter().any(|own| question.sql.contains(own.as_str())), "{} has its own {name}", question.name);
        }
    }
}

#[test]
fn files_that_nobody_committed_are_left_out() {
    assert_eq!(Files::of([]), Files::None);
    assert_eq!(Files::of([("a", false)]), Files::None);
    assert_eq!(Files::of([("a", true), ("a", true)]), Files::All);
    assert_eq!(Files::of([("a", true), ("b", false)]), Files::Of(BTreeSet::from(["a".to_owned()])));
}
