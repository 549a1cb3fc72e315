"""Files that an operator gives to a verb: what cannot be read is one sentence that says what to do."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from registry.values.csv_file import FileError, content_of

WHOLE = gzip.compress(b"code,label_id\nWEAVING,Tenun\n" * 20)


@pytest.mark.parametrize(
    "content",
    [WHOLE[:40], WHOLE[:-6] + b"abcdef", WHOLE[:10] + b"\xff" * 200, b"code,label_id\n"],
    ids=["torn", "other checksum", "not deflated", "not compressed"],
)
def test_a_damaged_gzip_file_is_refused_with_a_reason(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "list.csv.gz"
    path.write_bytes(content)
    with pytest.raises(FileError, match=r"list\.csv\.gz: cannot be read, because it is damaged or no gzip file"):
        content_of(path)


def test_a_whole_gzip_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv.gz"
    path.write_bytes(WHOLE)
    assert content_of(path) == gzip.decompress(WHOLE)
