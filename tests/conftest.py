"""What all tests share."""

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from signedcert.custody import keyfile
from tests.postgres import postgres
from tests.reference import World, make_world

# Under xdist, the process that prints reads the conftest of this folder only.
from tests.standards.conftest import pytest_terminal_summary

__all__ = ["postgres", "pytest_terminal_summary"]

# How long an example takes, a busy machine decides.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


#: Many cases that take one way, and commands in processes of their own: what they reach, others do
#: as well, and to trace them takes longer than to run them. So it is with properties.
_UNTRACED = (
    *("browser", "golden", "peers", "standards", "vectors", "test_docs.py", "test_fuzz.py"),
    "render/test_printed.py",
)
#: Documents whose commands are run, one after the other, and a million look-ups.
_LONG = ("test_docs.py", "test_links.py", "test_killed.py")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves these out of what is measured by coverage. The longest tests begin first, so that no
    process waits for them in the end.
    """
    here = Path(__file__).parent
    items.sort(key=lambda item: item.path.name not in _LONG)
    untraced = {here / name for name in _UNTRACED}
    for item in items:
        is_property = getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        if is_property or untraced.intersection((item.path, *item.path.parents)):
            item.add_marker("no_cover")


@pytest.fixture(scope="session", autouse=True)
def _stretched_once() -> Iterator[None]:
    """To stretch a passphrase takes its time on purpose. The key of one salt is always the same, so
    that a file which is opened again and again, by tests that are about other things, waits once.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(keyfile, "_derive", cache(keyfile._derive))
        yield


@pytest.fixture(scope="session")
def world() -> World:
    """An institution that issues with ES256."""
    return make_world()


@pytest.fixture(scope="session")
def ed25519_world() -> World:
    """An institution that issues with Ed25519."""
    return make_world("Ed25519")


@pytest.fixture(scope="session")
def vectors() -> Path:
    """Test cases that others wrote: SIGNEDCERT_VECTORS, or ../shared/vectors."""
    default = Path(__file__).parents[2] / "shared" / "vectors"
    path = Path(os.environ.get("SIGNEDCERT_VECTORS", default))
    if not path.is_dir():
        message = f"no test vectors at {path}; set SIGNEDCERT_VECTORS to where they are"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return path
