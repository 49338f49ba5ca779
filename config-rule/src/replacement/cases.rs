//! A job outside any VPC and the good world of the controls, for tests to spoil.

use serde_json::{Value, json};

use crate::controls::cases::{ACCOUNT, BUCKET, REGION, job, vpc_config, world};
pub use crate::controls::cases::{ROLE, unread};
use crate::facts::Fact;

use super::draft::Parameters;
use super::origin::{Citation, Live, Old, Origin};
use super::plan::{Asked, plan};
use super::preflight::Seen;
use super::request::Request;

/// The old request.
pub fn parameters() -> Parameters {
    let parameters = json!({
        "jobName": "claims",
        "customModelName": "claims-model",
        "roleArn": ROLE,
        "clientRequestToken": "old-token",
        "baseModelIdentifier": format!("arn:aws:bedrock:{REGION}::foundation-model/cohere.command-text-v14:7:4k"),
        "customizationType": "FINE_TUNING",
        "customModelKmsKeyId": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/1"),
        "trainingDataConfig": {"s3Uri": format!("s3://{BUCKET}/train.jsonl")},
        "outputDataConfig": {"s3Uri": "s3://output/claims/"},
        "hyperParameters": {"epochCount": "2"},
    });
    match parameters {
        Value::Object(parameters) => parameters,
        other => panic!("{other} is no object"),
    }
}

pub fn live() -> Live {
    Live { job: job().job, parameters: parameters(), output_model_arn: None, not_understood: Vec::new() }
}

pub fn citation() -> Citation {
    Citation { event_id: "e-1".to_owned(), log_file: "log.json.gz".to_owned(), record_index: 3 }
}

pub fn old() -> Old {
    Old {
        arn: Some(job().job.arn),
        name: Some("claims".to_owned()),
        origin: Origin::Api,
        parameters: parameters(),
        missing: Vec::new(),
        notes: Vec::new(),
    }
}

/// The new request, in the good network.
pub fn request() -> Request {
    let plan = plan(&old(), &Asked::default(), &vpc_config()).expect("a plan");
    plan.request.expect("nothing is missing")
}

pub fn seen() -> Seen {
    Seen { world: world(), old: Fact::Known(job().job), named: Fact::Absent, models: Ok(Vec::new()) }
}
