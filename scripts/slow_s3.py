#!/usr/bin/env python3
"""usage: slow_s3.py --folder FOLDER [--latency-ms 50]    an S3 stand-in on 127.0.0.1 that waits before each answer

FOLDER's folders are the buckets, addressed in path style. It knows the operations that bedrock-audit uses, answers 501
to all others, and checks no signature. The first line that it prints is its port; at SIGTERM it prints, as JSON, how many
requests it saw, by operation, and how many of them were under way at the peak.
"""
import argparse
import asyncio
import bisect
import collections
import json
import os
import signal
import sys
from datetime import datetime, timezone
from email.utils import formatdate
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree import ElementTree
from xml.sax.saxutils import escape

MOST_KEYS = 1000
XML = '<?xml version="1.0" encoding="UTF-8"?>'
REASONS = {200: "OK", 204: "No Content", 206: "Partial Content", 400: "Bad Request", 404: "Not Found"}
REASONS |= {412: "Precondition Failed", 416: "Range Not Satisfiable", 501: "Not Implemented"}


class Refused(Exception):
    def __init__(self, status, code):
        super().__init__(code)
        self.status, self.code = status, code


class Bucket:
    """The objects of a folder, which nobody else writes to."""

    def __init__(self, folder):
        self.folder, self.objects = folder, {}
        for path in folder.rglob("*"):
            if path.is_file():
                self.note(path.relative_to(folder).as_posix())
        self.keys = sorted(self.objects)

    def note(self, key):
        found = (self.folder / key).stat()
        self.objects[key] = (found.st_size, found.st_mtime, f'"{found.st_mtime_ns:x}-{found.st_size:x}"')
        return self.objects[key]

    def find(self, key):
        if key not in self.objects:
            raise Refused(404, "NoSuchKey")
        return self.objects[key]

    def put(self, key, body):
        path = self.folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
        if key not in self.objects:
            bisect.insort(self.keys, key)
        return self.note(key)

    def delete(self, key):
        if self.objects.pop(key, None):
            self.keys.pop(bisect.bisect_left(self.keys, key))
            (self.folder / key).unlink()

    def page(self, prefix, delimiter, after):
        """Keys and groups that follow `after`, a key or a group, and where the next page begins, if there is one."""
        keys, groups, last = [], [], after
        at = bisect.bisect_left(self.keys, max(prefix, after))
        while at < len(self.keys) and self.keys[at].startswith(prefix):
            key, at = self.keys[at], at + 1
            if key == after or (delimiter and after.endswith(delimiter) and key.startswith(after)):
                continue
            if len(keys) + len(groups) == MOST_KEYS:
                return keys, groups, last
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if cut < 0:
                keys.append(key)
                last = key
            else:
                last = key[: cut + len(delimiter)]
                groups.append(last)
                # U+10FFFF comes after every other character of a key.
                at = bisect.bisect_left(self.keys, f"{last}\U0010ffff")
        return keys, groups, None


class Server:
    def __init__(self, folder, latency):
        self.buckets = {path.name: Bucket(path) for path in folder.iterdir() if path.is_dir()}
        self.latency, self.under_way, self.peak = latency, 0, 0
        self.seen = collections.Counter()

    async def connection(self, reader, writer):
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                line, *lines = head.decode("latin-1").split("\r\n")
                headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
                self.under_way += 1
                self.peak = max(self.peak, self.under_way)
                try:
                    body = await reader.readexactly(int(headers.get("content-length", 0)))
                    method, target, _ = line.split(" ")
                    if self.latency:
                        await asyncio.sleep(self.latency)
                    writer.write(self.answer(method, target, headers, body))
                    await writer.drain()
                finally:
                    self.under_way -= 1
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, method, target, headers, body):
        try:
            status, more, content = self.act(method, target, headers, body)
        except Refused as refused:
            self.seen[f"refused: {refused.code}"] += 1
            document = f"{XML}<Error><Code>{refused.code}</Code><Message>{method} {escape(target)}</Message></Error>"
            status, more, content = refused.status, {"Content-Type": "application/xml"}, document.encode()
        length = more.pop("Length", len(content))
        head = [f"HTTP/1.1 {status} {REASONS[status]}", f"Content-Length: {length}"]
        head += [f"{name}: {value}" for name, value in more.items()]
        return "\r\n".join([*head, "", ""]).encode() + (b"" if method == "HEAD" else content)

    def act(self, method, target, headers, body):
        if "transfer-encoding" in headers or "aws-chunked" in headers.get("content-encoding", ""):
            raise Refused(501, "NotImplemented")
        url = urlsplit(target)
        name, _, key = unquote(url.path)[1:].partition("/")
        query = dict(parse_qsl(url.query, keep_blank_values=True))
        query.pop("x-id", None)
        bucket = self.buckets.get(name)
        if bucket is None:
            raise Refused(404, "NoSuchBucket")
        match method, bool(key), sorted(query):
            case "GET", False, _ if query.pop("list-type", "") == "2":
                return self.list(bucket, name, query)
            case "POST", False, ["delete"]:
                return self.delete_all(bucket, body)
            case "GET" | "HEAD", True, []:
                return self.get(bucket, key, method, headers)
            case "PUT", True, [] if "x-amz-copy-source" not in headers:
                return self.put(bucket, key, headers, body)
            case "DELETE", True, []:
                self.seen["DeleteObject"] += 1
                bucket.delete(key)
                return 204, {}, b""
        raise Refused(501, "NotImplemented")

    def list(self, bucket, name, query):
        if not query.keys() <= {"prefix", "delimiter", "continuation-token", "start-after"}:
            raise Refused(501, "NotImplemented")
        self.seen["ListObjectsV2"] += 1
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        token = query.get("continuation-token")
        after = bytes.fromhex(token).decode() if token else query.get("start-after", "")
        keys, groups, last = bucket.page(prefix, delimiter, after)
        parts = [f"{XML}<ListBucketResult><Name>{name}</Name><Prefix>{escape(prefix)}</Prefix>"]
        parts.append(f"<KeyCount>{len(keys) + len(groups)}</KeyCount><MaxKeys>{MOST_KEYS}</MaxKeys>")
        parts.append(f"<IsTruncated>{'false' if last is None else 'true'}</IsTruncated>")
        if last is not None:
            parts.append(f"<NextContinuationToken>{last.encode().hex()}</NextContinuationToken>")
        for key in keys:
            size, changed, etag = bucket.objects[key]
            at = datetime.fromtimestamp(changed, timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
            parts.append(f"<Contents><Key>{escape(key)}</Key><LastModified>{at}</LastModified>")
            parts.append(f"<ETag>{escape(etag)}</ETag><Size>{size}</Size></Contents>")
        parts += [f"<CommonPrefixes><Prefix>{escape(group)}</Prefix></CommonPrefixes>" for group in groups]
        return 200, {"Content-Type": "application/xml"}, "".join([*parts, "</ListBucketResult>"]).encode()

    def get(self, bucket, key, method, headers):
        self.seen["GetObject" if method == "GET" else "HeadObject"] += 1
        size, changed, etag = bucket.find(key)
        if headers.get("if-match", etag).strip('"') != etag.strip('"'):
            raise Refused(412, "PreconditionFailed")
        more = {"ETag": etag, "Last-Modified": formatdate(changed, usegmt=True), "Accept-Ranges": "bytes"}
        first, end, status = 0, size, 200
        if wanted := headers.get("range"):
            first, end = span(wanted, size)
            status, more["Content-Range"] = 206, f"bytes {first}-{end - 1}/{size}"
        if method == "HEAD":
            return status, {**more, "Length": end - first}, b""
        with open(bucket.folder / key, "rb") as file:
            file.seek(first)
            return status, more, file.read(end - first)

    def put(self, bucket, key, headers, body):
        self.seen["PutObject"] += 1
        held = bucket.objects.get(key)
        if headers.get("if-none-match") == "*" and held:
            raise Refused(412, "PreconditionFailed")
        if "if-match" in headers and (not held or held[2] != headers["if-match"]):
            raise Refused(412, "PreconditionFailed")
        return 200, {"ETag": bucket.put(key, body)[2]}, b""

    def delete_all(self, bucket, body):
        self.seen["DeleteObjects"] += 1
        keys = [element.text for element in ElementTree.fromstring(body).iter() if element.tag.endswith("Key")]
        for key in keys:
            bucket.delete(key)
        deleted = "".join(f"<Deleted><Key>{escape(key)}</Key></Deleted>" for key in keys)
        return 200, {"Content-Type": "application/xml"}, f"{XML}<DeleteResult>{deleted}</DeleteResult>".encode()

    def told(self):
        return {"requests": self.seen.total(), "peak": self.peak, "by_operation": dict(self.seen)}


def span(wanted, size):
    """The first byte and the end of a range such as bytes=0-9, bytes=10- or bytes=-5."""
    first, _, last = wanted.removeprefix("bytes=").partition("-")
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
    if start >= end:
        raise Refused(416, "InvalidRange")
    return start, end


async def serve(folder, latency):
    server, stop = Server(folder, latency), asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    listener = await asyncio.start_server(server.connection, "127.0.0.1", 0, backlog=1024)
    print(listener.sockets[0].getsockname()[1], flush=True)
    await stop.wait()
    print(json.dumps(server.told()), flush=True)
    # Whoever is still connected is of no interest.
    os._exit(0)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", required=True, type=Path)
    parser.add_argument("--latency-ms", type=float, default=50)
    options = parser.parse_args()
    if not options.folder.is_dir():
        sys.exit(f"slow_s3.py: {options.folder} is no folder")
    asyncio.run(serve(options.folder, options.latency_ms / 1000))


if __name__ == "__main__":
    main()
