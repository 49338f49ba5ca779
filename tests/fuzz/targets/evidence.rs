//! Evidence objects: read whole, or set aside whole, within the limits.

#![no_main]

use analytics::evidence::{Contents, Limits, read};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits { object_bytes: 1 << 16, document_bytes: 1 << 18, line_bytes: 1 << 14, depth: 16 };

fuzz_target!(|object: &[u8]| {
    let name = if object.starts_with(&[0x1f, 0x8b]) { "copy/run.jsonl.gz" } else { "copy/run.jsonl" };
    let file = read(name, "etag", object, LIMITS);
    assert_eq!(file, read(name, "etag", object, LIMITS), "the same bytes, read otherwise");
    match file.contents {
        Ok(Contents::Stop { .. }) => assert_eq!(file.lines, 1),
        Ok(_) => assert!(file.lines >= 1),
        Err(why) => assert!(!why.to_string().is_empty()),
    }
});
