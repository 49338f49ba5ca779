use clap::{CommandFactory, FromArgMatches};

use super::*;
use crate::cli::{Cli, Command as Typed};

fn parsed(config: &str, line: &str) -> Cli {
    let table: Table = config.parse().expect("TOML");
    let command = with_defaults(Cli::command(), &table).expect("a config that fits");
    let words = std::iter::once("bedrock-audit").chain(line.split_whitespace());
    let matches = command.try_get_matches_from(words).expect("a command line that fits");
    Cli::from_arg_matches(&matches).expect("what clap has matched")
}

fn refused(config: &str) -> String {
    let table: Table = config.parse().expect("TOML");
    with_defaults(Cli::command(), &table).expect_err("a config that does not fit")
}

#[test]
fn a_key_is_the_default_of_its_option_wherever_there_is_one() {
    let config = "lake = 's3://lake/a'\nregion = 'eu-west-1'\nquiet = true\n[audit]\nstrict = true\noutput = 'csv'";
    let cli = parsed(config, "audit");
    assert!(cli.global.quiet && cli.global.region.as_deref() == Some("eu-west-1"));
    let Typed::Audit(audit) = cli.command else { panic!("audit") };
    assert!(audit.strict && audit.lake.lake == "s3://lake/a");
    let Typed::Rebuild(rebuild) = parsed(config, "rebuild").command else { panic!("rebuild") };
    assert_eq!(rebuild.lake.lake, "s3://lake/a");
}

#[test]
fn what_is_typed_goes_before_the_commands_table_and_that_before_the_top() {
    let config = "lake = 'top'\n[rebuild]\nlake = 'table'";
    for (line, expected) in [("rebuild", "table"), ("rebuild --lake typed", "typed")] {
        let Typed::Rebuild(rebuild) = parsed(config, line).command else { panic!("rebuild") };
        assert_eq!(rebuild.lake.lake, expected, "{line}");
    }
    let Typed::Audit(audit) = parsed(config, "audit").command else { panic!("audit") };
    assert_eq!(audit.lake.lake, "top");
}

#[test]
fn lists_numbers_and_dates_are_as_if_typed() {
    let config = "[ingest]\nlake = 'l'\naccounts = ['111122223333', '444455556666']\nlate-days = 3\nfrom = 2026-01-01";
    let Typed::Ingest(ingest) = parsed(config, "ingest logs").command else { panic!("ingest") };
    assert_eq!(ingest.accounts, ["111122223333", "444455556666"]);
    assert_eq!((ingest.late_days, ingest.from.as_deref()), (3, Some("2026-01-01")));
    let Typed::Ingest(ingest) = parsed(config, "ingest logs --accounts 777788889999").command else { panic!("ingest") };
    assert_eq!(ingest.accounts, ["777788889999"], "a list that is typed stands alone");
}

#[test]
fn one_of_a_required_group_may_come_from_the_file() {
    let Typed::Report(report) = parsed("lake = 'l'\n[report]\noutput = 'junit'", "report").command else {
        panic!("report")
    };
    assert!(report.output.is_some());
}

#[test]
fn what_does_not_fit_is_named_with_what_would() {
    for (config, expected) in [
        ("lakes = 'l'", "lakes: no such option; here there are quiet, memory"),
        ("[audits]\nstrict = true", "[audits]: no such command; there are demo, ingest"),
        ("[audit]\nstrickt = true", "[audit] strickt: no such option; here there are lake, as-of, strict"),
        ("[audit]\nstrict = 'yes'", "[audit] strict: expected true or false"),
        ("[audit]\nas-of = ['2026-01-01']", "[audit] as-of: expected a text or a number"),
        ("[audit]\noutput = 'tabel'", "[audit] output: invalid value 'tabel'"),
        ("[ingest]\nlate-days = 'x'", "[ingest] late-days: invalid value 'x'"),
        ("output = 'tabel'", "output, of audit: invalid value 'tabel'"),
        ("config = 'other.toml'", "config: no such option"),
        ("[ingest]\nsource = 'x'", "[ingest] source: no such option"),
    ] {
        let found = refused(config);
        assert!(found.starts_with(expected), "{config}: {found}");
    }
}

#[test]
fn the_file_is_the_typed_one_else_the_users_own_and_never_the_folders() {
    let typed = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
    let nothing = |_: &str| None;
    for (line, expected) in [
        ("p audit --config a.toml", Some("a.toml")),
        ("p --config=a.toml audit", Some("a.toml")),
        ("p audit", None),
        ("p query -- --config a.toml", None),
    ] {
        assert_eq!(find(&typed(line), nothing), expected.map(PathBuf::from), "{line}");
    }
    let home = tempfile::tempdir().expect("a temporary folder");
    let own = |name: &str| (name == "HOME").then(|| home.path().as_os_str().to_owned());
    assert_eq!(find(&typed("p audit"), own), None, "there is no file yet");
    let file = home.path().join(".config/bedrock-audit/config.toml");
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("a folder");
    std::fs::write(&file, "").expect("a file");
    assert_eq!(find(&typed("p audit"), own), Some(file.clone()));
    let other = |name: &str| (name == "XDG_CONFIG_HOME").then(|| home.path().join(".config").into_os_string());
    assert_eq!(find(&typed("p audit"), other), Some(file));
}
