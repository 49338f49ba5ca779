//! `ListObjectsV2` (its page of the Amazon S3 API Reference).

use super::etag;
use crate::aws_server::access::Bucket;
use crate::aws_server::http::{Call, Refusal, Reply};
use crate::aws_server::xml;
use crate::s3_server::listing::{Item, MOST_KEYS, name_in, page, token};

/// The parameters that are known here.
pub(super) const PARAMETERS: [&str; 5] = ["continuation-token", "delimiter", "list-type", "max-keys", "prefix"];

/// One page, no longer than the test says.
pub(super) fn list_objects_v2(
    name: &str,
    bucket: &Bucket,
    page_size: Option<usize>,
    call: &Call,
) -> Result<Reply, Refusal> {
    let invalid = |what: &str| Refusal::new(400, "InvalidArgument", format!("{what} is not valid"));
    let prefix = call.parameter("prefix").unwrap_or_default();
    let most = call.parameter("max-keys").map_or(Ok(MOST_KEYS), str::parse).map_err(|_| invalid("max-keys"))?;
    let after = call.parameter("continuation-token");
    let after = after.map(|token| name_in(token).ok_or_else(|| invalid("The continuation token"))).transpose()?;
    let keys: Vec<String> = bucket.objects.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
    let limit = most.min(MOST_KEYS).min(page_size.unwrap_or(MOST_KEYS));
    let (items, is_truncated) = page(&keys, prefix, call.parameter("delimiter"), after.as_deref(), limit);
    let next = items.last().filter(|_| is_truncated).map(token);
    let head = [
        xml::text("Name", name),
        xml::text("Prefix", prefix),
        xml::text("KeyCount", &items.len().to_string()),
        xml::text("MaxKeys", &most.to_string()),
        xml::text("IsTruncated", if is_truncated { "true" } else { "false" }),
        xml::optional("NextContinuationToken", next.as_deref()),
    ];
    let items: String = items.iter().map(|item| shown(bucket, item)).collect();
    let inner = head.concat() + &items;
    let document =
        format!("<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">{inner}</ListBucketResult>");
    Ok(Reply::xml(200, &document))
}

fn shown(bucket: &Bucket, item: &Item) -> String {
    match item {
        Item::Group(prefix) => xml::element("CommonPrefixes", &xml::text("Prefix", prefix)),
        Item::Key(key) => {
            let bytes = &bucket.objects[key].bytes;
            let members = [
                xml::text("Key", key),
                xml::text("LastModified", "2026-01-01T00:00:00.000Z"),
                xml::text("ETag", &etag(bytes)),
                xml::text("Size", &bytes.len().to_string()),
                xml::text("StorageClass", "STANDARD"),
            ];
            xml::element("Contents", &members.concat())
        }
    }
}
