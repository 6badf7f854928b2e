"""The files of the log, as verifiers and monitors fetch them."""

from collections.abc import Iterator

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.ceremonies.proposing import Wanted
from signedcert.core.checkpoint import SignedCheckpoint
from signedcert.core.tiles import TiledTree, TileName
from signedcert.institution import Institution
from signedcert.trust.landmarks import LandmarkList
from signedcert.web import app
from tests.ceremonies.council import enact
from tests.institution.homes import LATER, NOW, Place, issue_one
from tests.issue.test_bulk import row
from tests.web.browser import Browser

ROOT = "/.well-known/signedcert/log"
TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
FOR_EVER = "public, max-age=31536000, immutable"
FILES = {
    "checkpoint": (TEXT, "no-cache"),
    "tile/0/000": (BYTES, FOR_EVER),
    "tile/0/001.p/44": (BYTES, FOR_EVER),
    "tile/1/000.p/1": (BYTES, FOR_EVER),
    "tile/entries/001.p/44": (BYTES, FOR_EVER),
    "landmarks/1": (TEXT, FOR_EVER),
}


@pytest.fixture(scope="module")
def logged(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution with 300 entries in its log, and a landmark, to which no test writes."""
    place = template.copy(tmp_path_factory.mktemp("logged"))
    with place.open() as institution:
        rows = [row(line) for line in range(300)]
        assert len(list(institution.issue_rows(rows, at=NOW))) == 300
    enact(place, Wanted(), NOW)
    return place


@pytest.fixture
def browser(logged: Place) -> Iterator[Browser]:
    """Who looks at its pages; no key is opened to serve them."""
    with Institution.open(logged.home) as institution:
        yield Browser(app(institution, lambda: LATER))


@pytest.mark.parametrize("name", FILES)
def test_each_file_is_served_byte_for_byte_as_what_it_is(
    browser: Browser, logged: Place, name: str
) -> None:
    response = browser.get(f"{ROOT}/{name}")
    assert response.status_code == 200
    assert response.content == (logged.home / "published" / "log" / name).read_bytes()
    headers = response.headers
    assert (headers["content-type"], headers["cache-control"]) == FILES[name]
    assert browser.head(f"{ROOT}/{name}").status_code == 200
    assert browser.post(f"{ROOT}/{name}").status_code == 405


def test_a_monitor_reads_what_is_served(browser: Browser, logged: Place) -> None:
    with Institution.open(logged.home) as institution:
        (entry,) = institution.manifest.logs
    head = SignedCheckpoint.parse(browser.get(f"{ROOT}/checkpoint").content)
    verified = head.verify(entry.origin, entry.keys)
    assert verified.size == 300

    def read(name: TileName) -> bytes:
        return browser.get(f"{ROOT}/{name}").content

    assert TiledTree(300, read).root() == verified.root
    landmarks = LandmarkList.parse(browser.get(f"{ROOT}/landmarks/1").content)
    assert landmarks.landmarks == entry.landmarks


def test_a_partial_tile_that_is_gone_is_the_beginning_of_a_larger_one(browser: Browser) -> None:
    assert (
        browser.get(f"{ROOT}/tile/0/000.p/7").content
        == (browser.get(f"{ROOT}/tile/0/000").content[: 7 * 32])
    )


@pytest.mark.parametrize(
    "path",
    [
        "log/tile/0/002",
        "log/tile/0/000.p/0",
        "log/tile/0/000.p/256",
        "log/tile/00/000",
        "log/tile/2/000",
        "log/tile/0/000/",
        "log/tile/0/%2e%2e/0/000",
        "log/tile/",
        "log/tile",
        "log/landmarks/0",
        "log/landmarks/01",
        "log/landmarks/2",
        "log/landmarks/x",
        "log/landmarks/99999999999999999999",
        "log/.lock",
        "log",
        "log-2/checkpoint",
        "logs/checkpoint",
        "%2e%2e/checkpoint",
        "status/checkpoint",
        "keys/landmarks/1",
    ],
)
def test_nothing_else_is_served(browser: Browser, path: str) -> None:
    assert browser.get(f"/.well-known/signedcert/{path}").status_code == 404


def test_before_anything_is_logged_nothing_is_served(reader: Browser) -> None:
    assert reader.get(f"{ROOT}/checkpoint").status_code == 404


def test_a_home_without_keys_serves_the_log(logged: Place) -> None:
    with Institution.open(logged.home) as institution:
        assert set(institution.published_logs) == {"log"}


# pages and downloads


def test_the_page_and_the_download_of_a_certificate_have_its_place(
    client: Browser, university: Institution
) -> None:
    issued = issue_one(university)
    downloaded = Bundle.parse(client.get(f"/verify/{issued.code}.signedcert").content)
    assert downloaded == issued.bundle
    assert downloaded.proof is not None
    told = client.get(f"/verify/{issued.code}.json").json()
    assert told["bundle"]["proof"] == downloaded.proof
    assert list(told["bundle"]) == ["version", "document", "proof", "course"]
    assert told["checks"][4]["outcome"] == "passed"
    assert "entry 0 of" in client.get(f"/verify/{issued.code}").text
