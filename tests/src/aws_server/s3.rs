//! S3, path style: bucket policies, listings and objects (Amazon S3 API Reference).

mod listing;

use std::collections::BTreeMap;

use bytes::Bytes;
use flate2::Crc;
use hyper::Method;

use super::access::{Bucket, Object};
use super::http::{Call, Refusal, Reply};
use super::pages::fingerprint;
use super::service::{Caller, Routed, Service};
use super::state::State;

/// The header of the checksum that is looked at; others are taken on trust.
const CRC32: &str = "x-amz-checksum-crc32";

/// An object is kept with these headers, and with those that begin with `x-amz-meta-` or
/// `x-amz-server-side-encryption`.
const KEPT_HEADERS: [&str; 3] = ["cache-control", "content-type", "x-amz-tagging"];

pub(super) fn route(call: &Call) -> Result<Routed, String> {
    let has_key = call.path.len() > 1 && !key(call).is_empty();
    let only_known = |known: &[&str]| call.query.iter().all(|(name, _)| known.contains(&name.as_str()));
    let operation = match (call.method.clone(), has_key) {
        (Method::GET, false) if call.parameter("policy").is_some() && only_known(&["policy"]) => "GetBucketPolicy",
        (Method::GET, false) if call.parameter("list-type") == Some("2") && only_known(&listing::PARAMETERS) => {
            "ListObjectsV2"
        }
        (Method::GET, true) if only_known(&["x-id"]) && has_known_range(call) => "GetObject",
        (Method::PUT, true) if only_known(&["x-id"]) && call.header("x-amz-copy-source").is_none() => "PutObject",
        _ => {
            let query: Vec<&str> = call.query.iter().map(|(name, _)| name.as_str()).collect();
            return Err(format!("{} /{}?{}", call.method, call.path.join("/"), query.join("&")));
        }
    };
    Ok(Routed::new(operation, call.path.join("/")))
}

pub(super) fn answer(state: &mut State, caller: &Caller, operation: &str, call: &Call) -> Result<Reply, Refusal> {
    let name = call.path.first().map(String::as_str).unwrap_or_default();
    let page_size = state.page_size;
    let bucket = state.buckets.get_mut(name);
    let bucket = bucket.ok_or_else(|| Refusal::new(404, "NoSuchBucket", "The specified bucket does not exist"))?;
    if let Some(region) = bucket.region.as_ref().filter(|region| **region != caller.region) {
        let message = format!("The bucket is in {region} and this request is signed for {}", caller.region);
        let refusal = Refusal::new(301, "PermanentRedirect", message);
        return Ok(Service::S3.refuse(&refusal).header("x-amz-bucket-region", region));
    }
    let is_owner_expected = call.header("x-amz-expected-bucket-owner").is_none_or(|owner| owner == bucket.owner);
    if bucket.owner != caller.account || !is_owner_expected || bucket.denied.contains(operation) {
        return Err(Service::S3.denied(&caller.arn, operation));
    }
    match operation {
        "GetBucketPolicy" => get_bucket_policy(bucket),
        "ListObjectsV2" => listing::list_objects_v2(name, bucket, page_size, call),
        "GetObject" => get_object(bucket, &key(call), first_bytes(call)),
        _ => put_object(bucket, &key(call), call),
    }
}

/// What follows the bucket in the path; slashes belong to it.
fn key(call: &Call) -> String {
    call.path.get(1..).unwrap_or_default().join("/")
}

fn get_bucket_policy(bucket: &Bucket) -> Result<Reply, Refusal> {
    let policy = bucket.policy.clone();
    let policy = policy.ok_or_else(|| Refusal::new(404, "NoSuchBucketPolicy", "The bucket policy does not exist"))?;
    Ok(Reply::empty(200).header("content-type", "application/json").body(policy))
}

/// How many bytes from the first on a `Range` asks for; no other range is known here.
fn first_bytes(call: &Call) -> Option<usize> {
    call.header("range")?.strip_prefix("bytes=0-")?.parse().ok().map(|last: usize| last + 1)
}

fn has_known_range(call: &Call) -> bool {
    call.header("range").is_none() || first_bytes(call).is_some()
}

fn get_object(bucket: &Bucket, key: &str, first_bytes: Option<usize>) -> Result<Reply, Refusal> {
    let object = bucket.objects.get(key);
    let object = object.ok_or_else(|| Refusal::new(404, "NoSuchKey", "The specified key does not exist."))?;
    let whole = object.bytes.len();
    let mut reply = match first_bytes {
        Some(_) if whole == 0 => {
            return Err(Refusal::new(416, "InvalidRange", "The requested range is not satisfiable"));
        }
        Some(asked) => {
            let length = asked.min(whole);
            let range = format!("bytes 0-{}/{whole}", length - 1);
            Reply::empty(206).header("content-range", &range).body(object.bytes.slice(..length))
        }
        None => Reply::empty(200).body(object.bytes.clone()),
    };
    reply = reply.header("etag", &etag(&object.bytes));
    for (name, value) in &object.headers {
        reply = reply.header(name, value);
    }
    Ok(reply)
}

fn put_object(bucket: &mut Bucket, key: &str, call: &Call) -> Result<Reply, Refusal> {
    match call.header("if-none-match") {
        Some("*") if bucket.objects.contains_key(key) => {
            let message = "At least one of the pre-conditions you specified did not hold";
            return Err(Refusal::new(412, "PreconditionFailed", message));
        }
        Some("*") | None => {}
        Some(other) => return Err(Refusal::new(501, "NotImplemented", format!("If-None-Match: {other}"))),
    }
    let (bytes, encodings) = decoded(call)?;
    let mut headers = BTreeMap::new();
    for (name, value) in &call.headers {
        let name = name.as_str();
        let is_kept = KEPT_HEADERS.contains(&name)
            || name.starts_with("x-amz-meta-")
            || name.starts_with("x-amz-server-side-encryption");
        if is_kept {
            headers.insert(name.to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned());
        }
    }
    if !encodings.is_empty() {
        headers.insert("content-encoding".to_owned(), encodings);
    }
    let reply = Reply::empty(200).header("etag", &etag(&bytes));
    bucket.objects.insert(key.to_owned(), Object { bytes, headers });
    Ok(reply)
}

/// The object's bytes, checked against their length and CRC-32, and its content encodings without that of the transfer.
fn decoded(call: &Call) -> Result<(Bytes, String), Refusal> {
    let encodings: Vec<&str> = call.header("content-encoding").unwrap_or_default().split(',').map(str::trim).collect();
    let is_chunked = encodings.contains(&"aws-chunked");
    let (bytes, trailers) = if is_chunked {
        unchunked(&call.body).ok_or_else(|| Refusal::new(400, "IncompleteBody", "The chunks are damaged"))?
    } else {
        (call.body.clone(), BTreeMap::new())
    };
    let length = call.header("x-amz-decoded-content-length").map(str::parse::<usize>);
    if is_chunked && length != Some(Ok(bytes.len())) {
        return Err(Refusal::new(400, "IncompleteBody", "x-amz-decoded-content-length is another length"));
    }
    let announced = call.header("x-amz-trailer").filter(|name| !trailers.contains_key(*name));
    if let Some(name) = announced {
        return Err(Refusal::new(400, "MalformedTrailerError", format!("The trailer {name} is missing")));
    }
    let checksum = call.header(CRC32).or_else(|| trailers.get(CRC32).map(String::as_str));
    if checksum.is_some_and(|checksum| checksum != crc32(&bytes)) {
        return Err(Refusal::new(400, "BadDigest", "The CRC32 you specified did not match the calculated checksum."));
    }
    let rest: Vec<&str> = encodings.into_iter().filter(|name| !name.is_empty() && *name != "aws-chunked").collect();
    Ok((bytes, rest.join(",")))
}

/// The content and the trailers of an aws-chunked body (S3 API Reference "Transferring Payload in Multiple Chunks"):
/// `SIZE[;chunk-signature=..]\r\nDATA\r\n`.., a chunk of size 0, then `name:value\r\n`.. and an empty line.
fn unchunked(body: &[u8]) -> Option<(Bytes, BTreeMap<String, String>)> {
    let mut content = Vec::new();
    let mut rest = body;
    loop {
        let (line, after) = split_line(rest)?;
        let size = usize::from_str_radix(line.split(';').next()?.trim(), 16).ok()?;
        if size == 0 {
            rest = after;
            break;
        }
        let (data, after) = after.split_at_checked(size)?;
        content.extend_from_slice(data);
        rest = after.strip_prefix(b"\r\n")?;
    }
    let mut trailers = BTreeMap::new();
    while let Some((line, after)) = split_line(rest) {
        rest = after;
        if let Some((name, value)) = line.split_once(':') {
            trailers.insert(name.trim().to_lowercase(), value.trim().to_owned());
        }
    }
    rest.is_empty().then(|| (Bytes::from(content), trailers))
}

fn split_line(bytes: &[u8]) -> Option<(&str, &[u8])> {
    let end = bytes.windows(2).position(|pair| pair == b"\r\n")?;
    Some((std::str::from_utf8(&bytes[..end]).ok()?, &bytes[end + 2..]))
}

/// As the header carries it: four bytes, highest first, in base64.
fn crc32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut crc = Crc::new();
    crc.update(bytes);
    // 32 bits fill five digits of six bits each and begin a sixth.
    let bits = u64::from(crc.sum()) << 4;
    let digit = |place: u32| char::from(DIGITS[usize::try_from((bits >> (6 * place)) & 63).expect("six bits")]);
    (0..6).rev().map(digit).chain("==".chars()).collect()
}

/// Opaque, as it is for objects that are encrypted with a key of KMS.
fn etag(bytes: &[u8]) -> String {
    format!("\"{:032x}\"", fingerprint(&String::from_utf8_lossy(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_that_of_the_s3_documentation() {
        // "123456789" has the CRC-32 0xCBF43926, which is the check value of the algorithm.
        assert_eq!(crc32(b"123456789"), "y/Q5Jg==");
    }

    #[test]
    fn chunks_are_joined_and_trailers_kept() {
        let body = b"4;chunk-signature=0\r\nWiki\r\n5\r\npedia\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n";
        let (content, trailers) = unchunked(body).expect("it is whole");
        assert_eq!(content.as_ref(), b"Wikipedia");
        assert_eq!(trailers.get(CRC32).map(String::as_str), Some("AAAAAA=="));
        assert!(unchunked(&body[..20]).is_none());
    }
}
