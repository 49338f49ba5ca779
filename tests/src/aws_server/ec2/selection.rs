//! What a Describe call asks for: ids, filters, a page (EC2 User Guide "List and filter using the CLI and API").

use std::collections::BTreeMap;

use crate::aws_server::access::is_like;
use crate::aws_server::form::Form;
use crate::aws_server::http::Refusal;
use crate::aws_server::limits;

/// One Describe operation.
pub(super) struct Kind {
    pub(super) operation: &'static str,
    /// The element that holds the items.
    pub(super) set: &'static str,
    /// The member that lists ids.
    pub(super) id: &'static str,
    /// How its ids begin.
    pub(super) prefix: &'static str,
    /// The code for an id of another form.
    pub(super) malformed: &'static str,
    /// The code for an id that is not there: the whole call fails.
    pub(super) not_found: &'static str,
    /// Filters that are known here beside those of tags.
    pub(super) filters: &'static [&'static str],
    /// What `MaxResults` may be; larger ones mean the largest where the model has no limits.
    pub(super) max_results: Option<(usize, usize)>,
}

/// Something to describe: its id, what each filter compares with, and its XML.
pub(super) struct Item {
    pub(super) id: String,
    pub(super) values: BTreeMap<String, Vec<String>>,
    pub(super) xml: String,
}

/// The ids and filters of one call.
pub(super) struct Selection {
    ids: Vec<String>,
    filters: Vec<(String, Vec<String>)>,
    max_results: Option<usize>,
}

impl Selection {
    /// Ids and filter values, for a look at them.
    pub(super) fn words(kind: &Kind, form: &Form) -> String {
        let filters = (1..).map_while(|number: usize| {
            form.get(&format!("Filter.{number}.Name"))?;
            Some(form.list(&format!("Filter.{number}.Value")))
        });
        let words: Vec<&str> = form.list(kind.id).into_iter().chain(filters.flatten()).collect();
        words.join(" ")
    }

    pub(super) fn parse(kind: &Kind, form: &Form) -> Result<Self, Refusal> {
        let mut whole = vec!["Action", "DryRun", "MaxResults", "NextToken", "Version"];
        if kind.operation == "DescribeNetworkInterfaces" {
            whole.push("IncludeManagedResources");
        }
        if let Some(unknown) = form.unknown_member(&whole, &["Filter", kind.id]) {
            return Err(refuse("UnknownParameter", format!("The parameter {unknown} is not recognized")));
        }
        if form.get("DryRun") == Some("true") {
            let message = "Request would have succeeded, but DryRun flag is set.";
            return Err(Refusal::new(412, "DryRunOperation", message));
        }
        let selection = Self {
            ids: form.list(kind.id).into_iter().map(str::to_owned).collect(),
            filters: filters(kind, form)?,
            max_results: max_results(kind, form)?,
        };
        if let Some(id) = selection.ids.iter().find(|id| !has_form(id, kind.prefix)) {
            return Err(refuse(kind.malformed, format!("Invalid id: \"{id}\"")));
        }
        if !selection.ids.is_empty() && selection.max_results.is_some() {
            let message = format!("The parameter {} cannot be used with the parameter maxResults", kind.id);
            return Err(refuse("InvalidParameterCombination", message));
        }
        Ok(selection)
    }

    /// How many items a page has. Ids are answered in one.
    pub(super) fn page_size(&self, most: Option<usize>) -> usize {
        if self.ids.is_empty() {
            self.max_results.unwrap_or(limits::EC2_PAGE).min(most.unwrap_or(usize::MAX))
        } else {
            usize::MAX
        }
    }

    /// Every filter, each by any of its values; and where ids are given, one of these.
    pub(super) fn asks_for(&self, item: &Item) -> bool {
        let fits = |(name, wanted): &(String, Vec<String>)| {
            let found = item.values.get(name).map(Vec::as_slice).unwrap_or_default();
            found.iter().any(|value| wanted.iter().any(|pattern| is_like(pattern, value)))
        };
        (self.ids.is_empty() || self.ids.contains(&item.id)) && self.filters.iter().all(fits)
    }

    /// The XML of what was asked for. One id that is not there fails the call.
    pub(super) fn select(&self, kind: &Kind, items: Vec<Item>) -> Result<Vec<String>, Refusal> {
        if let Some(missing) = self.ids.iter().find(|id| items.iter().all(|item| item.id != **id)) {
            return Err(refuse(kind.not_found, format!("The id '{missing}' does not exist")));
        }
        Ok(items.into_iter().filter(|item| self.asks_for(item)).map(|item| item.xml).collect())
    }
}

fn filters(kind: &Kind, form: &Form) -> Result<Vec<(String, Vec<String>)>, Refusal> {
    let mut filters = Vec::new();
    let mut values_in_all = 0;
    for number in 1_usize.. {
        let Some(name) = form.get(&format!("Filter.{number}.Name")) else { break };
        let values: Vec<String> = form.list(&format!("Filter.{number}.Value")).into_iter().map(str::to_owned).collect();
        if !kind.filters.contains(&name) && name != "tag-key" && !name.starts_with("tag:") {
            return Err(refuse("InvalidParameterValue", format!("The filter '{name}' is invalid")));
        }
        if values.is_empty() {
            return Err(refuse("MissingParameter", format!("The filter '{name}' has no values")));
        }
        values_in_all += values.len();
        filters.push((name.to_owned(), values));
    }
    if values_in_all > limits::FILTER_VALUES_MAX {
        let most = limits::FILTER_VALUES_MAX;
        let message = format!("The maximum number of filter values is {most}, found {values_in_all}");
        return Err(refuse("FilterLimitExceeded", message));
    }
    Ok(filters)
}

fn max_results(kind: &Kind, form: &Form) -> Result<Option<usize>, Refusal> {
    let Some(number) = form.number("MaxResults")? else { return Ok(None) };
    match kind.max_results {
        Some((low, high)) if !(low..=high).contains(&number) => {
            let message = format!("Value ( {number} ) for parameter maxResults is invalid. Expecting {low} to {high}.");
            Err(refuse("InvalidParameterValue", message))
        }
        _ => Ok(Some(number.min(limits::EC2_PAGE))),
    }
}

/// A prefix and 8 or 17 hexadecimal digits (EC2 User Guide "Resource IDs").
fn has_form(id: &str, prefix: &str) -> bool {
    id.strip_prefix(prefix).is_some_and(|digits| {
        matches!(digits.len(), 8 | 17) && digits.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'))
    })
}

fn refuse(code: &str, message: String) -> Refusal {
    Refusal::new(400, code, message)
}
