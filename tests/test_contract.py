"""Exact copies of the public contract, its operations and the agreed policy, so that every test can run."""

from __future__ import annotations

from pathlib import Path

import pytest

COPIES = Path(__file__).with_name("contract")
ORIGINALS = Path(__file__).parents[2] / "shared"


@pytest.mark.skipif(not ORIGINALS.exists(), reason="the originals are not beside this checkout: the copies are all")
@pytest.mark.parametrize("name", ["contract.graphql", "operations.graphql", "policy.csv"])
def test_copies_equal_the_originals(name: str) -> None:
    assert (COPIES / name).read_bytes() == (ORIGINALS / name).read_bytes(), f"copy {ORIGINALS / name} to {COPIES}"
