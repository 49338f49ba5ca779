//! Answers as annotations of GitHub Actions (GitHub Docs, "Workflow commands for GitHub Actions").

use config_rule::deletion::answer::{Answer, DeletionVerdict, Effect};

use crate::query::render::visible;

/// A line for each answer: `::error title=...::...`.
pub fn annotations(answers: &[Answer]) -> String {
    answers.iter().map(annotation).collect()
}

fn annotation(answer: &Answer) -> String {
    let (command, title) = match answer.verdict() {
        DeletionVerdict::Free => ("notice", "may be deleted"),
        DeletionVerdict::NotFree => ("error", "must not be deleted"),
        DeletionVerdict::CannotTell => ("warning", "nobody can tell whether it may be deleted"),
    };
    let title = property(&format!("{}: {title}", visible(&answer.subject)));
    // What decides stands first: the page of a run shows the beginning.
    let mut reasons: Vec<_> = answer.reasons.iter().collect();
    reasons.sort_by_key(|reason| reason.effect == Effect::Tells);
    let lines: Vec<String> =
        reasons.iter().map(|reason| format!("{}: {}", reason.code.as_str(), visible(&reason.text))).collect();
    format!("::{command} title={title}::{}\n", data(&lines.join("\n")))
}

fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use config_rule::deletion::answer::{Reason, ReasonCode};

    use super::*;

    fn answer(subject: &str, reasons: Vec<Reason>) -> Answer {
        Answer { subject: subject.to_owned(), kind: None, reasons }
    }

    #[test]
    fn each_verdict_has_its_command_and_the_decisive_reason_comes_first() {
        let told = Reason::new(ReasonCode::LastUse, Effect::Tells, "long ago");
        let refused = Reason::new(ReasonCode::RunningJob, Effect::Refuses, "job a names it");
        let unknown = Reason::new(ReasonCode::Unreadable, Effect::Unknown, "denied");
        let text = annotations(&[
            answer("sg-1", vec![told.clone()]),
            answer("sg-2", vec![told, refused]),
            answer("module.a[\"b\"].x", vec![unknown]),
        ]);
        assert_eq!(
            text,
            "::notice title=sg-1%3A may be deleted::last_use: long ago\n\
             ::error title=sg-2%3A must not be deleted::running_job: job a names it%0Alast_use: long ago\n\
             ::warning title=module.a[\"b\"].x%3A nobody can tell whether it may be deleted::unreadable: denied\n"
        );
    }

    #[test]
    fn no_text_ends_a_command_or_begins_another() {
        let reason = Reason::new(ReasonCode::Unreadable, Effect::Unknown, "100%\r\n::set-output name=a::b");
        let text = annotations(&[answer("a,b::c\n%", vec![reason])]);
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(text.starts_with("::warning title=a%2Cb%3A%3Ac\\n%25%3A nobody"), "{text}");
        assert!(text.contains("100%25\\r\\n::set-output"), "{text}");
    }
}
