"""Edited carriers: the right verdict or a clear refusal, in bounded time and memory."""

import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.errors import MalformedError
from signedcert.verify.verifier import Verifier
from tests.carriers.edited import edits
from tests.carriers.editing import AUTHENTIC, Edit
from tests.reference import AT, World, course, credential

#: Processor time of this process for one file, on a machine that is slow and busy with others too;
#: most take a thousandth.
MAX_SECONDS = 1.0
#: What one file may take beside its own size: an SVG of 8 MiB is in memory in several forms.
MAX_BYTES = 96 * 1024 * 1024

EDITS = list(edits())


@pytest.fixture(scope="module")
def bundles(world: World) -> tuple[Bundle, Bundle]:
    """Two certificates of one institution."""
    other = credential()._replace(
        id="0d2f5f6e-58c1-4f0a-9a1d-3b9b8a3d7c11",
        subject="f7a0f6a1-0e5b-4a39-8d1c-0c2b6c0f5a77",
        learner="Ada Lovelace",
    )
    return tuple(
        Bundle(document.decode(), course().text)
        for document in (world.document(), world.sign(other.encode()))
    )  # type: ignore[return-value]


@contextmanager
def bounded() -> Iterator[None]:
    """Fails if what is done in it takes long; MemoryError if it takes much."""
    with _limited_memory():
        begun = time.process_time()
        yield
        taken = time.process_time() - begun
    assert taken < MAX_SECONDS


@contextmanager
def _limited_memory() -> Iterator[None]:
    """The kernel refuses more of it; on Linux, where a process can know how much it has."""
    if sys.platform != "linux":
        yield
        return
    import resource  # noqa: PLC0415 - POSIX

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    before = resource.getrlimit(resource.RLIMIT_AS)
    limit = pages * resource.getpagesize() + MAX_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, before)


def test_there_are_edits_enough_and_no_two_of_one_name() -> None:
    names = Counter(one.name for one in EDITS)
    assert not [name for name, count in names.items() if count > 1]
    assert len(EDITS) >= 150
    assert len({one.expected for one in EDITS}) >= 9


@pytest.mark.parametrize("edit", EDITS, ids=lambda one: one.name)
def test_an_edited_carrier_leads_to_what_is_true(
    edit: Edit, world: World, bundles: tuple[Bundle, Bundle]
) -> None:
    data = edit.make(*bundles)
    verifier = Verifier(world.trust)
    with bounded():
        report = verifier.report(data, at=AT)
    check = report.decisive
    assert (report.verdict.value, check.detail or check.reason) == edit.expected
    if edit.expected == AUTHENTIC:
        assert Bundle.unpack(data).document in [one.document for one in bundles]
        assert report == verifier.report(Bundle.unpack(data), at=AT)


@pytest.mark.parametrize(
    "edit", [one for one in EDITS if one.expected[0] == "unreadable"], ids=lambda one: one.name
)
def test_a_refusal_names_the_file_and_says_what_it_is(
    edit: Edit, bundles: tuple[Bundle, Bundle]
) -> None:
    with pytest.raises(MalformedError) as caught:
        Bundle.unpack(edit.make(*bundles), "inbox/maria")
    assert caught.value.where.startswith("inbox/maria")
    assert len(caught.value.message) > 20
    assert caught.value.message.isprintable()
