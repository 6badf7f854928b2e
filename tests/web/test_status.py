"""What is served of what was published, and that nothing else of the home is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from signedcert.institution import Institution
from signedcert.trust.reasons import Reasons
from signedcert.trust.snapshot import Snapshot
from signedcert.trust.statuslist import REVOKED, parse_status_list
from signedcert.web import app
from tests.institution.homes import LATER, NOW, Place, issue_one
from tests.publish.press import add_snapshot_key
from tests.web.browser import Browser

ROOT = "/.well-known/signedcert"
MEDIA_TYPES = {
    "snapshot.json": "application/jose",
    "reasons.jws": "application/jose",
    "status/1": "application/vc+jwt",
    "status/1.jwt": "application/statuslist+jwt",
}


@pytest.fixture(scope="module")
def pressed(template: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """An institution that has published, to which no test writes."""
    place = template.copy(tmp_path_factory.mktemp("pressed"))
    add_snapshot_key(place)
    with place.open() as institution:
        code = issue_one(institution).code
        institution.revoke(code, at=NOW)
        institution.publish(at=NOW)
    return place


@pytest.fixture
def press(pressed: Place, tmp_path: Path) -> Place:
    """The same, of this test's own."""
    return pressed.copy(tmp_path)


@pytest.fixture
def browser(press: Place) -> Iterator[Browser]:
    """Who looks at its pages; no key is opened to serve them."""
    with Institution.open(press.home) as institution:
        yield Browser(app(institution, lambda: LATER))


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_each_file_is_served_byte_for_byte_as_what_it_is(
    browser: Browser, press: Place, name: str
) -> None:
    response = browser.get(f"{ROOT}/{name}")
    assert response.status_code == 200
    assert response.content == (press.home / "published" / name).read_bytes()
    assert response.headers["content-type"] == MEDIA_TYPES[name]
    assert response.headers["cache-control"] == "public, max-age=60"
    assert browser.head(f"{ROOT}/{name}").status_code == 200
    assert browser.post(f"{ROOT}/{name}").status_code == 405


def test_a_verifier_reads_what_is_served(browser: Browser, press: Place) -> None:
    with Institution.open(press.home) as institution:
        manifest = institution.manifest
    snapshot = Snapshot.parse(browser.get(f"{ROOT}/snapshot.json").content, manifest)
    token = browser.get(f"{ROOT}/status/1.jwt").content
    reasons = browser.get(f"{ROOT}/reasons.jws").content
    snapshot.check_list(1, token)
    snapshot.check_reasons(reasons)
    (index,) = parse_status_list(token, manifest).indices((REVOKED,))
    assert [entry.place for entry in Reasons.parse(reasons, manifest).entries] == [(1, index)]


def test_the_files_are_those_that_a_certificate_names(press: Place, browser: Browser) -> None:
    with press.open() as institution:
        document = issue_one(institution, learner_id="s-9").bundle
        url = institution.url
    status = _status_credential(document.document)
    assert status == f"{url}{ROOT}/status/1"
    assert browser.get(status.removeprefix(url)).status_code == 200


def _status_credential(document: str) -> str:
    from signedcert.core.encoding import parse_json  # noqa: PLC0415 - for this one alone
    from signedcert.core.jws import CompactJWS  # noqa: PLC0415

    payload = parse_json(CompactJWS.parse(document.encode()).payload, 10**6)
    found: str = payload["credentialStatus"]["statusListCredential"]
    return found


def test_what_is_published_anew_is_served_at_once(browser: Browser, press: Place) -> None:
    before = browser.get(f"{ROOT}/snapshot.json").content
    with press.open() as institution:
        institution.publish(at=LATER)
    assert browser.get(f"{ROOT}/snapshot.json").content != before


@pytest.mark.parametrize("name", MEDIA_TYPES)
def test_before_anything_is_published_nothing_is_there(reader: Browser, name: str) -> None:
    assert reader.get(f"{ROOT}/{name}").status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        "",
        "snapshot",
        "Snapshot.json",
        "snapshot.json/",
        "status",
        "status/",
        "status/0",
        "status/01",
        "status/+1",
        "status/1.json",
        "status/1.jwt.jwt",
        "status/1%3Fx",
        "status/1%23x",
        "status/1%20",
        "status/1%0A",
        "status/1%00",
        "status/%D9%A1",
        "status/2",
        "status/99999",
        "status/..",
        "status/%2e%2e",
        "status/..%2fsnapshot.json",
        "status/..%2f..%2fsignedcert.toml",
        "status/%2e%2e%2f%2e%2e%2fregistry.sqlite",
        "status/..%5c..%5csignedcert.toml",
        "status//etc/passwd",
        "status/%2fetc%2fpasswd",
        "..%2fsignedcert.toml",
        "../../signedcert.toml",
        "../signedcert.toml",
        "%2e%2e/signedcert.toml",
        ".lock",
        ".new/0",
        "keys/issue.key",
        "signedcert.toml",
        "registry.sqlite",
    ],
)
def test_no_other_name_leads_anywhere(browser: Browser, name: str) -> None:
    response = browser.get(f"{ROOT}/{name}", follow_redirects=False)
    assert response.status_code == 404
    assert b"sqlite" not in response.content


def test_not_one_file_of_the_home_is_served_but_what_was_published(
    browser: Browser, press: Place
) -> None:
    served = {f"published/{name}" for name in MEDIA_TYPES}
    files = [path for path in press.home.rglob("*") if path.is_file()]
    names = {path.relative_to(press.home).as_posix() for path in files}
    assert len(names - served) >= 5
    assert served < names
    for name in names:
        for prefix in (ROOT, f"{ROOT}/status", "/.well-known", ""):
            for up in ("", "../", "..%2f", "..%2f..%2f"):
                path = f"{prefix}/{up}{name}"
                response = browser.get(path, follow_redirects=False)
                if response.status_code == 200 and "manifests/" not in name:
                    assert response.content != (press.home / name).read_bytes(), path
