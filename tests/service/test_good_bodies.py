"""Bodies that are taken, however they are wrapped."""

import gzip
import json

import httpx2
import pytest
import zstandard

BODY = json.dumps({"problems": [{"solutions": ["x = 1", "é"], "tests": ["assert x"]}]}).encode()


def _zstd_without_length(data: bytes) -> bytes:
    packer = zstandard.ZstdCompressor().compressobj()
    return packer.compress(data) + packer.flush()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (BODY, None),
        (BODY, "identity"),
        (gzip.compress(BODY, mtime=0), "gzip"),
        (gzip.compress(BODY[:20], mtime=0) + gzip.compress(BODY[20:], mtime=0), "x-gzip"),
        (zstandard.ZstdCompressor().compress(BODY), "ZSTD"),
        (_zstd_without_length(BODY[:20]) + _zstd_without_length(BODY[20:]), "zstd"),
        (zstandard.ZstdCompressor().compress(gzip.compress(BODY, mtime=0)), "gzip, zstd"),
    ],
)
def test_a_body_is_taken_in_every_encoding(http: httpx2.Client, content: bytes, encoding: str | None) -> None:
    headers = {"Content-Encoding": encoding} if encoding else {}

    answer = http.post("/v1/batches", content=content, headers=headers)

    assert answer.status_code == 202 and answer.json()["cells"]["total"] == 2


@pytest.mark.parametrize("kind", [None, "application/json", "application/json; charset=UTF-8", "application/x+json"])
def test_json_by_any_of_its_names_is_taken(http: httpx2.Client, kind: str | None) -> None:
    answer = http.post("/v1/batches", content=BODY, headers={"Content-Type": kind} if kind else {})

    assert answer.status_code == 202
