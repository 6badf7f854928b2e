"""``verify`` of PDFs, PNGs and SVGs, of folders of them, and of pictures of papers."""

import csv
import io
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from signedcert.carriers.bundle import Bundle
from tests.carriers import pictures, rawpdf
from tests.cli.running import Done, spawn
from tests.reference import AT

Run = Callable[..., Done]
AUTHENTIC, UNDECIDED, UNREADABLE = 0, 4, 5


@pytest.fixture
def trusted(desk: Path) -> tuple[object, ...]:
    """Options of somebody who trusts the institution, in August 2026."""
    return ("--trust", desk / "trust", "--at", AT.isoformat())


@pytest.fixture
def verify(run: Callable[..., Done], trusted: tuple[object, ...]) -> Run:
    """The command, with those options."""
    return lambda *arguments: run("verify", *arguments, *trusted)


@pytest.fixture
def maria(desk: Path) -> Bundle:
    return Bundle.read(desk / "s-1.signedcert")


@pytest.fixture
def inbox(desk: Path, maria: Bundle, tmp_path: Path) -> Path:
    """One certificate in each carrier, another one, and what a mail may bring along."""
    folder = tmp_path / "inbox"
    (folder / "deeper").mkdir(parents=True)
    (folder / "a.PDF").write_bytes(rawpdf.pdf(rawpdf.objects(maria.encode())))
    (folder / "b.png").write_bytes(pictures.honest_png(maria))
    (folder / "deeper" / "c.svg").write_bytes(pictures.honest_svg(maria))
    (folder / "deeper" / "d.pdf").write_bytes(b"%PDF-1.7\n")
    (folder / "deeper" / "e.png").write_bytes(pictures.png())
    (folder / "photo.jpg").write_bytes(b"not looked at")
    shutil.copy(desk / "s-2.signedcert", folder / "other.signedcert")
    return folder


VERDICTS = {
    "a.PDF": "authentic",
    "b.png": "authentic",
    "other.signedcert": "authentic",
    "c.svg": "authentic",
    "d.pdf": "unreadable",
    "e.png": "unreadable",
}


def test_a_folder_of_carriers_is_verified(verify: Run, inbox: Path, tmp_path: Path) -> None:
    report = tmp_path / "report.csv"
    done = verify(inbox, "--csv", report)
    assert done.status == UNREADABLE
    with report.open(encoding="utf-8", newline="") as file:
        lines = {Path(line["file"]).name: line for line in csv.DictReader(file)}
    assert {name: line["verdict"] for name, line in lines.items()} == VERDICTS
    same = [{**lines[name], "file": ""} for name in ("a.PDF", "b.png", "c.svg")]
    assert same[0] == same[1] == same[2]
    assert same[0]["learner"] == "María-José Nguyễn"
    assert lines["d.pdf"]["detail"] == "carrier-damaged"


@pytest.mark.parametrize("name", ["b.png", "deeper/c.svg"])
def test_a_picture_is_told_of_as_its_bundle_is(
    verify: Run, desk: Path, inbox: Path, name: str
) -> None:
    for form in ((), ("--verbose",), ("--json",)):
        plain = verify(desk / "s-1.signedcert", *form)
        carried = verify(inbox / name, *form)
        assert carried.status == plain.status == AUTHENTIC
        assert carried.out.replace(str(inbox / name), "") == plain.out.replace(
            str(desk / "s-1.signedcert"), ""
        )


@pytest.mark.parametrize("name", ["a.PDF", "b.png", "deeper/c.svg"])
def test_each_carrier_has_the_verdict_of_its_bundle(
    verify: Run, desk: Path, inbox: Path, name: str
) -> None:
    plain, carried = (
        verify(path, "--json").json["results"][0]
        for path in (desk / "s-1.signedcert", inbox / name)
    )
    for member in ("verdict", "reason", "code", "certificate"):
        assert carried[member] == plain[member]


@pytest.mark.parametrize("name", ["a.PDF", "b.png", "deeper/c.svg"])
def test_a_carrier_may_have_any_name_or_none(
    verify: Run,
    inbox: Path,
    tmp_path: Path,
    name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = (inbox / name).read_bytes()
    (tmp_path / "document").write_bytes(data)
    assert verify(tmp_path / "document").status == AUTHENTIC
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    done = verify("-")
    assert done.status == AUTHENTIC
    assert "standard input" in done.out


def test_a_large_pdf_comes_in_by_standard_input(maria: Bundle, trusted: tuple[object, ...]) -> None:
    objects = rawpdf.objects(maria.encode()) | {6: rawpdf.stream(bytes(3 * 2**20))}
    assert spawn("verify", "-", *trusted, stdin=rawpdf.pdf(objects)).status == AUTHENTIC


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plain.pdf", "printed, scanned or converted, ask for the file as the institution sent it"),
        ("secret.pdf", "encrypted or protected by a password"),
        ("cut.pdf", "damaged or was cut off"),
    ],
)
def test_a_refusal_says_what_it_is_and_what_to_do(
    verify: Run, maria: Bundle, tmp_path: Path, name: str, words: str
) -> None:
    whole = rawpdf.objects(maria.encode())
    data = {
        "plain.pdf": rawpdf.pdf(rawpdf.objects(b"", catalog=b"<</Pages 4 0 R>>")),
        "secret.pdf": rawpdf.pdf(whole, b"/Encrypt 2 0 R"),
        "cut.pdf": rawpdf.pdf(whole)[:-40],
    }[name]
    (tmp_path / name).write_bytes(data)
    done = verify(tmp_path / name)
    assert done.status == UNREADABLE
    assert "? UNREADABLE" in done.out
    assert words in done.out


# pictures


@pytest.fixture
def photo(tmp_path: Path) -> Callable[..., Path]:
    """Makes a photo of a paper with this text in its QR code."""
    pytest.importorskip("PIL", reason="needs the extra scan")
    pytest.importorskip("zxingcpp", reason="needs the extra scan")
    from tests.carriers.photos import paper, written  # noqa: PLC0415 - needs the extra too

    def make(*texts: str, name: str = "photo.jpg") -> Path:
        path = tmp_path / name
        path.write_bytes(written(paper(*texts), "PNG" if name.endswith("png") else "JPEG"))
        return path

    return make


def url(bundle: Bundle, host: str = "learn.example.edu") -> str:
    return f"HTTPS://{host.upper()}/VERIFY/{bundle.code}"


def test_a_photo_alone_is_undecided_and_says_where_to_look(
    verify: Run, maria: Bundle, photo: Callable[..., Path]
) -> None:
    path = photo(url(maria))
    done = verify(path)
    assert done.status == UNDECIDED
    assert f"{maria.code} (https://learn.example.edu/verify/{maria.code})" in done.out
    assert "Open the verify URL that the paper bears" in done.out
    result = verify(path, "--json").json["results"][0]
    assert (result["verdict"], result["reason"]) == ("undecided", "document-missing")
    assert result["paper"]["file"] is None
    assert result["paper"]["url"].endswith(str(maria.code))
    assert result["code"] == str(maria.code)


@pytest.mark.parametrize("name", ["photo.jpg", "photo.png"])
def test_a_photo_is_tied_to_the_file_that_has_its_code(
    verify: Run,
    inbox: Path,
    maria: Bundle,
    photo: Callable[..., Path],
    name: str,
) -> None:
    path = photo(url(maria), name=name)
    for files in ([path, inbox], [inbox, path]):
        done = verify(*files)
        assert done.status == UNREADABLE  # of what else is in the inbox
        assert f"✓ AUTHENTIC  {inbox / 'a.PDF'}, whose code is on {path}"[:200] in done.out
        assert f"✓ AUTHENTIC  {path}" not in done.out  # the paper may say what it likes
        assert "Nothing else on it was compared" in done.out
    results = verify(path, inbox / "a.PDF", "--json").json["results"]
    paper = next(one for one in results if "paper" in one)
    assert (paper["file"], paper["verdict"]) == (str(path), "authentic")
    assert paper["paper"]["file"] == str(inbox / "a.PDF")
    assert paper["checks"][8]["outcome"] == "passed"
    assert paper["certificate"]["learner"] == "María-José Nguyễn"


def test_a_photo_is_not_tied_to_the_file_of_another(
    verify: Run, desk: Path, maria: Bundle, photo: Callable[..., Path]
) -> None:
    done = verify(photo(url(maria)), desk / "s-2.signedcert")
    assert done.status == UNDECIDED
    assert "which is the code of none of these files" in done.out


def test_a_photo_whose_url_leads_elsewhere_is_not_authentic(
    verify: Run, desk: Path, maria: Bundle, photo: Callable[..., Path]
) -> None:
    path = photo(url(maria, "evil.example"))
    results = verify(path, desk / "s-1.signedcert", "--json").json["results"]
    assert [one["verdict"] for one in results] == ["authentic", "not authentic"]
    assert results[1]["reason"] == "printed-text-differs"
    assert results[1]["checks"][8]["detail"] == "qr-host"


def test_a_code_that_was_typed_goes_before_the_one_on_the_photo(
    verify: Run, desk: Path, maria: Bundle, photo: Callable[..., Path]
) -> None:
    other = Bundle.read(desk / "s-2.signedcert").code
    files = (photo(url(maria)), desk / "s-1.signedcert")
    results = verify(*files, "--code", other, "--json").json["results"]
    assert [one["reason"] for one in results] == ["code-mismatch"] * 2


@pytest.mark.parametrize(
    ("texts", "detail"),
    [((), "qr-missing"), (("WIFI:S:campus;;",), "qr-foreign"), (("one", "two"), "qr-foreign")],
)
def test_a_photo_without_a_verify_url_is_unreadable(
    verify: Run,
    photo: Callable[..., Path],
    texts: tuple[str, ...],
    detail: str,
) -> None:
    done = verify(photo(*texts), "--json")
    assert done.status == UNREADABLE
    result = done.json["results"][0]
    assert (result["reason"], result["checks"][0]["detail"]) == ("no-document", detail)


def test_without_its_packages_a_photo_says_what_to_install(
    verify: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "zxingcpp", None)
    (tmp_path / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    done = verify(tmp_path / "photo.jpg")
    assert done.status == UNREADABLE
    assert "extra-missing" in done.out
    assert "pip install 'signedcert[scan]'" in done.out


def test_photos_are_in_a_report_as_well(
    verify: Run,
    inbox: Path,
    maria: Bundle,
    photo: Callable[..., Path],
    tmp_path: Path,
) -> None:
    report = tmp_path / "report.csv"
    verify(photo(url(maria)), inbox, "--csv", report)
    with report.open(encoding="utf-8", newline="") as file:
        *_, last = csv.DictReader(file)
    assert (last["file"], last["verdict"]) == (str(tmp_path / "photo.jpg"), "authentic")
    assert last["code"] == str(maria.code)


def test_a_photo_goes_through_other_processes_too(
    verify: Run,
    inbox: Path,
    maria: Bundle,
    photo: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("signedcert.cli.checking.BATCH", 1)
    path = photo(url(maria))
    one, two = (verify(path, inbox, "--json", "--jobs", jobs).json for jobs in (1, 2))
    assert json.dumps(one) == json.dumps(two)
    assert one["results"][-1]["verdict"] == "authentic"
