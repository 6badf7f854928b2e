"""``render``: one certificate or a folder of any size, in one process or many, resumed."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest
from PIL import Image

from signedcert.carriers.bundle import Bundle
from signedcert.files import only_writer
from signedcert.home import Home
from signedcert.render import Renderer
from signedcert.render.many import BATCH, Counts, Printing, Task, print_many
from tests.cli.running import COMMAND, Done, spawn
from tests.institution.homes import Place
from tests.reference import World
from tests.render.certificates import BRANDING, NAMES, bundle_of, noto, taught_by
from tests.render.pages import boxes, pages, size

Run = Callable[..., Done]


@pytest.fixture
def folder(world: World, tmp_path: Path) -> Path:
    """Certificates of three learners; one of them has a letter that our font lacks."""
    inbox = tmp_path / "issued"
    (inbox / "deeper").mkdir(parents=True)
    for name, learner in (("a", "Ada"), ("b", NAMES["Tamil"]), ("deeper/c", "Zoë")):
        bundle_of(world, learner=learner).write(inbox / f"{name}.signedcert")
    return inbox


def rows(out: Path) -> list[dict[str, str]]:
    with (out / "errors.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def names(out: Path) -> set[str]:
    return {str(path.relative_to(out)) for path in out.rglob("*") if path.is_file()}


def test_a_file_becomes_a_pdf_that_carries_it(run: Run, folder: Path, tmp_path: Path) -> None:
    done = run("render", folder / "a.signedcert", "--out", tmp_path / "out")
    assert (done.status, done.out) == (0, "Made: 1 PDF. There before: 0.\n")
    reader = pypdf.PdfReader(tmp_path / "out" / "a.pdf")
    (attached,) = reader.attachment_list
    assert Bundle.parse(attached.content) == Bundle.read(folder / "a.signedcert")
    assert rows(tmp_path / "out") == []


def test_what_cannot_be_made_is_reported_and_holds_nothing_up(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "d.signedcert").write_bytes(b"Dear registrar")
    os.mkfifo(folder / "p.signedcert")
    out = tmp_path / "out"
    done = run("render", folder, "--out", out)
    assert done.status == 1
    assert f"Not made: 3; why, is in {out / 'errors.csv'}" in done.out
    assert names(out) == {"a.pdf", "deeper/c.pdf", "errors.csv"}
    assert {Path(row["file"]).name: row["reason"] for row in rows(out)} == {
        "b.signedcert": "glyph-missing",
        "d.signedcert": "no-document",
        "p.signedcert": "unreadable-file",
    }
    assert "fonts-noto-core" in rows(out)[0]["message"]


def test_with_fonts_for_them_all_are_made(run: Run, folder: Path, tmp_path: Path) -> None:
    fonts = [option for path in noto() for option in ("--fonts", path)]
    done = run("render", folder, "--out", tmp_path / "out", *fonts, "--json")
    assert done.status == 0
    assert done.json == {"made": 3, "kept": 0, "bad": 0, "directory": str(tmp_path / "out")}


@pytest.mark.parametrize("form", ["png", "svg"])
def test_other_formats(run: Run, folder: Path, tmp_path: Path, form: str) -> None:
    source = folder / "a.signedcert"
    done = run("render", source, "--out", tmp_path, "--format", form, "--ppi", 72)
    assert done.status == 0
    data = (tmp_path / f"a.{form}").read_bytes()
    assert Bundle.read(source).document.encode() in data
    if form == "png":
        with Image.open(io.BytesIO(data)) as image:
            assert image.size == (842, 595)


def test_paper_and_a_second_page(run: Run, folder: Path, tmp_path: Path) -> None:
    source = folder / "a.signedcert"
    run("render", source, "--out", tmp_path, "--paper", "letter", "--explain")
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert pages(pdf) == 2
    assert [round(one) for one in size(pdf)] == [792, 612]


# resumed


def test_what_is_there_stays(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run("render", folder, "--out", out)
    before = (out / "a.pdf").stat().st_mtime_ns
    done = run("render", folder, "--out", out, "--json")
    assert (done.json["made"], done.json["kept"], done.json["bad"]) == (0, 2, 1)
    assert (out / "a.pdf").stat().st_mtime_ns == before
    done = run("render", folder, "--out", out, "--json", "--again")
    assert (done.json["made"], done.json["kept"]) == (2, 0)


def test_what_is_older_than_its_certificate_is_made_anew(
    run: Run, folder: Path, tmp_path: Path, world: World
) -> None:
    run("render", folder, "--out", tmp_path / "out")
    time.sleep(0.02)
    bundle_of(world, learner="Augusta").write(folder / "a.signedcert")
    done = run("render", folder, "--out", tmp_path / "out", "--json")
    assert (done.json["made"], done.json["kept"]) == (1, 1)
    assert any(box.text == "Augusta" for box in boxes((tmp_path / "out" / "a.pdf").read_bytes()))


@pytest.fixture
def many(world: World, tmp_path: Path) -> Path:
    inbox = tmp_path / "many"
    inbox.mkdir()
    for number in range(12 * BATCH):
        bundle_of(world, learner=f"Learner {number}").write(inbox / f"{number:03}.signedcert")
    return inbox


def test_many_processes_make_the_same_as_one(run: Run, many: Path, tmp_path: Path) -> None:
    assert run("render", many, "--out", tmp_path / "one", "--jobs", 1).status == 0
    assert run("render", many, "--out", tmp_path / "two", "--jobs", 2).status == 0
    assert names(tmp_path / "one") == names(tmp_path / "two")
    for name in names(tmp_path / "one"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGINT])
def test_after_being_killed_it_goes_on(
    run: Run, many: Path, tmp_path: Path, sent: signal.Signals
) -> None:
    out = tmp_path / "out"
    command = [*COMMAND, "render", str(many), "--out", str(out), "--jobs", "2"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and len(list(out.glob("*.pdf"))) < 20:
        time.sleep(0.02)
    process.send_signal(sent)
    process.wait(60)
    there = len(list(out.glob("*.pdf")))
    assert 20 <= there < 12 * BATCH
    assert not (out / "errors.csv").exists()
    for path in out.glob("*.pdf"):
        assert path.read_bytes().rstrip().endswith(b"%%EOF")
    time.sleep(0.5)  # its workers end, too
    done = run("render", many, "--out", out, "--json")
    assert done.status == 0
    assert done.json["kept"] >= there
    assert done.json["made"] + done.json["kept"] == 12 * BATCH
    assert names(out) == {f"{number:03}.pdf" for number in range(12 * BATCH)} | {"errors.csv"}


def test_two_runs_do_not_write_to_one_directory(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    with only_writer(out):
        done = run("render", folder, "--out", out)
    assert done.status == 1
    assert "[results-in-use]" in done.err


def test_counts_come_as_it_goes(folder: Path, tmp_path: Path) -> None:
    with Renderer() as renderer:
        printing = Printing(renderer.plan, "pdf", tmp_path / "out")
        tasks = [Task(folder / f"{name}.signedcert", f"{name}.pdf") for name in "ab"]
        assert list(print_many(printing, tasks, 1)) == [Counts(1, 0, 0), Counts(1, 0, 1)]


# templates and homes


def test_a_template_is_copied_changed_and_used(run: Run, folder: Path, tmp_path: Path) -> None:
    template = tmp_path / "ours"
    done = run("render", "--copy-template", template)
    assert done.status == 0
    assert f"--template {template}" in done.out
    path = template / "certificate.typ"
    path.write_text(path.read_text("utf-8").replace("This is to certify", "We are glad"), "utf-8")
    done = run("render", folder / "a.signedcert", "--template", template, "--out", tmp_path)
    assert done.status == 0
    said = [box.text for box in boxes((tmp_path / "a.pdf").read_bytes())]
    assert "We are glad that" in said
    assert run("render", "--copy-template", template).status == 2


def configure(home: Path, text: str) -> None:
    with (home / "signedcert.toml").open("a", encoding="utf-8") as file:
        file.write(f"\n[render]\n{text}\n")


def test_a_home_says_how_certificates_look(
    run: Run, place: Place, world: World, tmp_path: Path
) -> None:
    source, home = tmp_path / "a.signedcert", place.home
    bundle_of(world, taught_by(2)).write(source)
    (home / "brand").mkdir()
    for name in ("logo.svg", "signature-1.svg"):
        (home / "brand" / name).write_bytes((BRANDING / name).read_bytes())
    configure(
        home,
        'logo = "brand/logo.svg"\ncolour = "#7a0019"\npaper = "letter"\n'
        '[render.signatures]\n"Karl T. Ulrich" = "brand/signature-1.svg"',
    )
    assert run("render", source, "--home", place.home, "--out", tmp_path).status == 0
    pdf = (tmp_path / "a.pdf").read_bytes()
    assert round(size(pdf)[0]) == 792
    with Home.read(home).renderer() as renderer:
        assert renderer.pdf(Bundle.read(source)) == pdf
    with Renderer(paper="letter") as plain:
        assert plain.pdf(Bundle.read(source)) != pdf
    assert (
        run(
            "render", source, "--home", place.home, "--out", tmp_path / "a4", "--paper", "a4"
        ).status
        == 0
    )
    assert round(size((tmp_path / "a4" / "a.pdf").read_bytes())[0]) == 842


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ('colour = "red"', "no colour"),
        ('logo = "nowhere.svg"', "nowhere.svg"),
        ('paper = "a5"', "render.paper"),
        ('fonts = ["keys"]', "no font in this folder"),
        ('font = "x"', "render.font"),
        ("logo = 1", "render.logo"),
    ],
)
def test_settings_that_cannot_be_used_are_named(  # noqa: PLR0917 - fixtures
    run: Run, place: Place, folder: Path, tmp_path: Path, setting: str, said: str
) -> None:
    configure(place.home, setting)
    done = run("render", folder, "--home", place.home, "--out", tmp_path / "out")
    assert done.status == 2
    assert "[setting-invalid]" in done.err
    assert said in done.err
    assert not (tmp_path / "out").exists()


# wrong use


def test_wrong_use_says_what_is_right(run: Run, folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.signedcert").write_bytes((folder / "a.signedcert").read_bytes())
    for arguments, said in (
        ((), "name FILES"),
        ((folder,), "--out"),
        ((tmp_path / "empty", "--out", tmp_path), "no .signedcert file"),
        ((folder, tmp_path / "b", "--out", tmp_path / "out"), "two of these files"),
        ((folder, "--copy-template", tmp_path / "t"), "does nothing else"),
        ((folder, "--out", tmp_path, "--fonts", tmp_path / "none"), "--fonts"),
        ((folder, "--out", tmp_path, "--paper", "a5"), "--paper"),
        ((folder, "--out", tmp_path, "--template", tmp_path / "empty"), "certificate.typ"),
    ):
        done = run("render", *arguments)
        assert done.status == 2, arguments
        assert said in done.err, arguments


def test_a_file_that_is_not_there_is_one_result(run: Run, folder: Path, tmp_path: Path) -> None:
    files = (folder / "a.signedcert", tmp_path / "none.signedcert")
    done = run("render", *files, "--out", tmp_path / "out", "--json")
    assert done.status == 1
    assert (done.json["made"], done.json["bad"]) == (1, 1)
    assert rows(tmp_path / "out")[0]["reason"] == "unreadable-file"


def test_names_that_a_spreadsheet_would_compute_are_quoted(
    run: Run, folder: Path, tmp_path: Path
) -> None:
    (folder / "a.signedcert").rename(folder / "=a.signedcert")
    (folder / "=a.signedcert").write_bytes(b"")
    os.chdir(folder)
    run("render", "=a.signedcert", "--out", tmp_path / "out")
    assert rows(tmp_path / "out")[0]["file"] == "'=a.signedcert"


def test_it_shows_how_far_it_is(many: Path, tmp_path: Path) -> None:
    done = spawn("render", many, "--out", tmp_path / "out", "--json")
    assert json.loads(done.out)["made"] == 12 * BATCH


def test_a_home_takes_the_extra_for_issuing(
    run: Run, place: Place, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "signedcert.home", None)
    done = run("render", folder, "--home", place.home, "--out", tmp_path / "out")
    assert done.status == 2
    assert "signedcert[issue]" in done.err
    assert "[extra-missing]" in done.err
