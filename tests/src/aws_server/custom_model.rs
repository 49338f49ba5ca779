//! A custom model as Bedrock keeps it.

use std::collections::BTreeMap;

/// A custom model.
#[derive(Debug, Clone, Default)]
pub struct CustomModel {
    /// Its name.
    pub name: String,
    /// `arn:aws:bedrock:REGION:ACCOUNT:custom-model/BASE/ID`
    pub arn: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

impl CustomModel {
    /// Has that tag.
    pub fn tag(&mut self, key: &str, value: &str) -> &mut Self {
        self.tags.insert(key.to_owned(), value.to_owned());
        self
    }
}
