"""The fuzz targets: each has seeds that get past the parser, and keeps its promises for them."""

import re
from collections import Counter
from contextlib import suppress
from inspect import unwrap
from pathlib import Path
from random import Random

import pytest
from fuzz.register import BrokenPromiseError, hold, target
from fuzz.targets import CORPUS, TARGETS

from signedcert.errors import MalformedError, SignedCertError

_FIND = re.compile("[0-9a-f]{16}")
NAMES = sorted(TARGETS)


def test_each_target_has_its_corpus_and_its_figures() -> None:
    assert sorted(path.name for path in CORPUS.iterdir()) == NAMES
    page = (Path(__file__).parent.parent / "docs" / "fuzzing.md").read_text("utf-8")
    figures = re.findall(
        r"^\| `([a-z0-9-]+)` \| [0-9,]+ \| [0-9.]+ ms \| \d+ MiB \|$", page, re.MULTILINE
    )
    assert figures == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_seed_is_accepted_and_nothing_in_the_corpus_is_a_find(name: str) -> None:
    accepted: Counter[bool] = Counter()
    for path in sorted((CORPUS / name).iterdir()):
        data = path.read_bytes()
        TARGETS[name].run(data)
        if not _FIND.fullmatch(path.name):
            with suppress(SignedCertError):
                unwrap(TARGETS[name].run)(data)
                accepted[True] += 1
    assert accepted[True] >= 1


@pytest.mark.parametrize("name", NAMES)
def test_mutations_are_the_same_ones_for_one_seed(name: str) -> None:
    data = min((path.read_bytes() for path in (CORPUS / name).iterdir()), key=len)
    made = [[TARGETS[name].mutate(data, Random(seed)) for seed in range(20)] for _ in range(2)]  # noqa: S311 - not secret
    assert made[0] == made[1]
    assert len(set(made[0])) > 5


def test_a_refusal_is_no_find_and_a_broken_promise_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.register.TARGETS", {})

    @target("x", lambda data, _: data, 1)
    def run(data: bytes) -> None:
        if data == b"refused":
            raise MalformedError("not-json", "")
        hold(data == b"good", "bad")

    run(b"refused")
    run(b"good")
    with pytest.raises(BrokenPromiseError):
        run(b"bad")


def test_no_two_targets_have_one_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fuzz.register.TARGETS", {"x": None})
    with pytest.raises(ValueError, match="two targets x"):
        target("x", lambda data, _: data, 1)
