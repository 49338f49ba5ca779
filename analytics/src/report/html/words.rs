//! The words of the report that no log wrote.

use chrono::{DateTime, NaiveDate, Utc};
use schemas::control::{ControlId, Verdict};

use crate::report::input::JobKey;

/// Longer texts of a log are cut here, and say so: one hostile field must not make a report that cannot be opened.
const MAX_CHARS: usize = 600;

/// A verdict as people read it.
pub const fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "Compliant",
        Verdict::NonCompliant => "Non-compliant",
        Verdict::NotApplicable => "Not applicable",
        Verdict::Undetermined => "Undetermined",
    }
}

/// What the verdict means, for the legend.
pub const fn verdict_meaning(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Compliant => "What the control states is true of the job, and a record says so.",
        Verdict::NonCompliant => "What the control states is not true of the job, and a record says so.",
        Verdict::NotApplicable => "The control says nothing about such a job.",
        Verdict::Undetermined => {
            "Something decisive could not be read. Neither a pass nor a fail: treat it as open until it is settled."
        }
    }
}

/// The verdict's letter: its class in the style sheet and its place in `data-v` of a row.
pub const fn letter(verdict: Verdict) -> char {
    match verdict {
        Verdict::Compliant => 'c',
        Verdict::NonCompliant => 'n',
        Verdict::NotApplicable => 'a',
        Verdict::Undetermined => 'u',
    }
}

/// What to do about a job that is not compliant with a control. A job's network settings cannot be changed and a job
/// cannot be deleted (Amazon Bedrock User Guide, model customization jobs in a VPC).
pub const fn fix(control: ControlId) -> &'static str {
    match control {
        ControlId::JobInVpc => {
            "A job's network cannot be changed. Re-create the job in a VPC (bedrock-audit replace), retire the model that it \
             made, and let only pipelines create jobs (infra/guardrails)."
        }
        ControlId::JobSecurityGroupsExist => {
            "A deleted group cannot be brought back. Re-create the job with a group that exists (bedrock-audit replace), ask \
             who deleted the old one, and let pipelines ask bedrock-audit can-delete before they delete a group."
        }
        ControlId::JobSecurityGroupsNotDefault => {
            "Re-create the job with a group of its own (bedrock-audit replace); take the default group's rules away, so that \
             nothing can lean on it."
        }
        ControlId::JobNetworkTagged => {
            "Tag the groups, subnets and the VPC with the mandatory keys, each with a value. Nothing has to be re-created."
        }
        ControlId::JobPrivatePath => {
            "Take the route to the internet gateway out of the job's subnets, and add the missing VPC endpoints for S3 and \
             KMS (infra/ has a network that passes). The job's next run is then on a private path."
        }
        ControlId::JobSecurityGroupsReachEndpoints => {
            "Allow 443 from the job's groups to the endpoints, and let the endpoints' groups take it in."
        }
        ControlId::JobRoleCanUseVpc => "Give the job's role the EC2 permissions that a job in a VPC needs.",
        ControlId::TrainingDataRequiresVpc => {
            "Make the training bucket's policy refuse reads that do not come through the VPC's endpoint."
        }
    }
}

/// What to do where nothing else is known of an undetermined verdict.
pub const SETTLE: &str = "Look at the job itself: bedrock-audit evaluate asks the live APIs, where it still exists.";

/// `model_customization` as people read it.
pub fn kind(job_kind: &str) -> &str {
    match job_kind {
        "model_customization" => "customization",
        "model_import" => "import",
        "model_invocation" => "batch inference",
        other => other,
    }
}

/// What digest files say of a cited log file (the states of the view `log_file_attestations`).
pub fn attestation(state: &str) -> &str {
    match state {
        "attested" => "a valid digest file vouches for it",
        "mismatch" => "changed after delivery",
        "not_attested" => "no digest file vouches for it",
        other => other,
    }
}

/// A job by its name, or by the end of its ARN where the name is masked.
pub fn job_name(job: &JobKey) -> String {
    let id = |arn: &String| format!("…/{}", arn.rsplit('/').next().unwrap_or(arn));
    let name = job.job_name.clone().or_else(|| job.job_arn.as_ref().map(id));
    shortened(&name.unwrap_or_else(|| "a job that the record does not name".to_owned()))
}

/// The command that tells a job's whole story.
pub fn explain(job: &str, lake: &str) -> String {
    format!("bedrock-audit explain {} --lake {}", shell_quoted(job), shell_quoted(lake))
}

/// A text as one word of a POSIX shell: a log may name a job `; rm -rf /`.
fn shell_quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !text.is_empty() && !text.starts_with('-') && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A text of a log, cut where it is longer than a person reads.
pub fn shortened(text: &str) -> String {
    match text.char_indices().nth(MAX_CHARS) {
        Some((cut, _)) => format!("{}… ({} more characters)", &text[..cut], text[cut..].chars().count()),
        None => text.to_owned(),
    }
}

/// A text cut to fit into a picture; the list below the picture has all of it.
pub fn fitted(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        Some(_) => text.chars().take(max_chars.saturating_sub(1)).chain(['…']).collect(),
        None => text.to_owned(),
    }
}

/// The name of a log file without its folder: account, Region, time and a random id, so that it is found by it. The full
/// key stands in the table of jobs and in the CSV.
pub fn file_name(log_file: &str) -> String {
    shortened(log_file.rsplit('/').next().unwrap_or(log_file))
}

/// `2026-02-03T10:00:00Z`
pub fn instant(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `2026-02-03 10:00`, for places with a column head that says UTC.
pub fn minute(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M").to_string()
}

/// `2026-02-03` or `2026-02-03 to 2026-02-07`; `last` is included.
pub fn days(first: NaiveDate, last: NaiveDate) -> String {
    if first == last { first.to_string() } else { format!("{first} to {last}") }
}

/// `1 job`, `10,000 jobs`
pub fn count(number: u64, thing: &str) -> String {
    format!("{} {thing}{}", thousands(number), if number == 1 { "" } else { "s" })
}

/// `10000` as `10,000`
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_their_thousands_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([count(1, "job"), count(0, "job")], ["1 job", "0 jobs"]);
    }

    #[test]
    fn a_hostile_job_is_one_word_of_a_shell() {
        assert_eq!(explain("a'; rm -rf /", "./lake"), r"bedrock-audit explain 'a'\''; rm -rf /' --lake ./lake");
        assert_eq!(explain("--help", "a b"), "bedrock-audit explain '--help' --lake 'a b'");
        assert_eq!(explain("$(id)", "s3://b/p"), "bedrock-audit explain '$(id)' --lake s3://b/p");
    }

    #[test]
    fn long_texts_are_cut_between_characters_and_say_so() {
        assert_eq!(shortened(&"ß".repeat(MAX_CHARS + 7)), format!("{}… (7 more characters)", "ß".repeat(MAX_CHARS)));
        assert_eq!(shortened("short"), "short");
        assert_eq!([fitted("abcdef", 4), fitted("abcd", 4)], ["abc…", "abcd"]);
    }

    #[test]
    fn every_control_has_a_fix_and_every_verdict_a_letter_of_its_own() {
        assert!(ControlId::ALL.into_iter().all(|control| fix(control).ends_with('.')));
        let letters: std::collections::BTreeSet<char> = Verdict::ALL.into_iter().map(letter).collect();
        assert_eq!(letters.len(), Verdict::ALL.len());
    }
}
