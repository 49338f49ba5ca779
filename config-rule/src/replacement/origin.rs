//! The old job: what it was asked for, as the API tells or as CloudTrail recorded the request, and what neither tells.

use serde::Serialize;
use serde_json::{Value, json};

use super::draft::{Parameters, TAGS, member_of, unmasked};
use super::request::{MEMBERS, REQUIRED};
use crate::facts::{Fact, Job, Tags};
use crate::waiver::WAIVER_TAG;

/// The members that a request has or not.
pub const OPTIONAL: [&str; 7] = [
    "customizationType",
    "customModelKmsKeyId",
    "jobTags",
    "customModelTags",
    "validationDataConfig",
    "hyperParameters",
    "customizationConfig",
];

/// What the Get call tells of a customization job.
#[derive(Debug, Clone, PartialEq)]
pub struct Live {
    /// The job as it is now.
    pub job: Job,
    /// Its request, as far as the call tells it: everything but the tags.
    pub parameters: Parameters,
    /// The model that it made; `None` until it has.
    pub output_model_arn: Option<String>,
    /// Members that hold a kind of value that this version does not know.
    pub not_understood: Vec<&'static str>,
}

/// What a record of `CreateModelCustomizationJob` tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    /// The job, where the record gives it.
    pub job_arn: Option<String>,
    /// Its name, where it is not masked.
    pub job_name: Option<String>,
    /// Where the record stands.
    pub citation: Citation,
    /// `requestParameters`, the record's own JSON.
    pub request_parameters: Option<String>,
}

/// Where a record stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Citation {
    /// `eventID`
    pub event_id: String,
    /// The log file.
    pub log_file: String,
    /// Its place in the log file.
    pub record_index: i64,
}

/// Who tells of the old job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Origin {
    /// The live API.
    Api,
    /// The record of its request.
    Record(Citation),
}

/// A member that nobody tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Missing {
    /// Its path.
    pub member: String,
    /// Why it is missing.
    pub why: String,
    /// The option that gives it.
    pub give: String,
    /// Whether a read failed, so that another run may find it.
    pub is_unread: bool,
}

impl Missing {
    /// A member of the request, with how to give it.
    pub fn new(member: &str, why: impl Into<String>) -> Self {
        let give = match member {
            "jobName" => "--job-name NAME".to_owned(),
            "customModelName" => "--custom-model-name NAME".to_owned(),
            "jobTags" | "customModelTags" => format!("--set {member}.KEY=VALUE, or --without {member}"),
            "hyperParameters" => "--set hyperParameters.KEY=VALUE, or --without hyperParameters".to_owned(),
            "trainingDataConfig" | "outputDataConfig" => format!("--set {member}.s3Uri=s3://BUCKET/KEY"),
            "validationDataConfig" | "customizationConfig" => {
                format!("--set '{member}=JSON', or --without {member}")
            }
            _ if OPTIONAL.contains(&member) => format!("--set {member}=VALUE, or --without {member}"),
            _ if MEMBERS.contains(&member_of(member)) => format!("--set {member}=VALUE"),
            _ => format!("--without {member}"),
        };
        Self { member: member.to_owned(), why: why.into(), give, is_unread: false }
    }
}

/// The old job.
#[derive(Debug, Clone, PartialEq)]
pub struct Old {
    /// Its ARN, where that is known.
    pub arn: Option<String>,
    /// Its name, where that is known.
    pub name: Option<String>,
    /// Who tells.
    pub origin: Origin,
    /// Its request, as far as it is known.
    pub parameters: Parameters,
    /// What is not known.
    pub missing: Vec<Missing>,
    /// What a person should know, one sentence each.
    pub notes: Vec<String>,
}

impl Old {
    /// From the API. `model_tags`: of the model that the job made, `None` where it made none.
    pub fn of_api(live: &Live, job_tags: Fact<Tags>, model_tags: Option<Fact<Tags>>) -> Self {
        let mut old = Self {
            arn: Some(live.job.arn.clone()),
            name: Some(live.job.name.clone()),
            origin: Origin::Api,
            parameters: live.parameters.clone(),
            missing: Vec::new(),
            notes: Vec::new(),
        };
        for member in REQUIRED.iter().filter(|member| !live.parameters.contains_key(**member)) {
            if !live.not_understood.contains(member) {
                old.missing.push(Missing::new(member, "bedrock:GetModelCustomizationJob does not tell it"));
            }
        }
        for member in &live.not_understood {
            old.missing.push(Missing::new(member, "it holds what this version of the program does not know"));
        }
        old.take_tags("jobTags", job_tags);
        match model_tags {
            Some(tags) => old.take_tags("customModelTags", tags),
            None => old.notes.push(NO_MODEL.to_owned()),
        }
        old
    }

    /// From the record of the request.
    pub fn of_record(recorded: &Recorded) -> Self {
        let mut old = Self {
            arn: recorded.job_arn.clone(),
            name: recorded.job_name.clone(),
            origin: Origin::Record(recorded.citation.clone()),
            parameters: Parameters::new(),
            missing: Vec::new(),
            notes: vec!["tags are those of the request: later TagResource calls are not in it".to_owned()],
        };
        let text = recorded.request_parameters.as_deref().unwrap_or("null");
        let Ok(Value::Object(parameters)) = serde_json::from_str::<Value>(text) else {
            let why = "the record omits requestParameters, or they cannot be read";
            old.missing = REQUIRED.iter().chain(&OPTIONAL).map(|member| Missing::new(member, why)).collect();
            return old;
        };
        let (parameters, masked) = unmasked(parameters);
        old.missing.extend(masked.iter().map(|path| Missing::new(path, "CloudTrail masked it")));
        let is_missing =
            |member: &str| !parameters.contains_key(member) && !masked.iter().any(|path| member_of(path) == member);
        let omitted: Vec<&str> = REQUIRED.into_iter().filter(|member| is_missing(member)).collect();
        old.missing.extend(omitted.iter().map(|member| Missing::new(member, "the record lacks it")));
        // A record that lacks what every request has, or masks a whole member, may lack more.
        if !omitted.is_empty() || masked.iter().any(|path| MEMBERS.contains(&path.as_str())) {
            let doubtful = OPTIONAL.into_iter().filter(|member| is_missing(member));
            let why = "the record is not whole, so it may lack it";
            old.missing.extend(doubtful.map(|member| Missing::new(member, why)));
        }
        for (member, value) in parameters {
            if !MEMBERS.contains(&member.as_str()) {
                old.missing.push(Missing::new(&member, "this version of the program does not know that member"));
            }
            old.parameters.insert(member, value);
        }
        for member in TAGS {
            match old.parameters.remove(member).map(|tags| tags_of(&tags)) {
                Some(Some(tags)) => old.take_tags(member, Fact::Known(tags)),
                Some(None) => old.missing.push(Missing::new(member, "the record's list of tags is not understood")),
                None => {}
            }
        }
        old
    }

    /// The tags of the model as the request asked for them, where the job has made no model to read them from.
    #[must_use]
    pub fn with_model_tags_of(mut self, recorded: &Self) -> Self {
        let member = "customModelTags";
        if self.parameters.contains_key(member) || !self.notes.iter().any(|note| note == NO_MODEL) {
            return self;
        }
        self.notes.retain(|note| note != NO_MODEL);
        if let Some(tags) = recorded.parameters.get(member) {
            self.parameters.insert(member.to_owned(), tags.clone());
            self.notes.push("customModelTags are those of the recorded request".to_owned());
        }
        self.missing.extend(recorded.missing.iter().filter(|missing| missing.member.starts_with(member)).cloned());
        self
    }

    fn take_tags(&mut self, member: &str, tags: Fact<Tags>) {
        let tags = match tags {
            Fact::Known(tags) => tags,
            Fact::Absent => return,
            Fact::Unreadable(unread) => {
                let why = format!("could not be read: {unread}");
                self.missing.push(Missing { is_unread: true, ..Missing::new(member, why) });
                return;
            }
        };
        let (reserved, tags): (Tags, Tags) = tags.into_iter().partition(|(key, _)| is_reserved(key));
        let (waiver, tags): (Tags, Tags) = tags.into_iter().partition(|(key, _)| key == WAIVER_TAG);
        if !reserved.is_empty() {
            let keys: Vec<&str> = reserved.keys().map(String::as_str).collect();
            self.notes.push(format!("{member} leaves out {}, which only AWS may set", keys.join(", ")));
        }
        if !waiver.is_empty() {
            let note =
                format!("{member} leaves out {WAIVER_TAG}: a job in a VPC needs no waiver, and one would hide it");
            self.notes.push(note);
        }
        if !tags.is_empty() {
            let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({"key": key, "value": value})).collect();
            self.parameters.insert(member.to_owned(), Value::Array(tags));
        }
    }
}

const NO_MODEL: &str = "customModelTags are not known: the job has made no model to read them from; give them with --set \
                        customModelTags.KEY=VALUE, or take them from the recorded request with --lake LAKE";

/// Keys with that beginning are AWS's own; a request with one is refused.
fn is_reserved(key: &str) -> bool {
    key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:"))
}

fn tags_of(list: &Value) -> Option<Tags> {
    let text = |tag: &Value, name: &str| tag.get(name).and_then(Value::as_str).map(str::to_owned);
    list.as_array()?.iter().map(|tag| Some((text(tag, "key")?, text(tag, "value").unwrap_or_default()))).collect()
}

#[cfg(test)]
mod tests {
    use schemas::record::MASK;

    use super::super::cases::{self, unread};
    use super::*;

    fn members(missing: &[Missing]) -> Vec<&str> {
        missing.iter().map(|missing| missing.member.as_str()).collect()
    }

    fn recorded(parameters: &Value) -> Old {
        Old::of_record(&Recorded {
            job_arn: Some("arn".to_owned()),
            job_name: None,
            citation: cases::citation(),
            request_parameters: Some(parameters.to_string()),
        })
    }

    fn tags(keys: &[&str]) -> Tags {
        keys.iter().map(|&key| (key.to_owned(), "v".to_owned())).collect()
    }

    #[test]
    fn the_api_tells_all_but_the_tags_of_a_model_that_is_not_there() {
        let job_tags = tags(&["Owner", "aws:cloudformation:stack-id", WAIVER_TAG]);
        let old = Old::of_api(&cases::live(), Fact::Known(job_tags), None);
        assert_eq!(members(&old.missing), Vec::<&str>::new());
        assert_eq!(old.parameters["jobTags"], json!([{"key": "Owner", "value": "v"}]));
        assert_eq!(old.notes.len(), 3, "{:?}", old.notes);
        assert!(old.notes[0].contains("aws:cloudformation:stack-id") && old.notes[1].contains(WAIVER_TAG));
        assert!(old.notes[2].contains("--lake LAKE"));

        let made = Old::of_api(&cases::live(), Fact::Absent, Some(Fact::Known(tags(&["Cost"]))));
        assert_eq!(made.parameters["customModelTags"], json!([{"key": "Cost", "value": "v"}]));
        assert_eq!((made.parameters.get("jobTags"), made.notes.len()), (None, 0));
        let refused = Old::of_api(&cases::live(), Fact::Unreadable(unread()), None);
        assert_eq!(members(&refused.missing), ["jobTags"]);
        assert!(refused.missing[0].is_unread && refused.missing[0].give.contains("--without jobTags"));
    }

    #[test]
    fn what_the_api_leaves_out_or_this_version_does_not_know_is_missing() {
        let mut live = cases::live();
        live.parameters.remove("roleArn");
        live.parameters.remove("trainingDataConfig");
        live.not_understood = vec!["trainingDataConfig", "customizationConfig"];
        let old = Old::of_api(&live, Fact::Absent, Some(Fact::Absent));
        assert_eq!(members(&old.missing), ["roleArn", "trainingDataConfig", "customizationConfig"]);
    }

    #[test]
    fn a_whole_record_lacks_nothing() {
        let mut request = cases::parameters();
        request.insert("jobTags".to_owned(), json!([{"key": "b", "value": "1"}, {"key": "a", "value": "2"}]));
        let old = recorded(&Value::Object(request.clone()));
        assert_eq!(members(&old.missing), Vec::<&str>::new());
        assert_eq!(old.parameters["jobTags"], json!([{"key": "a", "value": "2"}, {"key": "b", "value": "1"}]));
        request.remove("hyperParameters");
        assert_eq!(members(&recorded(&Value::Object(request)).missing), Vec::<&str>::new(), "none was asked for");
    }

    #[test]
    fn what_is_masked_or_omitted_is_missing_and_makes_the_rest_doubtful() {
        let all: Vec<&str> = REQUIRED.into_iter().chain(OPTIONAL).collect();
        assert_eq!(members(&recorded(&Value::Null).missing), all);
        assert_eq!(members(&recorded(&json!("text")).missing), all);
        // What CloudTrail wrote of another operation of the service.
        let masked = recorded(&json!({"jobName": MASK, "customModelName": MASK}));
        assert_eq!(members(&masked.missing).len(), all.len());
        assert!(masked.missing[0].why.contains("masked") && masked.missing[0].give == "--job-name NAME");

        let mut request = cases::parameters();
        request.insert("hyperParameters".to_owned(), json!(MASK));
        let doubtful: Vec<&str> = OPTIONAL.into_iter().filter(|member| !request.contains_key(*member)).collect();
        let expected: Vec<&str> = ["hyperParameters"].into_iter().chain(doubtful).collect();
        assert_eq!(members(&recorded(&Value::Object(request)).missing), expected);

        // A sensitive part is masked in every record: the others are whole.
        let mut request = cases::parameters();
        let filter = json!({"invocationLogsConfig": {
            "invocationLogSource": {"s3Uri": "s3://logs"}, "requestMetadataFilters": {"equals": MASK},
        }});
        request.insert("trainingDataConfig".to_owned(), filter);
        let path = "trainingDataConfig.invocationLogsConfig.requestMetadataFilters.equals";
        let old = recorded(&Value::Object(request));
        assert_eq!(members(&old.missing), [path]);
        assert_eq!(old.missing[0].give, format!("--set {path}=VALUE"));
    }

    #[test]
    fn a_member_of_the_future_is_not_lost_in_silence() {
        let mut request = cases::parameters();
        request.insert("newMember".to_owned(), json!({"x": 1}));
        let old = recorded(&Value::Object(request));
        assert_eq!(members(&old.missing), ["newMember"]);
        assert_eq!(old.missing[0].give, "--without newMember");
    }

    #[test]
    fn tags_of_a_model_that_is_not_there_come_from_the_record() {
        let mut request = cases::parameters();
        request.insert("customModelTags".to_owned(), json!([{"key": "Cost", "value": "7"}]));
        let record = recorded(&Value::Object(request));
        let old = Old::of_api(&cases::live(), Fact::Absent, None).with_model_tags_of(&record);
        assert_eq!(old.parameters["customModelTags"], json!([{"key": "Cost", "value": "7"}]));
        assert!(!old.notes.iter().any(|note| note == NO_MODEL));
        let omitted = recorded(&Value::Null);
        let old = Old::of_api(&cases::live(), Fact::Absent, None).with_model_tags_of(&omitted);
        assert_eq!(members(&old.missing), ["customModelTags"]);
        let read = Old::of_api(&cases::live(), Fact::Absent, Some(Fact::Absent)).with_model_tags_of(&record);
        assert_eq!(read.parameters.get("customModelTags"), None, "the model's own tags count");
    }
}
