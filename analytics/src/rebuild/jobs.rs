//! Requests to create and stop jobs.

use std::collections::HashMap;

use schemas::ids::Arn;
use schemas::job::{JobKind, VpcConfigState};
use schemas::record::MASK;
use schemas::tables::{JOB_REQUESTS, JOB_STATES};
use serde_json::Value;

use super::event::{Event, Scope};
use super::groups::Groups;
use super::network::JobNetwork;
use super::seen::jobs::JobsSeen;
use super::topology::Topology;
use crate::table::{Row, TableBuilder};

/// Folds requests into `job_requests` and `job_states`.
pub struct Jobs {
    requests: TableBuilder,
    states: TableBuilder,
    /// States that records show.
    shown: Vec<(String, String)>,
    roles: HashMap<String, Option<String>>,
    by_name: HashMap<(Scope, String), String>,
}

impl Jobs {
    /// No jobs yet.
    pub fn new() -> Self {
        Self {
            requests: TableBuilder::new(&JOB_REQUESTS),
            states: TableBuilder::new(&JOB_STATES),
            shown: Vec::new(),
            roles: HashMap::new(),
            by_name: HashMap::new(),
        }
    }

    /// Takes in a request to create a job; the others learn what it names.
    pub fn create(
        &mut self,
        kind: JobKind,
        event: &Event,
        (network, groups, topology): (&mut JobNetwork, &mut Groups, &mut Topology),
    ) {
        let request = event.request.as_ref();
        let vpc = VpcConfig::of(request);
        let name = request.and_then(|request| plain_text(request, "jobName"));
        let role = request.and_then(|request| plain_text(request, "roleArn"));
        let job_arn = job_arn(event);
        let is_repeat = job_arn.as_ref().is_some_and(|arn| self.roles.contains_key(arn));
        let key = job_arn.clone().unwrap_or_else(|| event.citation.event_id.clone());
        let row =
            self.requests.row().text("account_id", &event.scope.account_id).text("aws_region", &event.scope.aws_region);
        let row = row.text("job_kind", kind.as_str()).time("requested_at", event.at).text("job_key", &key);
        let row = row.maybe_text("job_arn", job_arn.as_deref()).maybe_text("job_name", name);
        let row = row.maybe_text("error_code", event.error_code.as_deref());
        let row = row.maybe_text("error_message", event.error_message.as_deref());
        let row = row.bool("is_repeat", is_repeat).text("vpc_config_state", vpc.state().as_str());
        let row = describe(row.maybe_text("vpc_config_note", vpc.note()), request);
        cite(event.who.set(row), event).end();
        if !event.is_accepted() || is_repeat {
            return;
        }
        if let VpcConfig::Present { subnet_ids, security_group_ids } = &vpc {
            network.ask(event, &key, job_arn.as_deref(), subnet_ids, security_group_ids);
            security_group_ids.iter().for_each(|id| groups.see(event, id));
            subnet_ids.iter().for_each(|id| topology.see_subnet(event, id, None));
        }
        let Some(job_arn) = job_arn else { return };
        let state = if kind == JobKind::ModelInvocation { "Submitted" } else { "InProgress" };
        self.enter(kind, event, Some(&job_arn), &job_arn, state, "create_request");
        self.roles.insert(job_arn.clone(), role.map(str::to_owned));
        if let Some(name) = name {
            self.by_name.insert((event.scope.clone(), name.to_owned()), job_arn);
        }
    }

    /// The role that a job runs as, where its request tells it.
    pub fn role_of(&self, job_arn: &str) -> Option<&str> {
        self.roles.get(job_arn)?.as_deref()
    }

    /// Takes in a request to stop a job, which is named by its ARN or its name.
    pub fn stop(&mut self, kind: JobKind, event: &Event) {
        let Some(identifier) =
            event.request.as_ref().and_then(|request| request.get("jobIdentifier")).and_then(Value::as_str)
        else {
            return;
        };
        if !event.is_accepted() {
            return;
        }
        let identifier = percent_decoded(identifier);
        let job_arn = match Arn::parse(&identifier) {
            Some(_) => Some(identifier.clone()),
            None => self.by_name.get(&(event.scope.clone(), identifier.clone())).cloned(),
        };
        self.enter(kind, event, job_arn.as_deref(), &identifier, "Stopping", "stop_request");
    }

    fn enter(
        &mut self,
        kind: JobKind,
        event: &Event,
        job_arn: Option<&str>,
        identifier: &str,
        state: &str,
        source: &str,
    ) {
        let row =
            self.states.row().text("account_id", &event.scope.account_id).text("aws_region", &event.scope.aws_region);
        let row = row.maybe_text("job_arn", job_arn).text("job_identifier", identifier).text("job_kind", kind.as_str());
        let row = row.text("state", state).time("entered_at", event.at).text("source", source);
        if let Some(job_arn) = job_arn {
            self.shown.push((job_arn.to_owned(), state.to_owned()));
        }
        cite(event.who.set(row), event).end();
    }

    /// The tables. `seen`: what the rule of AWS Config saw of jobs, which adds states that no record shows.
    pub fn finish(mut self, mut seen: JobsSeen, network: &mut TableBuilder) -> [TableBuilder; 2] {
        self.shown.iter().for_each(|(job_arn, state)| seen.shown_by_record(job_arn, state));
        seen.finish(&mut self.states, network);
        [self.requests, self.states]
    }
}

/// Sets the three columns that cite a record.
pub fn cite<'a>(row: Row<'a>, event: &Event) -> Row<'a> {
    row.text("event_id", &event.citation.event_id)
        .text("log_file", &event.citation.log_file)
        .int("record_index", event.citation.record_index)
}

/// The job that an accepted request made.
fn job_arn(event: &Event) -> Option<String> {
    let response = event.response.as_ref().filter(|_| event.is_accepted())?;
    response.get("jobArn").and_then(Value::as_str).filter(|arn| *arn != MASK).map(str::to_owned)
}

/// A text of the request that is neither missing nor masked.
fn plain_text<'a>(request: &'a Value, pointer: &str) -> Option<&'a str> {
    let pointer = if pointer.starts_with('/') { pointer.to_owned() } else { format!("/{pointer}") };
    request.pointer(&pointer).and_then(Value::as_str).filter(|text| *text != MASK)
}

fn describe<'a>(row: Row<'a>, request: Option<&Value>) -> Row<'a> {
    let Some(request) = request else { return row };
    let first = |pointers: &[&str]| pointers.iter().find_map(|pointer| plain_text(request, pointer)).map(str::to_owned);
    row.maybe_text("base_model", first(&["baseModelIdentifier", "modelId"]))
        .maybe_text("customization_type", first(&["customizationType"]))
        .maybe_text("model_name", first(&["customModelName", "importedModelName"]))
        .maybe_text("role_arn", first(&["roleArn"]))
        .maybe_text(
            "training_data_s3_uri",
            first(&[
                "/trainingDataConfig/s3Uri",
                "/inputDataConfig/s3InputDataConfig/s3Uri",
                "/modelDataSource/s3DataSource/s3Uri",
            ]),
        )
        .maybe_text("validation_data_s3_uri", first(&["/validationDataConfig/validators/0/s3Uri"]))
        .maybe_text(
            "output_data_s3_uri",
            first(&["/outputDataConfig/s3Uri", "/outputDataConfig/s3OutputDataConfig/s3Uri"]),
        )
        .maybe_text(
            "kms_key_id",
            first(&[
                "customModelKmsKeyId",
                "importedModelKmsKeyId",
                "/outputDataConfig/s3OutputDataConfig/s3EncryptionKeyId",
            ]),
        )
        .maybe_text("client_request_token", first(&["clientRequestToken"]))
}

/// What a create request says about its VPC.
#[derive(Debug, PartialEq, Eq)]
enum VpcConfig {
    Present { subnet_ids: Vec<String>, security_group_ids: Vec<String> },
    Absent,
    Unknown(&'static str),
}

impl VpcConfig {
    /// Reads a request. Only a request that was recorded whole can say that there is no VPC.
    fn of(request: Option<&Value>) -> Self {
        let Some(request) = request.and_then(Value::as_object) else {
            return Self::Unknown("the record omits requestParameters, or they cannot be read");
        };
        match request.get("vpcConfig") {
            Some(Value::Object(config)) => {
                let ids = |names: [&str; 2]| names.into_iter().find_map(|name| ids(config.get(name)?));
                // The user guide's example says `subnets` where the API says `subnetIds`.
                match (ids(["subnetIds", "subnets"]), ids(["securityGroupIds", "securityGroups"])) {
                    (Some(subnet_ids), Some(security_group_ids)) => Self::Present { subnet_ids, security_group_ids },
                    _ => Self::Unknown("vpcConfig is masked or incomplete in the record"),
                }
            }
            Some(Value::Null) | None if request.values().any(|value| value == MASK) => {
                Self::Unknown("the record masks request parameters")
            }
            Some(Value::Null) | None if !["jobName", "roleArn"].iter().all(|name| request.contains_key(*name)) => {
                Self::Unknown("the record lacks parameters that every request has")
            }
            Some(Value::Null) | None => Self::Absent,
            Some(_) => Self::Unknown("vpcConfig is masked in the record"),
        }
    }

    fn state(&self) -> VpcConfigState {
        match self {
            Self::Present { .. } => VpcConfigState::Present,
            Self::Absent => VpcConfigState::Absent,
            Self::Unknown(_) => VpcConfigState::Unknown,
        }
    }

    fn note(&self) -> Option<&'static str> {
        match self {
            Self::Unknown(note) => Some(note),
            _ => None,
        }
    }
}

/// A list of ids, none of them masked; `None` when it is anything else, an empty list included (the API refuses one).
fn ids(list: &Value) -> Option<Vec<String>> {
    let ids: Option<Vec<String>> =
        list.as_array()?.iter().map(|id| id.as_str().filter(|id| *id != MASK).map(str::to_owned)).collect();
    ids.filter(|ids| !ids.is_empty())
}

/// A path parameter may be recorded as it was sent. Bytes that make no UTF-8 stay as they are.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high * 16 + low),
            _ => None,
        };
        bytes.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_whole_unmasked_request_says_that_there_is_no_vpc() {
        use VpcConfigState::{Absent, Present, Unknown};
        let whole = |extra: Value| {
            let mut request = json!({"jobName": "a", "roleArn": "arn:aws:iam::1:role/r"});
            request.as_object_mut().expect("an object").extend(extra.as_object().expect("an object").clone());
            request
        };
        for (request, expected) in [
            (whole(json!({})), Absent),
            (whole(json!({"vpcConfig": null})), Absent),
            (whole(json!({"vpcConfig": {"subnetIds": ["subnet-1"], "securityGroupIds": ["sg-1"]}})), Present),
            (whole(json!({"vpcConfig": {"subnets": ["subnet-1"], "securityGroupIds": ["sg-1"]}})), Present),
            (whole(json!({"vpcConfig": {}})), Unknown),
            (whole(json!({"vpcConfig": {"subnetIds": [], "securityGroupIds": []}})), Unknown),
            (whole(json!({"vpcConfig": {"subnetIds": [MASK], "securityGroupIds": ["sg-1"]}})), Unknown),
            (whole(json!({"vpcConfig": MASK})), Unknown),
            (whole(json!({"customModelName": MASK})), Unknown),
            (json!({"jobName": "a"}), Unknown),
            (json!({}), Unknown),
            (json!("text"), Unknown),
        ] {
            assert_eq!(VpcConfig::of(Some(&request)).state(), expected, "{request}");
        }
        assert_eq!(VpcConfig::of(None).state(), Unknown);
    }

    #[test]
    fn identifiers_in_a_path_are_decoded() {
        assert_eq!(percent_decoded("arn%3Aaws%3abedrock"), "arn:aws:bedrock");
        assert_eq!(percent_decoded("100%"), "100%");
        assert_eq!(percent_decoded("%zz%4"), "%zz%4");
        assert_eq!(percent_decoded("%ff"), "%ff");
    }
}
