//! A lake that is not there: whoever reads is told so, and what to do, in one line.

use crate::place::program;

/// Every command that reads a lake and asks nobody else.
const READERS: [&[&str]; 11] = [
    &["audit"],
    &["query", "--sql", "select 1"],
    &["query", "jobs_created_outside_vpc"],
    &["shell"],
    &["explain", "sg-0123456789abcdef0"],
    &["report", "--output", "json"],
    &["report", "--pack", "pack"],
    &["rebuild"],
    &["compact"],
    &["compact", "--dry-run"],
    &["connect", "--engine", "duckdb"],
];

#[test]
fn a_lake_that_is_not_there_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("file"), "a file").expect("a file");
    std::os::unix::fs::symlink("nowhere", path("link")).expect("a link");
    let below = path("file/lake");
    let absolute = path("nolake");
    for (lake, what) in [
        ("nolake", "there is no such folder"),
        ("a/b", "there is no such folder"),
        ("link", "there is no such folder"),
        (&*below, "there is no such folder"),
        (&*absolute, "there is no such folder"),
        ("file", "it is no folder"),
    ] {
        for reader in READERS {
            let args = reader.iter().copied().chain(["--lake", lake]);
            let outcome = program().args(args).current_folder(folder.path()).run().expect_status(3);
            let expected = format!(
                "bedrock-audit: failed to open {lake}: {what}; check --lake, or make a lake with: bedrock-audit ingest SOURCE \
                 --lake "
            );
            assert!(outcome.stderr.starts_with(&expected), "{reader:?}: {}", outcome.stderr);
            assert_eq!(outcome.stderr.lines().count(), 1, "{reader:?}: {}", outcome.stderr);
            assert_eq!(outcome.stdout, "", "{reader:?}");
        }
    }
    let mut left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("our own folder")
        .map(|entry| entry.expect("an entry").file_name().into_string().expect("our own names"))
        .collect();
    left.sort();
    assert_eq!(left, ["file", "link"], "nothing was made");
}
