//! Records of Amazon Bedrock's job operations.
//!
//! No whole record of these is public. Bedrock's other records use the API's own member names, and `vpcConfig` is not
//! among the sensitive members of the service model; so a record is expected to carry the request as it was made.

use chrono::{DateTime, Utc};
use schemas::job::JobKind;
use schemas::record::BEDROCK;
use serde_json::{Value, json};

use super::Record;
use crate::trail::{Caller, Place, id};

/// A job's `vpcConfig`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// 1 to 16.
    pub subnet_ids: Vec<String>,
    /// 1 to 5.
    pub security_group_ids: Vec<String>,
}

/// A request to create a job, of any of the three kinds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRequest {
    /// `jobName`.
    pub name: String,
    /// The base model's id, for example `amazon.titan-text-express-v1:0:8k`. An import job has none and ignores it.
    pub base_model: String,
    /// The `s3://` URI that the job reads: training data, an imported model, or the input of batch inference.
    pub training_data: String,
    /// The name of the role that the job runs as.
    pub role: String,
    /// The network; `None` = outside a VPC.
    pub vpc: Option<Vpc>,
    /// The twelve characters at the end of the job's ARN.
    pub id: String,
}

impl JobRequest {
    /// The ARN of the customization job that the request makes.
    pub fn arn(&self, place: &Place) -> String {
        self.arn_of(place, JobKind::ModelCustomization)
    }

    /// The ARN of the job that the request makes when it is a request for a job of that kind.
    pub fn arn_of(&self, place: &Place, kind: JobKind) -> String {
        let word = kind.as_str().replace('_', "-");
        let model = match kind {
            JobKind::ModelCustomization => format!("{}/", self.base_model),
            JobKind::ModelImport | JobKind::ModelInvocation => String::new(),
        };
        format!("arn:aws:bedrock:{}:{}:{word}-job/{model}{}", place.region, place.account_id, self.id)
    }

    pub(crate) fn role_arn(&self, place: &Place) -> String {
        format!("arn:aws:iam::{}:role/{}", place.account_id, self.role)
    }

    fn client_request_token(&self) -> String {
        id::uuid(&id::digest(&["token", &self.name, &self.id]))
    }

    fn base_model_arn(&self, place: &Place) -> String {
        format!("arn:aws:bedrock:{}::foundation-model/{}", place.region, self.base_model)
    }

    fn output_data(&self) -> String {
        let bucket = self.training_data.trim_start_matches("s3://").split('/').next().unwrap_or_default();
        format!("s3://{bucket}/output/{}/", self.name)
    }

    fn with_vpc_config(&self, mut parameters: Value) -> Value {
        if let Some(vpc) = &self.vpc {
            parameters["vpcConfig"] =
                json!({ "subnetIds": vpc.subnet_ids, "securityGroupIds": vpc.security_group_ids });
        }
        parameters
    }

    fn created(&self, place: &Place, caller: &Caller, at: DateTime<Utc>, kind: JobKind, parameters: Value) -> Record {
        let parameters = self.with_vpc_config(parameters);
        let response = json!({ "jobArn": self.arn_of(place, kind) });
        Record::new(place, caller, at, BEDROCK, kind.create_event(), parameters, response)
    }
}

/// `CreateModelCustomizationJob`, here a fine-tuning.
pub fn create_model_customization_job(
    place: &Place,
    caller: &Caller,
    at: DateTime<Utc>,
    request: &JobRequest,
) -> Record {
    let parameters = json!({
        "jobName": request.name,
        "customModelName": format!("{}-model", request.name),
        "roleArn": request.role_arn(place),
        "clientRequestToken": request.client_request_token(),
        "baseModelIdentifier": request.base_model_arn(place),
        "customizationType": "FINE_TUNING",
        "trainingDataConfig": { "s3Uri": request.training_data },
        "outputDataConfig": { "s3Uri": request.output_data() },
        "hyperParameters": { "epochCount": "2", "batchSize": "8", "learningRate": "0.00001" },
    });
    request.created(place, caller, at, JobKind::ModelCustomization, parameters)
}

/// `CreateModelImportJob`.
pub fn create_model_import_job(place: &Place, caller: &Caller, at: DateTime<Utc>, request: &JobRequest) -> Record {
    let parameters = json!({
        "jobName": request.name,
        "importedModelName": format!("{}-model", request.name),
        "roleArn": request.role_arn(place),
        "modelDataSource": { "s3DataSource": { "s3Uri": request.training_data } },
        "clientRequestToken": request.client_request_token(),
    });
    request.created(place, caller, at, JobKind::ModelImport, parameters)
}

/// `CreateModelInvocationJob`: batch inference.
pub fn create_model_invocation_job(place: &Place, caller: &Caller, at: DateTime<Utc>, request: &JobRequest) -> Record {
    let parameters = json!({
        "jobName": request.name,
        "roleArn": request.role_arn(place),
        "clientRequestToken": request.client_request_token(),
        "modelId": request.base_model,
        "inputDataConfig": { "s3InputDataConfig": { "s3InputFormat": "JSONL", "s3Uri": request.training_data } },
        "outputDataConfig": { "s3OutputDataConfig": { "s3Uri": request.output_data() } },
        "timeoutDurationInHours": 24,
    });
    request.created(place, caller, at, JobKind::ModelInvocation, parameters)
}

/// `StopModelCustomizationJob`. `identifier` is the job's ARN or its name, as the caller wrote it.
pub fn stop_model_customization_job(place: &Place, caller: &Caller, at: DateTime<Utc>, identifier: &str) -> Record {
    let parameters = json!({ "jobIdentifier": identifier });
    Record::new(place, caller, at, BEDROCK, "StopModelCustomizationJob", parameters, Value::Null)
}

/// `TagResource`
pub fn tag_resource(place: &Place, caller: &Caller, at: DateTime<Utc>, arn: &str, tags: &[(&str, &str)]) -> Record {
    let tags: Vec<Value> = tags.iter().map(|(key, value)| json!({ "key": key, "value": value })).collect();
    let parameters = json!({ "resourceARN": arn, "tags": tags });
    Record::new(place, caller, at, BEDROCK, "TagResource", parameters, Value::Null)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trail::{masked, omitted};
    use schemas::record::MASK;

    fn request(vpc: Option<Vpc>) -> JobRequest {
        JobRequest {
            name: "claims".to_owned(),
            base_model: "amazon.titan-text-express-v1:0:8k".to_owned(),
            training_data: "s3://data/train.jsonl".to_owned(),
            role: "BedrockCustomization".to_owned(),
            vpc,
            id: "q4ad8z8tioq8".to_owned(),
        }
    }

    fn record(vpc: Option<Vpc>) -> Record {
        let place = Place::new("111122223333", "eu-west-1");
        let at = "2026-02-03T04:05:06Z".parse().expect("a date");
        create_model_customization_job(&place, &Caller::user("111122223333", "ana"), at, &request(vpc))
    }

    #[test]
    fn a_job_without_a_vpc_has_no_vpc_config_at_all() {
        assert_eq!(record(None).0.pointer("/requestParameters/vpcConfig"), None);
        let vpc = Vpc { subnet_ids: vec!["subnet-1".to_owned()], security_group_ids: vec!["sg-1".to_owned()] };
        let record = record(Some(vpc));
        assert_eq!(record.0["requestParameters"]["vpcConfig"]["securityGroupIds"], json!(["sg-1"]));
        assert_eq!(
            record.0["responseElements"]["jobArn"],
            "arn:aws:bedrock:eu-west-1:111122223333:model-customization-job/amazon.titan-text-express-v1:0:8k/q4ad8z8tioq8"
        );
    }

    #[test]
    fn masked_and_omitted_parameters_tell_no_network_and_stay_the_same_event() {
        let masked = masked(record(None));
        assert_eq!(masked.0["requestParameters"], json!({ "jobName": MASK, "customModelName": MASK }));
        assert_eq!(masked.event_id(), record(None).event_id());
        assert_eq!(omitted(record(None)).0["requestParameters"], Value::Null);
    }
}
