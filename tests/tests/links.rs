//! Symbolic links lead nowhere: those of a source are passed over by name, those of a lake are refused, and none where output
//! goes is followed.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use analytics::trail::story::story;
use end_to_end::program::Program;

use crate::place::{Place, program};

fn told_and_built() -> Place {
    let place = Place::told();
    place.last_verdicts();
    place
}

#[test]
fn a_link_in_a_source_is_passed_over_by_name() {
    let outside = tempfile::tempdir().expect("a temporary folder");
    let place = Place::in_folders();
    place.deliver(&story().files);
    std::fs::write(outside.path().join("stray.json"), r#"{"Records":[{"eventID":"stray"}]}"#).expect("a file");
    symlink(outside.path(), place.trail_folder().join("AWSLogs/linked-folder")).expect("a link");
    symlink(outside.path().join("stray.json"), place.trail_folder().join("AWSLogs/linked.json")).expect("a link");
    symlink("nowhere", place.trail_folder().join("AWSLogs/dangling.json")).expect("a link");
    let ingest = place.ingest(&["--events", "all"]);
    assert!(ingest.stdout.contains("  3  passed over: symbolic links\n"), "{}", ingest.stdout);
    for name in ["linked-folder", "linked.json", "dangling.json"] {
        let line = ingest.stderr.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not named: {}", ingest.stderr));
        assert!(line.contains("was passed over, as are all symbolic links; put the file itself there"), "{line}");
    }
    assert!(place.sql("select event_id from event_copies where event_id = 'stray'").is_empty());
}

#[test]
fn a_source_and_a_lake_may_themselves_be_named_by_links() {
    let place = told_and_built();
    let link = place.lake_folder().with_file_name("by-link");
    symlink(place.lake_folder(), &link).expect("a link");
    let lake = link.display().to_string();
    program().args(["audit", "--lake", &lake]).run().expect_status(1);
    let again = program().args(["ingest", &place.source(), "--lake", &lake]).run().expect_status(0);
    assert!(again.stdout.contains("log files in the lake already"), "{}", again.stdout);
}

/// Moves a part of the lake out of it, and puts a link in its place.
fn moved_out(place: &Place, outside: &Path, name: &str) {
    let (from, to) = (place.lake_folder().join(name), outside.join("moved"));
    std::fs::rename(&from, &to).expect("the same file system");
    symlink(&to, &from).expect("a link");
}

#[test]
fn a_link_in_a_lake_is_refused_in_reading_and_in_writing() {
    for name in ["events", "log_files", "history", "set_aside"] {
        let place = told_and_built();
        let outside =
            tempfile::tempdir_in(place.lake_folder().parent().expect("a folder")).expect("a temporary folder");
        moved_out(&place, outside.path(), name);
        let before = everything_below(outside.path());
        let lake = place.lake();
        let source = place.source();
        let mut refusals = 0;
        for args in [
            vec!["audit", "--lake", &lake],
            vec!["query", "--sql", "select count(*) as n from event_copies", "--lake", &lake],
            vec!["rebuild", "--lake", &lake],
            vec!["ingest", &source, "--lake", &lake, "--events", "all", "--orphan-age", "0s"],
        ] {
            let outcome = program().args(args.clone()).run();
            let is_refused = outcome.status == 3 && outcome.stderr.contains("is a symbolic link");
            assert!(is_refused || outcome.status < 3, "{name} {args:?}: {} {}", outcome.status, outcome.stderr);
            assert!(!is_refused || outcome.stderr.contains("ingest again into a new lake"), "{}", outcome.stderr);
            refusals += u32::from(is_refused);
        }
        assert!(refusals > 0, "{name}: nothing was refused");
        assert_eq!(everything_below(outside.path()), before, "{name}: nothing outside is written or removed");
    }
}

#[test]
fn a_file_of_a_lake_that_is_a_link_is_refused() {
    let place = told_and_built();
    let outside = tempfile::tempdir_in(place.lake_folder().parent().expect("a folder")).expect("a temporary folder");
    let part = std::fs::read_dir(place.lake_folder().join("log_files")).expect("a ledger").next();
    let part = part.expect("it has a part").expect("a readable entry").file_name();
    moved_out(&place, outside.path(), &format!("log_files/{}", part.to_string_lossy()));
    let audit = program().args(["audit", "--lake", &place.lake()]).run().expect_status(3);
    assert!(audit.stderr.contains("is a symbolic link, which may lead out of the lake"), "{}", audit.stderr);
}

fn everything_below(folder: &Path) -> Vec<(String, u64)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            let about = std::fs::symlink_metadata(&path).expect("it is there");
            if about.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), about.len()));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_link_where_a_report_goes_is_replaced_and_not_followed() {
    let place = told_and_built();
    let folder = place.lake_folder().with_file_name("out");
    std::fs::create_dir(&folder).expect("a folder");
    let precious = folder.join("precious");
    for link in ["report.html", "report.html.unfinished", "report.csv", "report.csv.unfinished"] {
        std::fs::write(&precious, "keep").expect("a file");
        let link = folder.join(link);
        let _ = std::fs::remove_file(&link);
        symlink(&precious, &link).expect("a link");
        let out = folder.join("report.html").display().to_string();
        let args = ["report", "--lake", &place.lake(), "--output", "html", "--out", &out];
        place.program().args(args).run().expect_status(1);
        assert_eq!(std::fs::read_to_string(&precious).expect("it is there"), "keep", "{}", link.display());
        assert!(std::fs::symlink_metadata(&out).expect("it is there").is_file());
    }
}

/// Who runs the program with a strict umask gets files that nobody else reads.
#[test]
fn files_have_the_modes_that_the_umask_leaves() {
    let place = Place::in_folders();
    place.deliver(&story().files);
    let folder = place.lake_folder().with_file_name("out");
    std::fs::create_dir(&folder).expect("a folder");
    let (out, pack) = (folder.join("rows.ndjson").display().to_string(), folder.join("pack").display().to_string());
    let (lake, source) = (place.lake(), place.source());
    let keys = place.lake_folder().with_file_name("keys.json");
    std::fs::write(&keys, r#"{"PublicKeyList":[]}"#).expect("a file");
    let keys = keys.display().to_string();
    for args in [
        vec!["ingest", &source, "--lake", &lake],
        vec!["report", "--lake", &lake, "--output", "ndjson", "--out", &out, "--pack", &pack, "--public-keys", &keys],
    ] {
        let script = ["-c", "umask 077; exec \"$@\"", "sh", env!("CARGO_BIN_EXE_bedrock-audit-under-test"), "--quiet"];
        let outcome = Program::new("/bin/sh").args(script).args(args.clone()).run();
        assert!([1, 2].contains(&outcome.status), "{args:?}: {}", outcome.stderr);
    }
    for root in [place.lake_folder(), folder] {
        let files = everything_below(&root);
        assert!(files.len() > 2, "{}", root.display());
        for (path, _) in files {
            let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
            assert_eq!(mode & 0o177, 0, "{path} has mode {mode:o}: others may read it, or it may be run");
        }
    }
}
