"""Merkle proofs: the test data of transparency-dev/merkle.

Its folders about subtrees are for another standard, Merkle Tree Certificates. A subtree that begins
at entry 0, and is not empty, is a tree by itself: of those vectors, these are read too.
"""

import json
from base64 import b64decode
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from signedcert.core.merkle import HASH_LENGTH, check_consistency, check_inclusion
from tests.standards.conftest import Publish
from tests.standards.outcomes import Verdict, judge, tally

Vector: TypeAlias = dict[str, Any]
FOLDER = Path("merkle-rfc9162", "testdata")


def load(vectors: Path, name: str) -> Iterator[Vector]:
    """The vectors of a folder, those left out that are of a part within a tree."""
    files = sorted((vectors / FOLDER / name).rglob("*.json"))
    assert files
    for file in files:
        vector: Vector = json.loads(file.read_bytes())
        if vector.pop("start", 0) == 0 and vector.get("end") != 0:
            yield vector


def path(vector: Vector) -> list[bytes]:
    """The hashes; some files have ``null`` for none."""
    return [b64decode(one) for one in vector["proof"] or []]


def inclusion(vector: Vector) -> Verdict:
    """What we make of an inclusion proof."""
    size = vector["end"] if "end" in vector else vector["treeSize"]
    leaf, root = b64decode(vector["leafHash"]), b64decode(vector["root"])
    return judge(check_inclusion, vector["leafIdx"], size, leaf, path(vector), root)


def consistency(vector: Vector) -> Verdict:
    """Likewise of a consistency proof; a root that is no hash is named in the reason."""
    names = ("end", "size") if "end" in vector else ("size1", "size2")
    size1, size2 = (vector[name] for name in names)
    roots = b64decode(vector["root1"]), b64decode(vector["root2"])
    verdict = judge(check_consistency, size1, size2, path(vector), *roots)
    if verdict.reason == "proof-shape" and {len(root) for root in roots} != {HASH_LENGTH}:
        return verdict._replace(reason="proof-shape of a root")
    return verdict


FOLDERS: list[tuple[str, Callable[[Vector], Verdict], str]] = [
    ("inclusion", inclusion, "merkle inclusion"),
    ("consistency", consistency, "merkle consistency"),
    ("subtreeinclusion", inclusion, "merkle subtreeinclusion, from entry 0"),
    ("subtreeconsistency", consistency, "merkle subtreeconsistency, from entry 0"),
]


@pytest.mark.parametrize(("name", "check", "title"), FOLDERS)
def test_the_vectors_agree(
    vectors: Path, publish: Publish, name: str, check: Callable[[Vector], Verdict], title: str
) -> None:
    results = [(not vector["wantErr"], check(vector)) for vector in load(vectors, name)]
    publish(title, tally(results))


@pytest.mark.parametrize(
    ("name", "check", "reasons"),
    [
        ("inclusion", inclusion, {"proof-shape": 63, "root-mismatch": 29}),
        (
            "consistency",
            consistency,
            {"proof-shape": 59, "proof-shape of a root": 18, "root-mismatch": 15},
        ),
    ],
)
def test_each_is_refused_for_its_shape_or_for_where_it_leads(
    vectors: Path, name: str, check: Callable[[Vector], Verdict], reasons: dict[str, int]
) -> None:
    found = Counter(check(vector).reason for vector in load(vectors, name) if vector["wantErr"])
    assert found == reasons


def test_a_root_that_is_no_hash_is_all_that_is_wrong_with_a_valid_proof_that_is_refused(
    vectors: Path,
) -> None:
    """With the hash of nothing in its place, the proof holds."""
    seen = 0
    for vector in load(vectors, "consistency"):
        if not vector["wantErr"] and consistency(vector).reason == "proof-shape of a root":
            assert vector["root1"] == vector["root2"]
            twin = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
            assert not consistency(vector | {"root1": twin, "root2": twin}).reason
            seen += 1
    assert seen == 1
