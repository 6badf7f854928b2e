"""An institution, opened: what it reads, what it refuses, and when it asks for the passphrase."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from signedcert.core.code import VerificationCode
from signedcert.core.jws import GeneralJWS
from signedcert.custody.ceremony import sign_manifest
from signedcert.custody.keyfile import write_key_file
from signedcert.custody.private import PrivateKey
from signedcert.documents.course import Course
from signedcert.errors import (
    ConfigurationError,
    IssueError,
    MalformedError,
    Reason,
    RejectedError,
    SignedCertError,
    UndecidedError,
)
from signedcert.institution import Institution
from signedcert.issue.results import IssuedRow
from signedcert.issue.roster import RosterRow
from signedcert.registry.registry import REVISION
from signedcert.verify.policy import Policy
from tests.core.refusal import refused
from tests.institution.homes import (
    COMPLETED,
    LATER,
    NOW,
    PASSPHRASE,
    URL,
    Place,
    another_course,
    certificate,
    declare,
    entry,
    issue_one,
    newer,
    publish,
    root_keys,
)
from tests.reference import course as reference_course

NAIVE = datetime(2026, 7, 1)  # noqa: DTZ001 - that is the point


# opening


def test_a_directory_without_settings_is_no_home(tmp_path: Path) -> None:
    for directory in (tmp_path, tmp_path / "missing"):
        with refused("home-missing", str(directory), ConfigurationError):
            Institution.open(directory)
        with refused("home-missing", str(directory), ConfigurationError):
            Institution.migrate(directory)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ("version = 1\nsigner = 'file:x'\n", "registry"),
        ("version = 1\nregistry = 'sqlite:///x'\n", "signer"),
        ("signer = 'file:x'\nregistry = 'sqlite:///x'\n", "version"),
        ("version = 2\nsigner = 'file:x'\nregistry = 'sqlite:///x'\n", "version"),
        ("version = true\nsigner = 'file:x'\nregistry = 'sqlite:///x'\n", "version"),
        ("version = 1\nsigner = 1\nregistry = 'sqlite:///x'\n", "signer"),
        ("version = 1\nsigner = 'file:x'\nregistry = 'sqlite:///x'\ncolour = 'red'\n", "colour"),
        ("version = 1\nversion = 1\n", ""),
        ("version", ""),
        ("", "version"),
        ("x = '" + "y" * 9_000 + "'", "larger than"),
        ("version = 1\nsigner = 'file:x'\nregistry = \"sqlite:///x\\u0000\"\n", "registry"),
        ("version = 1\nsigner = \"file:\\u0000\"\nregistry = 'sqlite:///x'\n", "signer"),
        ("version = " + "9" * 5_000, ""),
        ("version = " + "[" * 5_000, ""),
        (b"\xff\xfe", ""),
        (b"\x00", ""),
    ],
)
def test_settings_that_do_not_fit_are_refused_by_name(
    place: Place, settings: str | bytes, named: str
) -> None:
    path = place.home / "signedcert.toml"
    path.write_bytes(settings.encode() if isinstance(settings, str) else settings)
    with pytest.raises(ConfigurationError) as caught:
        Institution.open(place.home)
    assert caught.value.reason == "setting-invalid"
    assert caught.value.where.startswith(str(path))
    assert named in str(caught.value)


@pytest.mark.parametrize("name", ["2.json", "0.json", "01.json", "one.json", "1 copy.json"])
def test_a_manifest_under_another_name_is_refused(place: Place, name: str) -> None:
    directory = place.home / "manifests"
    shutil.move(directory / "1.json", directory / name)
    with refused("setting-invalid", str(directory), ConfigurationError):
        Institution.open(place.home)


def test_a_home_without_manifests_is_refused(place: Place) -> None:
    (place.home / "manifests" / "1.json").unlink()
    with refused("setting-invalid", str(place.home / "manifests"), ConfigurationError):
        Institution.open(place.home)


def test_a_manifest_that_says_another_version_than_its_name_is_refused(place: Place) -> None:
    directory = place.home / "manifests"
    shutil.copy(directory / "1.json", directory / "2.json")
    with refused("setting-invalid", str(directory), ConfigurationError):
        Institution.open(place.home)
    (directory / "2.json").unlink()
    with place.open() as institution:
        publish(place, institution.manifest)
    shutil.move(directory / "2.json", directory / "1.json")
    with refused("setting-invalid", str(directory), ConfigurationError):
        Institution.open(place.home)


def edited(data: bytes) -> bytes:
    """A manifest with another name of the institution in it, signatures kept."""
    jws = GeneralJWS.parse(data)
    payload = json.loads(jws.payload)
    payload["name"] = "Mallory University"
    forged = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
    return GeneralJWS(forged, jws.signatures).encode()


def halved(data: bytes) -> bytes:
    """A manifest without the signature of the post-quantum root key."""
    jws = GeneralJWS.parse(data)
    return GeneralJWS(jws.payload, jws.signatures[:1]).encode()


@pytest.mark.parametrize(
    ("tamper", "kind"),
    [
        (lambda _: b"", MalformedError),
        (lambda data: data[:-1], MalformedError),
        (halved, RejectedError),
        (edited, RejectedError),
        (lambda _: b"x" * 10**7, MalformedError),
    ],
    ids=["empty", "cut", "half of the signatures", "edited", "huge"],
)
def test_a_tampered_manifest_is_refused(
    place: Place, tamper: Callable[[bytes], bytes], kind: type[SignedCertError]
) -> None:
    path = place.home / "manifests" / "1.json"
    path.write_bytes(tamper(path.read_bytes()))
    with pytest.raises(SignedCertError) as caught:
        Institution.open(place.home)
    assert type(caught.value) is kind


def test_a_manifest_that_breaks_the_chain_is_refused(place: Place) -> None:
    with Institution.open(place.home) as institution:
        manifest = institution.manifest
    publish(place, replace(manifest, keys=()))
    with refused("manifest-key-missing"):
        Institution.open(place.home)


def test_a_manifest_signed_by_strangers_is_refused(place: Place) -> None:
    with Institution.open(place.home) as institution:
        manifest = replace(institution.manifest, version=2)
    strangers = [PrivateKey.generate("ES256"), PrivateKey.generate("ML-DSA-65")]
    signed = sign_manifest(manifest, strangers)
    (place.home / "manifests" / "2.json").write_bytes(signed.jws.encode())
    with refused("key-not-authorised", kind=RejectedError):
        Institution.open(place.home)


def test_later_manifests_are_read_in_the_order_of_their_numbers(place: Place) -> None:
    with Institution.open(place.home) as institution:
        pin, manifest = institution.pin, institution.manifest
    for _ in range(10):
        manifest = publish(place, manifest)
    with Institution.open(place.home) as institution:
        assert institution.manifest == manifest
        assert institution.manifest.version == len(institution.manifests) == 11
        assert institution.pin == pin


def test_a_home_may_be_moved(place: Place, tmp_path: Path) -> None:
    with place.open() as institution:
        issued = issue_one(institution)
    moved = Place(tmp_path / "elsewhere" / "50 %41 #?", place.root)
    moved.home.parent.mkdir()
    place.home.rename(moved.home)
    with moved.open() as institution:
        assert institution.find(issued.code) == issued.bundle
        assert issue_one(institution).code == issued.code
        assert issue_one(institution, learner_id="s-2").again is False


@pytest.mark.parametrize(
    "url", ["postgres", "sqlite:/x", "unheard-of://localhost/registry", "sqlite:////nowhere/x"]
)
def test_a_registry_setting_that_leads_nowhere_is_refused(place: Place, url: str) -> None:
    path = place.home / "signedcert.toml"
    text = path.read_text("utf-8").replace("sqlite:///registry.sqlite", url)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        Institution.open(place.home)
    assert caught.value.reason in ("setting-invalid", "registry-missing")


def test_a_registry_may_be_somewhere_else_than_in_the_home(place: Place, tmp_path: Path) -> None:
    path = place.home / "signedcert.toml"
    elsewhere = tmp_path / "data.sqlite"
    shutil.move(place.home / "registry.sqlite", elsewhere)
    text = path.read_text("utf-8").replace("sqlite:///registry.sqlite", f"sqlite:///{elsewhere}")
    path.write_text(text, encoding="utf-8")
    with place.open() as institution:
        assert [course.id for course in institution.courses()] == [
            another_course().id,
            reference_course().id,
        ]


def test_migrating_a_home_brings_its_registry_to_this_release(place: Place) -> None:
    (place.home / "registry.sqlite").write_bytes(b"")
    with refused("registry-version", kind=ConfigurationError):
        Institution.open(place.home)
    assert Institution.migrate(place.home) == (None, REVISION)
    assert Institution.migrate(place.home) == (REVISION, REVISION)
    with Institution.open(place.home) as institution:
        assert institution.count() == 0


def test_a_registry_that_is_lost_is_not_replaced_by_an_empty_one(place: Place) -> None:
    file = place.home / "registry.sqlite"
    file.unlink()
    for attempt in (Institution.open, Institution.migrate):
        with refused("registry-missing", str(file.resolve()), ConfigurationError):
            attempt(place.home)
    assert not file.exists()


# the passphrase


def test_reading_never_asks_for_the_passphrase(place: Place) -> None:
    with place.open() as institution:
        issued = issue_one(institution)

    def ask() -> str:
        pytest.fail("asked for the passphrase")

    with Institution.open(place.home, ask) as institution:
        assert institution.find(issued.code) is not None
        verified = institution.verifier().verify(issued.bundle, at=LATER)
        assert verified.code == issued.code
        assert len(institution.courses()) == 2
        institution.add_course(newer(reference_course()), at=NOW)
        assert institution.count() == 1


def test_the_passphrase_is_asked_for_once(place: Place) -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        return PASSPHRASE

    with Institution.open(place.home, ask) as institution:
        assert asked == []
        issue_one(institution)
        issue_one(institution, learner_id="s-2")
        list(institution.issue_rows([], at=NOW))
    assert asked == [1]


def test_a_passphrase_in_another_unicode_form_is_the_same(place: Place) -> None:
    with Institution.open(place.home, PASSPHRASE.replace("ö", "o\u0308")) as institution:
        assert issue_one(institution).again is False


def test_a_wrong_passphrase_issues_nothing(place: Place) -> None:
    with Institution.open(place.home, "correct horse") as institution:
        with refused("passphrase-wrong", kind=ConfigurationError):
            issue_one(institution)
        assert institution.count() == 0


def test_issuing_without_a_passphrase_is_refused(place: Place) -> None:
    with Institution.open(place.home) as institution:
        with refused("passphrase-missing", kind=ConfigurationError):
            issue_one(institution)
        assert institution.count() == 0


def test_a_key_that_the_manifest_does_not_have_is_not_used(place: Place) -> None:
    (file,) = (place.home / "keys").glob("issue-*")
    file.unlink()
    write_key_file(file, PrivateKey.generate("ES256"), PASSPHRASE)
    with place.open() as institution:
        with refused("key-file", f"file:keys/{file.name}", ConfigurationError):
            issue_one(institution)
        assert institution.count() == 0


@pytest.mark.parametrize("state", ["retired", "compromised", "void"])
def test_a_key_that_is_no_longer_active_does_not_issue(place: Place, state: str) -> None:
    with Institution.open(place.home) as institution:
        manifest = institution.manifest
    declare(place, manifest, state)  # type: ignore[arg-type]
    with place.open() as institution, refused("key-file", kind=ConfigurationError):
        issue_one(institution)


def test_a_missing_key_file_is_named(place: Place) -> None:
    (file,) = (place.home / "keys").glob("issue-*")
    file.unlink()
    with place.open() as institution, refused("key-file", str(file), ConfigurationError):
        issue_one(institution)


def test_an_unknown_kind_of_signer_is_named(place: Place) -> None:
    path = place.home / "signedcert.toml"
    text = path.read_text("utf-8").replace("file:keys/", "floppy:keys/")
    path.write_text(text, encoding="utf-8")
    with place.open() as institution, pytest.raises(ConfigurationError, match="floppy") as caught:
        issue_one(institution)
    assert caught.value.reason == "signer-unknown"


# courses


def test_the_catalogue_has_the_newest_versions(university: Institution) -> None:
    second = university.add_course(newer(reference_course(), title="Operations II"), at=NOW)
    assert [(one.id, one.version) for one in university.courses()] == [
        ("art-of-memory", 1),
        (reference_course().id, 2),
    ]
    found = university.course(second.id)
    assert found is not None
    assert (found.text, found.digest) == (second.text, second.digest)
    first = university.course(second.id, 1)
    assert first is not None
    assert first.text == reference_course().text
    assert university.course(second.id, 3) is None
    assert university.course("alchemy") is None


def test_a_published_course_is_not_changed(university: Institution) -> None:
    respelled = Course.parse(reference_course().text.encode() + b"\n")
    with refused("course-exists", kind=IssueError):
        university.add_course(respelled, at=NOW)
    assert university.add_course(reference_course(), at=NOW) == reference_course()


def test_a_moment_without_a_time_zone_is_refused_everywhere(university: Institution) -> None:
    calls: list[Callable[[], object]] = [
        lambda: university.add_course(newer(reference_course()), at=NAIVE),
        lambda: university.issue(certificate(), learner_id="s-1", run="2026", at=NAIVE),
        lambda: list(university.issue_rows([roster_row()], at=NAIVE)),
    ]
    for call in calls:
        with refused("time-naive", kind=ConfigurationError):
            call()
    assert university.count() == 0
    assert university.course(reference_course().id, 2) is None


# certificates


def roster_row(learner_id: str = "s-1") -> RosterRow:
    """A row for the reference course."""
    return RosterRow(2, learner_id, "Ada", reference_course().id, "2026", COMPLETED, None, False)  # noqa: FBT003


def test_an_issued_certificate_is_found_by_its_code(university: Institution) -> None:
    issued = issue_one(university)
    assert university.find(issued.code) == issued.bundle
    assert university.find(VerificationCode("NSPQ8W1BBCGXGRPY7QQP")) is None


def test_a_certificate_keeps_the_course_document_that_it_was_issued_with(
    university: Institution,
) -> None:
    issued = issue_one(university)
    university.add_course(newer(reference_course()), at=NOW)
    found = university.find(issued.code)
    assert found is not None
    assert found.course == reference_course().text
    verified = university.verifier().verify(found, at=LATER)
    assert (verified.course.version, verified.course.text) == (1, reference_course().text)


def test_an_older_published_version_of_a_course_may_still_be_issued(
    university: Institution,
) -> None:
    university.add_course(newer(reference_course()), at=NOW)
    issued = issue_one(university)
    assert university.verifier().verify(issued.bundle, at=LATER).course.version == 1


@pytest.mark.parametrize("changes", [{"id": "alchemy"}, {"version": 3}, {"title": "Alchemy"}])
def test_a_course_is_issued_only_as_it_is_in_the_catalogue(
    university: Institution, changes: dict[str, object]
) -> None:
    course = newer(reference_course(), **({"version": 1} | changes))
    with refused("course-unknown", "course", IssueError):
        university.issue(certificate(course=course), learner_id="s-1", run="2026", at=NOW)
    assert university.count() == 0


def test_issuing_one_and_issuing_a_roster_know_of_each_other(university: Institution) -> None:
    (outcome,) = university.issue_rows([roster_row()], at=NOW)
    assert isinstance(outcome, IssuedRow)
    issued = university.issue(certificate("Ada"), learner_id="s-1", run="2026", at=NOW)
    assert (issued.code, issued.again) == (outcome.issued.code, True)


def test_a_name_that_looks_like_a_placeholder_has_to_be_confirmed(
    university: Institution,
) -> None:
    def issue(*, confirmed: bool) -> str:
        issued = university.issue(
            certificate("Null"), learner_id="s-1", run="2026", at=NOW, name_confirmed=confirmed
        )
        return university.verifier().verify(issued.bundle, at=LATER).learner

    with refused("name-placeholder", "name"):
        issue(confirmed=False)
    assert issue(confirmed=True) == "Null"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (None, None),
        (Policy(issuer=URL, course="operations-management", learner="maría-josé  NGUYỄN"), None),
        (Policy(issuer="https://other.example"), "policy-issuer"),
        (Policy(learner="Mallory"), "policy-learner"),
    ],
)
def test_its_verifier_trusts_it_and_keeps_to_a_policy(
    university: Institution, policy: Policy | None, reason: Reason | None
) -> None:
    issued = issue_one(university)
    assert university.verifier(policy).report(issued.bundle, at=LATER).reason == reason


def test_a_declared_theft_makes_certificates_undecided(place: Place) -> None:
    with place.open() as institution:
        issued = issue_one(institution)
        manifest = institution.manifest
    declare(place, manifest, "compromised")
    with place.open() as institution, refused("proof-missing", kind=UndecidedError):
        institution.verifier().verify(issued.bundle, at=LATER)


def test_a_new_key_beside_the_old_one_changes_nothing_for_what_was_issued(place: Place) -> None:
    with place.open() as institution:
        issued = issue_one(institution)
        manifest = institution.manifest
    publish(place, replace(manifest, keys=(*manifest.keys, entry("pre-published"))))
    with place.open() as institution:
        assert institution.verifier().verify(issued.bundle, at=LATER).code == issued.code
        assert issue_one(institution, learner_id="s-2").again is False


def test_the_root_keys_are_not_needed_to_open_issue_and_read(place: Place) -> None:
    assert len(root_keys(place)) == 2
    shutil.rmtree(place.root)
    with place.open() as institution:
        assert issue_one(institution).again is False


def test_a_course_whose_text_could_not_be_read_again_is_not_published(place: Place) -> None:
    unit = {"title": "Unit", "topics": tuple(f"Topic {i}" for i in range(200))}
    wide = reference_course().model_copy(update={"version": 2, "syllabus": (unit,) * 200})
    with place.open() as institution:
        with refused("too-large"):
            institution.add_course(wide, at=NOW)
        assert institution.course(wide.id, 2) is None
