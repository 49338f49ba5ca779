//! The buckets: `s3s_fs` and what it leaves out.
//!
//! `s3s_fs` 0.14 lists objects without ETags and pages as long as the client likes, ignores conditions on reads, keeps
//! the ETag and checksums of a file that was changed behind its back, lets two conditional puts at once both succeed,
//! makes a bucket by putting into it, and fails on a suffix range longer than the object.

use std::collections::HashMap;
use std::fs::Metadata;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::SystemTime;
use std::{fs, io};

use futures::future::BoxFuture;
use s3s::crypto::{Checksum as _, Md5};
use s3s::dto::{
    AbortMultipartUploadInput, AbortMultipartUploadOutput, CommonPrefix, CompleteMultipartUploadInput,
    CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput, CreateBucketInput, CreateBucketOutput,
    CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, ETag, ETagCondition, GetBucketLocationInput, GetBucketLocationOutput, GetObjectInput,
    GetObjectOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput, HeadObjectOutput, ListBucketsInput,
    ListBucketsOutput, ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, Object,
    PutObjectInput, PutObjectOutput, Range, Timestamp, UploadPartInput, UploadPartOutput,
};
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, s3_error};
use s3s_fs::FileSystem;

use super::listing::{self, Item};

/// Buckets in a folder.
#[derive(Debug)]
pub struct Buckets {
    folder: PathBuf,
    files: FileSystem,
    /// MD5 of a file of this length and time of change.
    sums: Mutex<HashMap<PathBuf, (u64, SystemTime, String)>>,
    /// Held from the check of a condition to the end of the write that depends on it.
    conditional_write: tokio::sync::Mutex<()>,
}

struct Stored {
    etag: ETag,
    size: u64,
    modified: SystemTime,
}

impl Buckets {
    /// The folder must exist.
    pub fn new(folder: &Path) -> Self {
        let folder = folder.canonicalize().expect("the folder of the buckets exists");
        let files = FileSystem::new(&folder).expect("the folder of the buckets can be read");
        Self { folder, files, sums: Mutex::default(), conditional_write: tokio::sync::Mutex::default() }
    }

    fn bucket(&self, bucket: &str) -> S3Result<PathBuf> {
        let folder = self.folder.join(bucket);
        if folder.is_dir() { Ok(folder) } else { Err(s3_error!(NoSuchBucket)) }
    }

    fn object(&self, bucket: &str, key: &str) -> S3Result<Stored> {
        let path = self.bucket(bucket)?.join(key);
        let found = fs::metadata(&path).ok().filter(Metadata::is_file).ok_or_else(|| s3_error!(NoSuchKey))?;
        self.stored(bucket, key, &path, &found).map_err(S3Error::internal_error)
    }

    fn stored(&self, bucket: &str, key: &str, path: &Path, found: &Metadata) -> io::Result<Stored> {
        let (size, modified) = (found.len(), found.modified()?);
        let noted = self.folder.join(file_of_notes(bucket, key));
        // A put writes its notes after the object: notes that are older tell of an earlier object.
        let etag = match fs::metadata(&noted).and_then(|notes| notes.modified()) {
            Ok(at) if at < modified => {
                // An error: another request has removed it already.
                let _ = fs::remove_file(&noted);
                None
            }
            Ok(_) => noted_etag(&noted),
            Err(_) => None,
        };
        let etag = match etag {
            Some(etag) => etag,
            None => self.md5(path, size, modified)?,
        };
        Ok(Stored { etag: ETag::Strong(etag), size, modified })
    }

    fn md5(&self, path: &Path, size: u64, modified: SystemTime) -> io::Result<String> {
        let mut sums = self.sums.lock().expect("no thread panics while it holds the sums");
        if let Some((known_size, known_modified, sum)) = sums.get(path)
            && (*known_size, *known_modified) == (size, modified)
        {
            return Ok(sum.clone());
        }
        let sum: String = Md5::checksum(&fs::read(path)?).iter().map(|byte| format!("{byte:02x}")).collect();
        sums.insert(path.to_owned(), (size, modified, sum.clone()));
        Ok(sum)
    }

    fn list(&self, input: ListObjectsV2Input) -> S3Result<ListObjectsV2Output> {
        let folder = self.bucket(&input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let limit = input.max_keys.and_then(|keys| usize::try_from(keys).ok());
        let limit = limit.unwrap_or(listing::MOST_KEYS).min(listing::MOST_KEYS);
        let after = match &input.continuation_token {
            Some(token) => Some(listing::name_in(token).ok_or_else(|| s3_error!(InvalidArgument, "not a token"))?),
            None => input.start_after.clone(),
        };
        let keys = listing::keys(&folder, prefix).map_err(S3Error::internal_error)?;
        let (items, truncated) = listing::page(&keys, prefix, input.delimiter.as_deref(), after.as_deref(), limit);
        let (contents, groups) = self.described(&input.bucket, &items)?;
        Ok(ListObjectsV2Output {
            is_truncated: Some(truncated),
            next_continuation_token: items.last().filter(|_| truncated).map(listing::token),
            key_count: Some(at_most_a_page(contents.len() + groups.len())),
            max_keys: Some(at_most_a_page(limit)),
            contents: Some(contents).filter(|contents| !contents.is_empty()),
            common_prefixes: Some(groups).filter(|groups| !groups.is_empty()),
            name: Some(input.bucket),
            prefix: input.prefix,
            delimiter: input.delimiter,
            start_after: input.start_after,
            continuation_token: input.continuation_token,
            ..ListObjectsV2Output::default()
        })
    }

    fn described(&self, bucket: &str, items: &[Item]) -> S3Result<(Vec<Object>, Vec<CommonPrefix>)> {
        let (mut contents, mut groups) = (Vec::new(), Vec::new());
        for item in items {
            let key = match item {
                Item::Group(prefix) => {
                    groups.push(CommonPrefix { prefix: Some(prefix.clone()) });
                    continue;
                }
                Item::Key(key) => key,
            };
            match self.object(bucket, key) {
                Ok(stored) => contents.push(Object {
                    key: Some(key.clone()),
                    e_tag: Some(stored.etag),
                    size: Some(i64::try_from(stored.size).map_err(S3Error::internal_error)?),
                    last_modified: Some(Timestamp::from(stored.modified)),
                    ..Object::default()
                }),
                // Deleted since the folder was read.
                Err(error) if *error.code() == S3ErrorCode::NoSuchKey => {}
                Err(error) => return Err(error),
            }
        }
        Ok((contents, groups))
    }

    async fn get(&self, mut request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = &mut request.input;
        let stored = self.object(&input.bucket, &input.key)?;
        check(&stored.etag, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        if let Some(Range::Suffix { length }) = &mut input.range {
            *length = stored.size.min(*length);
        }
        self.files.get_object(request).await
    }

    async fn head(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = &request.input;
        let stored = self.object(&input.bucket, &input.key)?;
        check(&stored.etag, input.if_match.as_ref(), input.if_none_match.as_ref())?;
        self.files.head_object(request).await
    }

    async fn put(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let input = &request.input;
        self.bucket(&input.bucket)?;
        let is_conditional = input.if_match.is_some() || input.if_none_match.is_some();
        let _turn = if is_conditional { Some(self.conditional_write.lock().await) } else { None };
        self.files.put_object(request).await
    }

    async fn complete(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> S3Result<S3Response<CompleteMultipartUploadOutput>> {
        self.bucket(&request.input.bucket)?;
        let _turn = self.conditional_write.lock().await;
        self.files.complete_multipart_upload(request).await
    }
}

/// What a method of [`S3`] returns, as `async_trait` spells it.
type Answer<'answer, T> = BoxFuture<'answer, S3Result<S3Response<T>>>;

macro_rules! as_s3s_fs_does {
    ($($operation:ident: $input:ident => $output:ident;)*) => {$(
        fn $operation<'buckets, 'answer>(&'buckets self, request: S3Request<$input>) -> Answer<'answer, $output>
        where
            'buckets: 'answer,
            Self: 'answer,
        {
            self.files.$operation(request)
        }
    )*};
}

macro_rules! as_above {
    ($($operation:ident: $input:ident => $output:ident, $method:ident;)*) => {$(
        fn $operation<'buckets, 'answer>(&'buckets self, request: S3Request<$input>) -> Answer<'answer, $output>
        where
            'buckets: 'answer,
            Self: 'answer,
        {
            Box::pin(self.$method(request))
        }
    )*};
}

impl S3 for Buckets {
    as_above! {
        get_object: GetObjectInput => GetObjectOutput, get;
        head_object: HeadObjectInput => HeadObjectOutput, head;
        put_object: PutObjectInput => PutObjectOutput, put;
        complete_multipart_upload: CompleteMultipartUploadInput => CompleteMultipartUploadOutput, complete;
    }

    as_s3s_fs_does! {
        create_bucket: CreateBucketInput => CreateBucketOutput;
        head_bucket: HeadBucketInput => HeadBucketOutput;
        get_bucket_location: GetBucketLocationInput => GetBucketLocationOutput;
        list_buckets: ListBucketsInput => ListBucketsOutput;
        copy_object: CopyObjectInput => CopyObjectOutput;
        delete_object: DeleteObjectInput => DeleteObjectOutput;
        delete_objects: DeleteObjectsInput => DeleteObjectsOutput;
        create_multipart_upload: CreateMultipartUploadInput => CreateMultipartUploadOutput;
        upload_part: UploadPartInput => UploadPartOutput;
        list_parts: ListPartsInput => ListPartsOutput;
        abort_multipart_upload: AbortMultipartUploadInput => AbortMultipartUploadOutput;
    }

    fn list_objects_v2<'buckets, 'answer>(
        &'buckets self,
        request: S3Request<ListObjectsV2Input>,
    ) -> Answer<'answer, ListObjectsV2Output>
    where
        'buckets: 'answer,
        Self: 'answer,
    {
        Box::pin(async move { self.list(request.input).map(S3Response::new) })
    }
}

/// Conditions of a read (API Reference, "GetObject": `If-Match`, `If-None-Match`).
fn check(etag: &ETag, if_match: Option<&ETagCondition>, if_none_match: Option<&ETagCondition>) -> S3Result<()> {
    if let Some(ETagCondition::ETag(expected)) = if_match
        && !etag.strong_cmp(expected)
    {
        return Err(s3_error!(PreconditionFailed, "At least one of the pre-conditions you specified did not hold"));
    }
    match if_none_match {
        Some(ETagCondition::ETag(known)) if etag.weak_cmp(known) => Err(s3_error!(NotModified)),
        Some(ETagCondition::Any) => Err(s3_error!(NotModified)),
        _ => Ok(()),
    }
}

fn at_most_a_page(count: usize) -> i32 {
    i32::try_from(count).expect("no page is longer than a thousand")
}

/// Where `s3s_fs` notes the ETag and checksums of an object that was put (its `get_internal_info_path`).
fn file_of_notes(bucket: &str, key: &str) -> String {
    format!(".bucket-{}.object-{}.internal.json", base64_url(bucket), base64_url(key))
}

fn noted_etag(notes: &Path) -> Option<String> {
    let notes: serde_json::Value = serde_json::from_slice(&fs::read(notes).ok()?).ok()?;
    notes.get("e_tag")?.as_str().map(str::to_owned)
}

/// Base64 for URLs, without padding.
fn base64_url(text: &str) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut encoded = String::new();
    for chunk in text.as_bytes().chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or_default());
        let bits = (byte(0) << 16) | (byte(1) << 8) | byte(2);
        for digit in 0..=chunk.len() {
            let index = (bits >> (18 - 6 * digit)) & 63;
            encoded.push(char::from(DIGITS[index as usize]));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_rfc_4648_without_padding() {
        for (text, expected) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("é?>", "w6k_Pg")]
        {
            assert_eq!(base64_url(text), expected, "{text}");
        }
    }
}
