//! An independent generator's trails, and the truth that it wrote beside them.

use std::collections::BTreeSet;

use end_to_end::answer_key::{AnswerKey, Attempt, Deletion, Job, JobVerdict, Recipe, SecurityGroup, make};

use crate::place::{Place, number, text};

type Texts = BTreeSet<Vec<String>>;

fn rows(place: &Place, question: &str, columns: &[&str]) -> Texts {
    let rows = place.query(question, &[]);
    let found: Texts =
        rows.iter().map(|row| columns.iter().map(|column| text(row, column).to_owned()).collect()).collect();
    assert_eq!(found.len(), rows.len(), "{question} gives no row twice");
    found
}

/// Names for which the generator's truth cannot have happened: EC2 never has two groups of one name in a VPC at a time,
/// and no group is deleted before it was created. What such records mean is nobody's to say.
fn impossible_names(key: &AnswerKey) -> BTreeSet<String> {
    let groups = || key.security_groups.iter().filter(|group| group.group_name != "default");
    let begins = |group: &SecurityGroup| group.created_at.clone().unwrap_or_default();
    let ends = |group: &SecurityGroup| group.deleted_at.clone().unwrap_or_else(|| "9999".to_owned());
    let clash = |a: &SecurityGroup, b: &SecurityGroup| {
        a.group_id != b.group_id
            && a.vpc_id == b.vpc_id
            && a.group_name == b.group_name
            && begins(a) < ends(b)
            && begins(b) < ends(a)
    };
    let is_impossible = |a: &&SecurityGroup| ends(a) < begins(a) || groups().any(|b| clash(a, b));
    groups().filter(is_impossible).map(|group| group.group_name.clone()).collect()
}

fn how(deletion: Deletion) -> &'static str {
    match deletion {
        Deletion::ById => "by_id",
        Deletion::ByName => "by_name",
        Deletion::ByCloudFormation => "by_cloudformation",
        Deletion::ByDeleteVpc => "by_delete_vpc",
    }
}

fn verdicts_of(verdict: JobVerdict, has_default_group: bool) -> Option<[&'static str; 3]> {
    let not_default = if has_default_group { "NonCompliant" } else { "Compliant" };
    match verdict {
        JobVerdict::Refused => None,
        JobVerdict::NoVpc => Some(["NonCompliant", "NotApplicable", "NotApplicable"]),
        JobVerdict::SecurityGroupDeleted => Some(["Compliant", "NonCompliant", not_default]),
        JobVerdict::Ok => Some(["Compliant", "Compliant", not_default]),
    }
}

fn check_verdicts(place: &Place, key: &AnswerKey) {
    let (_, found) = place.last_verdicts();
    // The generator's truth has no tags and no endpoints.
    let controls = ["job_in_vpc", "job_security_groups_exist", "job_security_groups_not_default"];
    let found: Texts = found
        .iter()
        .filter(|row| controls.contains(&text(row, "control")))
        .map(|row| ["job_arn", "control", "verdict"].map(|c| text(row, c).to_owned()).to_vec())
        .collect();
    let mut expected = Texts::new();
    for job in &key.jobs {
        let has_default_group = job.groups.iter().any(|group| group.group_name == "default");
        let Some(verdicts) = verdicts_of(job.verdict, has_default_group) else { continue };
        for (control, verdict) in controls.into_iter().zip(verdicts) {
            expected.insert(vec![
                job.job_arn.clone().expect("an accepted request has a job"),
                control.to_owned(),
                verdict.to_owned(),
            ]);
        }
    }
    assert_eq!(found, expected);
}

fn check_questions(place: &Place, key: &AnswerKey) {
    let outside = key.jobs_that_are(JobVerdict::NoVpc);
    let expected: Texts =
        outside.map(|job| vec![job.event_id.clone(), job.job_name.clone(), job.event_time.clone()]).collect();
    assert_eq!(rows(place, "jobs_created_outside_vpc", &["event_id", "job_name", "requested_at"]), expected);

    let refused = key.jobs_that_are(JobVerdict::Refused);
    let expected: Texts =
        refused.map(|job| vec![job.event_id.clone(), job.error_code.clone().unwrap_or_default()]).collect();
    assert_eq!(rows(place, "refused_job_requests", &["event_id", "error_code"]), expected);

    let mut expected = Texts::new();
    for job in key.jobs.iter().filter(|job| job.error_code.is_none()) {
        for group in &job.groups {
            let (Some(at), Some(event), Some(way)) = (&group.deleted_at, &group.delete_event_id, group.how) else {
                continue;
            };
            expected.insert(vec![
                job.job_arn.clone().unwrap_or_default(),
                group.group_id.clone(),
                at.clone(),
                event.clone(),
                how(way).to_owned(),
            ]);
        }
    }
    let columns = ["job_arn", "group_id", "deleted_at", "event_id", "deleted_how"];
    assert_eq!(rows(place, "jobs_with_deleted_security_groups", &columns), expected);
}

/// Whether a record that can be believed names the group: an accepted request, or a refusal that speaks of the group
/// itself. A caller who was refused may have written any id.
fn is_ever_named(key: &AnswerKey, group: &SecurityGroup) -> bool {
    let uses = |job: &Job| job.error_code.is_none() && job.groups.iter().any(|used| used.group_id == group.group_id);
    let telling = ["Client.CannotDelete", "Client.DependencyViolation", "Client.DryRunOperation"];
    let tells = |attempt: &Attempt| attempt.error_code.as_deref().is_none_or(|code| telling.contains(&code));
    key.jobs.iter().any(uses) || group.attempts.iter().any(tells)
}

fn check_groups(place: &Place, key: &AnswerKey) {
    let life = |row: &crate::place::Row| {
        ["group_id", "created_at", "deleted_at", "deleted_event_id", "deleted_how"]
            .map(|c| text(row, c).to_owned())
            .to_vec()
    };
    let found: Texts = place.sql("select * from security_groups order by group_id").iter().map(life).collect();
    for group in &key.security_groups {
        let row = vec![
            group.group_id.clone(),
            group.created_at.clone().unwrap_or_default(),
            group.deleted_at.clone().unwrap_or_default(),
            group.delete_event_id.clone().unwrap_or_default(),
            group.how.map(how).unwrap_or_default().to_owned(),
        ];
        // The VPC of a default group shows only on the interface of a job that uses it.
        let is_traceable = group.how != Some(Deletion::ByDeleteVpc)
            || key
                .jobs
                .iter()
                .any(|job| job.job_arn.is_some() && job.groups.iter().any(|g| g.group_id == group.group_id));
        let is_named = group.created_at.is_some() || is_ever_named(key, group);
        if is_traceable && (is_named || group.deleted_at.is_some()) {
            assert!(found.contains(&row), "{row:?}");
        }
    }
    let expected: Texts = key
        .security_groups
        .iter()
        .filter(|group| group.how != Some(Deletion::ByDeleteVpc))
        .filter_map(|group| {
            Some(vec![group.group_id.clone(), group.deleted_at.clone()?, group.delete_event_id.clone()?])
        })
        .collect();
    let deletions = "select group_id, requested_at, event_id from security_group_delete_requests where outcome = 'deleted' and how <> 'by_delete_vpc' order by event_id";
    let found: Texts = place
        .sql(deletions)
        .iter()
        .map(|row| ["group_id", "requested_at", "event_id"].map(|c| text(row, c).to_owned()).to_vec())
        .collect();
    assert_eq!(found, expected);
    let attempts: usize = key
        .security_groups
        .iter()
        .map(|group| group.attempts.iter().filter(|attempt| attempt.error_code.is_some()).count())
        .sum();
    let refused = place.query("security_group_delete_attempts", &[]);
    assert!(refused.len() >= attempts, "{} of {attempts}", refused.len());
}

fn check_counts(place: &Place, key: &AnswerKey, ingest: &str) {
    let sql = "select event_name, sum(case when error_code is null then 1 else 0 end) as ok, count(error_code) as refused from events group by event_name order by event_name";
    let found = place.sql(sql);
    for row in &found {
        // RunInstances and the like are noise; every audited name is planted, so its count is known.
        let count = &key.counts[text(row, "event_name")];
        assert_eq!(
            (number(row, "ok") as u64, number(row, "refused") as u64),
            (count.ok, count.error),
            "{}",
            text(row, "event_name")
        );
    }
    assert!(found.len() > 8);
    let says = |count: u64, what: &str| {
        let line = ingest.lines().find(|line| line.trim_end().ends_with(what)).unwrap_or_default();
        let digits: String = line.chars().filter(char::is_ascii_digit).collect();
        assert_eq!(digits, count.to_string(), "{what} in {ingest}");
    };
    says(key.totals.log_files, "  log files read");
    says(key.not_logs.len() as u64, "  passed over: digest files");
    assert!(ingest.contains(&format!("records read: {}", grouped(key.totals.records_written))), "{ingest}");
    let set_aside: BTreeSet<String> =
        place.query("set_aside", &[]).iter().map(|row| text(row, "log_file").to_owned()).collect();
    assert_eq!(set_aside, key.corrupt.iter().map(|key| format!("{}/{key}", place.source())).collect());
}

fn grouped(number: u64) -> String {
    let digits: Vec<char> = number.to_string().chars().rev().collect();
    digits.chunks(3).map(|chunk| chunk.iter().collect::<String>()).collect::<Vec<_>>().join(",").chars().rev().collect()
}

#[test]
fn audit_and_queries_give_exactly_the_truth() {
    for (seed, events) in [(5, 3_000), (13, 6_000), (28, 4_000)] {
        let place = Place::in_folders();
        let recipe = Recipe { events, files: 60, seed, corrupt: 5, jobs: 40, groups: 120, ..Recipe::default() };
        let Some(key) = make(&place.trail_folder(), &recipe) else { return };
        assert_eq!(impossible_names(&key), BTreeSet::new(), "choose a seed whose stories can happen");
        let ingest = place.ingest(&[]).expect_status(2);
        check_counts(&place, &key, &ingest.stdout);
        check_verdicts(&place, &key);
        check_questions(&place, &key);
        check_groups(&place, &key);
    }
}
