"""Status lists in both standard forms, read by other people's programs."""

import json
import random
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from signedcert.documents.openbadges import STATUS_LIST_SIZE
from signedcert.documents.statuscredential import encode_status_credential
from signedcert.trust.statuslist import (
    REPLACED,
    REVOKED,
    STATUS_LIST_TYPE,
    SUSPENDED,
    StatusList,
    StatusListToken,
)
from tests.peers.node import ask
from tests.reference import ISSUED
from tests.trust.house import ISS
from tests.trust.test_snapshot import sign

LAST = STATUS_LIST_SIZE - 1
_RNG = random.Random(5)  # noqa: S311 - not secret
#: Lists of which the first is empty, the second has the edges, the third is as usual, and of the
#: fourth every second document is not valid, which zlib alone writes.
STATUSES: list[dict[int, int]] = [
    {},
    {0: REVOKED, 1: SUSPENDED, 2: REPLACED, 3: REVOKED, 4: REPLACED, LAST: REVOKED},
    {index: _RNG.randint(1, 3) for index in _RNG.sample(range(STATUS_LIST_SIZE), 500)},
    {index: _RNG.randint(1, 3) for index in range(0, STATUS_LIST_SIZE, 2)},
]
INDICES = sorted(
    {0, 1, 2, 3, 4, 5, 7, 8, LAST - 1, LAST, *list(STATUSES[2])[:40]}
    | {index + 1 for index in list(STATUSES[2])[:20]}
)


class Read(NamedTuple):
    """What the two programs have read."""

    lists: list[dict[str, Any]]
    bitstrings: list[dict[str, Any]]


@pytest.fixture(scope="module")
def read() -> Read:
    """The answer to one question, about all lists."""
    lists = [StatusList.make(number, said) for number, said in enumerate(STATUSES, 1)]
    week = ISSUED + timedelta(days=7)
    payloads = [StatusListToken(ISS, one, ISSUED, week, 86400).encode() for one in lists]
    credentials = [
        encode_status_credential(ISS, one.number, ISSUED, one.indices({REVOKED, REPLACED}))
        for one in lists
    ]
    question = {
        "tokens": [sign(payload, STATUS_LIST_TYPE).decode() for payload in payloads],
        "credentials": [json.loads(credential) for credential in credentials],
        "indices": INDICES,
    }
    nothing: dict[str, Any] = {"tokens": [], "credentials": [], "indices": []}
    ask("status.mjs", "@digitalbazaar/vc-bitstring-status-list", nothing)
    return Read(**ask("status.mjs", "@sd-jwt/jwt-status-list", question))


@pytest.mark.parametrize("number", range(1, len(STATUSES) + 1))
def test_sd_jwt_reads_our_token_status_lists(read: Read, number: int) -> None:
    found, said = read.lists[number - 1], STATUSES[number - 1]
    assert (found["bits"], found["size"]) == (2, STATUS_LIST_SIZE)
    assert found["statuses"] == [said.get(index, 0) for index in INDICES]


@pytest.mark.parametrize("number", range(1, len(STATUSES) + 1))
def test_digitalbazaar_reads_our_bitstrings(read: Read, number: int) -> None:
    found, said = read.bitstrings[number - 1], STATUSES[number - 1]
    gone = [said.get(index, 0) in (REVOKED, REPLACED) for index in INDICES]
    assert found["size"] == STATUS_LIST_SIZE
    assert found["statuses"] == gone
    assert [one["status"] for one in found["standing"]] == gone
    assert all(one["verified"] for one in found["standing"])
