use super::*;
use crate::pack::sample::{self, BUCKET, PRIVATE, PUBLIC};
use crate::pack::{SIGNATURE, SigningKey};
use proptest::prelude::*;
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;
use std::{fs, io};

static CONTENTS: LazyLock<Contents> = LazyLock::new(|| sample::contents(BUCKET));
static FILES: LazyLock<Files> = LazyLock::new(|| sample::files(CONTENTS.clone()));

/// Another order of the same values.
fn turned(mut contents: Contents, by: usize) -> Contents {
    fn turn<T: Clone>(values: &mut Vec<T>, by: usize) {
        let length = values.len().max(1);
        values.rotate_left(by % length);
        if by & 1 == 1 {
            values.reverse();
        }
        // The same thing collected twice is there once.
        if by & 2 == 2 {
            values.extend(values.first().cloned());
        }
    }
    turn(&mut contents.controls, by);
    turn(&mut contents.queries, by);
    turn(&mut contents.verdicts, by);
    turn(&mut contents.facts, by);
    turn(&mut contents.records, by);
    turn(&mut contents.inputs, by);
    turn(&mut contents.coverage, by);
    turn(&mut contents.digests, by);
    turn(&mut contents.set_aside, by);
    turn(&mut contents.digest_objects, by);
    turn(&mut contents.public_keys, by);
    turn(&mut contents.log_files, by);
    contents
}

proptest! {
    #[test]
    fn order_means_nothing(by in any::<usize>()) {
        prop_assert_eq!(&sample::files(turned(CONTENTS.clone(), by)), &*FILES);
    }
}

#[test]
fn another_folder_gives_the_same_pack() {
    let here = sample::files(sample::contents("/home/someone/trail/"));
    let mut copy = sample::contents("/mnt/x/");
    // The time of copying is in what the lake holds for an ETag.
    copy.inputs.iter_mut().for_each(|input| input.etag = Some("12-18c3".to_owned()));
    assert_eq!(sample::files(copy), here);
    for (path, bytes) in &here {
        assert!(!String::from_utf8_lossy(bytes).contains("/home/someone"), "{path}");
    }
}

#[test]
fn files_are_plain_and_lines_canonical() {
    let files = sample::files(sample::contents(BUCKET));
    for (path, bytes) in files.iter().filter(|(path, _)| !path.ends_with(".gz")) {
        let text = std::str::from_utf8(bytes).expect(path);
        assert!(!text.contains('\r') && (text.ends_with('\n') || text.is_empty()), "{path}");
        for line in text.lines().filter(|_| path.ends_with(".jsonl") && path != "records.jsonl") {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            assert_eq!(canonical::line(&value), line, "{path}");
        }
    }
    for line in String::from_utf8_lossy(&files["records.jsonl"]).lines() {
        let value: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("JSON");
        assert!(value.keys().is_sorted(), "{line}");
    }
}

#[test]
fn a_record_keeps_its_words() {
    let mut contents = sample::contents(BUCKET);
    let text = "{\"b\":1.50,\n \"a\":\"\\u00e9\"}";
    contents.records[0].record = serde_json::value::RawValue::from_string(text.to_owned()).expect("JSON");
    let files = sample::files(contents);
    let records = String::from_utf8_lossy(&files["records.jsonl"]).into_owned();
    assert!(records.contains("\"record\":{\"b\":1.50,  \"a\":\"\\u00e9\"},\"record_index\":1,"), "{records}");
    assert_eq!(records.lines().count(), 3);
}

#[test]
fn one_name_for_two_things_is_refused() {
    let check = |edit: &dyn Fn(&mut Contents)| {
        let mut contents = sample::contents(BUCKET);
        edit(&mut contents);
        let error = files(contents).expect_err("two contents").to_string();
        assert!(error.contains("is given twice and is not the same"), "{error}");
    };
    check(&|contents| {
        let mut other = contents.digest_objects[0].clone();
        other.metadata.signature = None;
        contents.digest_objects.push(other);
    });
    check(&|contents| contents.log_files[1].log_file = contents.log_files[0].log_file.clone());
    check(&|contents| contents.queries[1].name = contents.queries[0].name.clone());
}

fn write_to(folder: &Path, files: &Files) -> io::Result<()> {
    for (path, bytes) in files {
        let path = folder.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)?;
    }
    Ok(())
}

/// The steps that the README tells, by the tools that it names; those that are not there are left out.
#[test]
fn other_tools_agree() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let folder = folder.path();
    let mut files = sample::files(sample::contents(BUCKET));
    let signature = SigningKey::from_pem(PRIVATE).expect("a key").sign(&files[SUMS]);
    files.insert(SIGNATURE.to_owned(), signature.to_vec());
    write_to(folder, &files).expect("a writable folder");
    fs::write(folder.join("SIGNER.pem"), PUBLIC).expect("a writable folder");
    let run = |script: &str| {
        let is_absent = |tool: &&str| Command::new(tool).arg("--version").output().is_err();
        let needed =
            ["sh", "sha256sum", "openssl", "base64", "gzip", "xxd"].into_iter().filter(|tool| script.contains(tool));
        if needed.filter(is_absent).count() > 0 {
            return;
        }
        let output = Command::new("sh").args(["-euc", script]).current_dir(folder).output().expect("a shell");
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
    };
    run("sha256sum -c SHA256SUMS");
    run("openssl pkeyutl -verify -pubin -inkey SIGNER.pem -rawin -in SHA256SUMS -sigfile SHA256SUMS.sig");
    let digest = files.keys().find(|path| path.starts_with(DIGESTS) && path.ends_with(".gz")).expect("a digest file");
    let said = crate::verify::Digest::parse(digest, &files[digest]).expect("a digest file");
    let keys: serde_json::Value = serde_json::from_slice(&files[PUBLIC_KEYS]).expect("JSON");
    let value = keys["PublicKeyList"][0]["Value"].as_str().expect("a key");
    let previous = said.previous_signature.as_deref().unwrap_or("null");
    run(&format!(
        "printf %s '{value}' | base64 -d > key.der
         openssl rsa -RSAPublicKey_in -inform DER -in key.der -pubout -out key.pem
         hash=$(gzip -dc '{digest}' | sha256sum | cut -d' ' -f1)
         printf '%s\\n%s/%s\\n%s\\n%s' '{}' '{}' '{}' \"$hash\" '{previous}' > signed
         xxd -r -p '{digest}.signature' > signature
         openssl dgst -sha256 -verify key.pem -signature signature signed",
        said.ended_at_text, said.bucket, said.object,
    ));
}
