"""``present``: a file that shows a part of a record."""

from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.trust.store import TrustStore
from signedcert.verify.verifier import Verifier
from tests.cli.office import LEARNER, Office
from tests.cli.running import Done
from tests.institution.homes import LATER
from tests.reference import results

Run = Callable[..., Done]


def shown(path: Path, office: Office) -> tuple[str | None, list[int]]:
    """The name and the numbers of the results that a file shows, which has to be authentic."""
    verifier = Verifier(TrustStore.read(office.trust))
    verified = verifier.verify_record(Bundle.read(path), at=LATER)
    numbers = [number for number, one in enumerate(verified.results, 1) if one.shown]
    expected = [
        one if number in numbers else one.withheld() for number, one in enumerate(results(), 1)
    ]
    assert list(verified.results) == expected
    return verified.learner, numbers


def test_a_part_is_written_beside_the_record(run: Run, office: Office) -> None:
    before = office.record.read_bytes()
    done = run("present", office.record, "--result", "final score", "--result", "quiz")
    target = office.record.with_name("record-part.signedcert")
    assert (done.status, done.err) == (0, "")
    assert done.out == (
        f"{target}: shows 7 of 15 results. Not shown: practice problems, final exam.\n".replace(
            "practice problems,", "practice problems (7 of 7),"
        )
    )
    assert shown(target, office) == (LEARNER, [1, 2, 3, 4, 5, 6, 15])
    assert office.record.read_bytes() == before
    assert Bundle.read(target).code == Bundle.read(office.record).code
    assert Bundle.read(target).course == Bundle.read(office.record).course


def test_name_and_place_may_be_chosen_and_are_told_in_json(
    run: Run, office: Office, tmp_path: Path
) -> None:
    target = tmp_path / "for acme"
    done = run(
        "present", office.record, "--result", 15, "--without-name", "--out", target, "--json"
    )
    assert (done.status, done.err) == (0, "")
    assert done.json == {"file": str(target), "results": [15], "with_name": False}
    assert shown(target, office) == (None, [15])
    assert LEARNER.encode() not in target.read_bytes()


def test_without_a_choice_it_is_the_whole_record(run: Run, office: Office) -> None:
    done = run("present", office.record)
    target = office.record.with_name("record-part.signedcert")
    assert done.out == f"{target}: shows the whole record.\n"
    assert target.read_bytes() == office.record.read_bytes()


def test_a_bare_sd_jwt_is_a_record_too(run: Run, office: Office, tmp_path: Path) -> None:
    bare = tmp_path / "record.txt"
    bare.write_text(Bundle.read(office.record).document, encoding="ascii")
    assert run("present", bare, "--result", 1).status == 0
    assert shown(tmp_path / "record-part.signedcert", office) == (LEARNER, [1])


# of a part


@pytest.fixture
def part(run: Run, office: Office) -> Path:
    """Shows the quizzes and the final score, and no name."""
    path = office.directory / "part.signedcert"
    options = ["--result", "quiz", "--result", 15, "--without-name", "--out", path]
    assert run("present", office.record, *options).status == 0
    return path


def test_of_a_part_the_smaller_part_is_made(run: Run, office: Office, part: Path) -> None:
    done = run("present", part, "--result", 2, "--without-name")
    target = part.with_name("part-part.signedcert")
    assert done.out.startswith(f"{target}: shows 1 of 15 results and no name. Not shown: ")
    assert shown(target, office) == (None, [2])


def test_of_a_part_all_is_all_that_it_shows(run: Run, office: Office, part: Path) -> None:
    done = run("present", part, "--without-name", "--json")
    assert done.json["results"] == [1, 2, 3, 4, 5, 6, 15]
    assert shown(Path(done.json["file"]), office) == (None, [1, 2, 3, 4, 5, 6, 15])


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--result", "7", "--without-name"], "this record shows no result 7"),
        (["--result", "final exam", "--without-name"], "this record shows no result 14"),
        (["--result", "1", "--with-name"], "this record shows no name"),
    ],
)
def test_what_a_part_does_not_show_cannot_be_shown_on(
    run: Run, part: Path, options: list[str], named: str
) -> None:
    done = run("present", part, *options)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: results: {named}")
    assert done.err.endswith("[result-unknown]\n")
    assert not part.with_name("part-part.signedcert").exists()


# errors


@pytest.mark.parametrize("wanted", ["", "0", "16", "essay"])
def test_an_unknown_result_is_refused_with_a_list_of_all(
    run: Run, office: Office, wanted: str
) -> None:
    done = run("present", office.record, "--result", wanted)
    assert (done.status, done.out) == (1, "")
    assert "which has: 1 quiz: Week 1; 2 quiz: Week 2; " in done.err
    assert done.err.endswith("; 14 final exam; 15 final score [result-unknown]\n")
    assert not office.record.with_name("record-part.signedcert").exists()


def test_a_certificate_is_no_record(run: Run, office: Office) -> None:
    done = run("present", office.certificate)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {office.certificate}: this is no course record: ")
    assert done.err.endswith("[not-sd-jwt]\n")
    as_json = run("present", office.certificate, "--json")
    assert as_json.json["error"]["where"] == str(office.certificate)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "no-document"),
        (b"Dear registrar", "no-document"),
        (b'{"version":1,"document":"x"}', "not-sd-jwt"),
        (b'{"version":2,"document":"x"}', "wrong-value"),
        (b'{"version":1,"document":"x~"}', "not-three-parts"),
        (b"\xff" * 2_000_000, "no-document"),
        (b'{"version":' + b" " * 2_000_000 + b"1}", "too-large"),
        (b"eyJ.eyJ.x~y~", "base64-length"),
    ],
)
def test_what_is_no_record_is_refused(run: Run, tmp_path: Path, data: bytes, reason: str) -> None:
    path = tmp_path / "letter.txt"
    path.write_bytes(data)
    done = run("present", path)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"error: {path}")
    assert done.err.endswith(f"[{reason}]\n")
    assert [one.name for one in tmp_path.iterdir() if one.is_file()] == ["letter.txt"]


@pytest.mark.parametrize("name", ["missing.signedcert", "."])
def test_a_file_that_cannot_be_read_is_wrong_use(run: Run, tmp_path: Path, name: str) -> None:
    done = run("present", tmp_path / name)
    assert (done.status, done.out) == (2, "")
    assert done.err.startswith(f"error: {tmp_path / name}: ")
    assert done.err.endswith("[unreadable-file]\n")


def test_a_record_without_a_file_is_wrong_use(run: Run) -> None:
    done = run("present")
    assert done.status == 2
    assert "RECORD" in done.err


def test_a_target_that_cannot_be_written_is_told(run: Run, office: Office, tmp_path: Path) -> None:
    for target in (tmp_path / "missing" / "part.signedcert", office.certificate / "part"):
        done = run("present", office.record, "--out", target)
        assert (done.status, done.out) == (2, "")
        assert str(target.parent) in done.err
        assert done.err.endswith("[file]\n")
    done = run("present", office.record, "--out", tmp_path)
    assert (done.status, done.out) == (2, "")
    assert done.err.endswith("[usage]\n")


def test_a_part_does_not_take_the_place_of_its_record(run: Run, office: Office) -> None:
    before = office.record.read_bytes()
    link = office.directory / "link.signedcert"
    link.hardlink_to(office.record)
    for target in (office.record, link):
        done = run("present", office.record, "--result", 1, "--out", target)
        assert (done.status, done.out) == (2, "")
        assert "choose another --out" in done.err
    assert office.record.read_bytes() == before
