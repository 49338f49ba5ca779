//! `ListCustomModels`.

use serde_json::{Value, json};

use super::{max_results, ok, one_of, question, written};
use crate::aws_server::custom_model::CustomModel;
use crate::aws_server::http::{Call, Refusal, Reply};
use crate::aws_server::job::FIRST_JOB_CREATED_AT;
use crate::aws_server::state::Place;
use crate::aws_server::{limits, model, pages};

const PARAMETERS: [&str; 6] = ["isOwned", "maxResults", "nameContains", "nextToken", "sortBy", "sortOrder"];

pub(super) fn list(place: &Place, page_size: Option<usize>, call: &Call) -> Result<Reply, Refusal> {
    if let Some((name, _)) = call.query.iter().find(|(name, _)| !PARAMETERS.contains(&name.as_str())) {
        return Err(Refusal::validation(format!("unknown parameter {name:?}")));
    }
    one_of(call, "sortBy", &["CreationTime"])?;
    one_of(call, "sortOrder", &["Ascending", "Descending"])?;
    let part = call.parameter("nameContains");
    if let Some(part) = part {
        model::within("nameContains", part.chars().count(), 1, limits::CUSTOM_MODEL_NAME_MAX)?;
    }
    let models = place.custom_models.iter().filter(|model| part.is_none_or(|part| model.name.contains(part)));
    let size = max_results(call)?.min(page_size.unwrap_or(usize::MAX));
    let asked = format!("custom-models?{}", question(call));
    let page = pages::cut(models.collect(), size, call.parameter("nextToken"), &asked);
    let page = page.ok_or_else(|| Refusal::validation("The provided nextToken is invalid."))?;
    let summary = |model: &CustomModel| {
        json!({
            "modelArn": model.arn,
            "modelName": model.name,
            "creationTime": written(FIRST_JOB_CREATED_AT),
            "baseModelArn": format!("arn:aws:bedrock:{}::foundation-model/cohere.command-text-v14:7:4k", place.region),
            "baseModelName": "cohere.command-text-v14",
            "ownerAccountId": place.account,
            "modelStatus": "Active",
        })
    };
    let summaries: Vec<Value> = page.items.into_iter().map(summary).collect();
    Ok(ok(json!({ "modelSummaries": summaries, "nextToken": page.next })))
}
