"""Templates of one's own: what they can do, and what they cannot."""

import os
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.errors import ConfigurationError, RenderError, SignedCertError
from signedcert.render import Branding, Renderer, guard
from signedcert.render.guard import GuardedPress
from signedcert.render.press import Job
from signedcert.render.workshop import MAX_FILES, TEMPLATE, copy_template
from tests.core.refusal import refused
from tests.render.certificates import BRANDING

HEAD = '#set document(title: "A certificate")\n'
JOB = Job("{}", "pdf", 0)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """A copy of ours."""
    folder = tmp_path / "template"
    folder.mkdir()
    copy_template(TEMPLATE, folder)
    return folder


def write(folder: Path, text: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "certificate.typ").write_text(HEAD + text, "utf-8")
    return folder


@contextmanager
def press(folder: Path, text: str, seconds: float = 10) -> Iterator[GuardedPress]:
    made = GuardedPress(write(folder, text), (), max_seconds=seconds)
    try:
        yield made
    finally:
        made.close()


def error_of(folder: Path, text: str, seconds: float = 10) -> RenderError:
    with press(folder, text, seconds) as made, pytest.raises(RenderError) as caught:
        made.print(JOB)
    return caught.value


def test_a_copy_of_ours_prints_what_ours_does(
    own: Path, renderer: Renderer, bundle: Bundle
) -> None:
    with Renderer(own) as copied:
        assert copied.pdf(bundle) == renderer.pdf(bundle)
        assert copied.png(bundle) == renderer.png(bundle)
        assert copied.svg(bundle) == renderer.svg(bundle)


def test_a_changed_one_prints_something_else(own: Path, bundle: Bundle) -> None:
    path = own / "certificate.typ"
    path.write_text(
        path.read_text("utf-8").replace("Course Certificate", "Kurszertifikat"), "utf-8"
    )
    with Renderer(own) as renderer:
        assert b"Kurszertifikat" in renderer.pdf(bundle).replace(b"\0", b"")


def test_it_may_have_parts_and_pictures(own: Path, bundle: Bundle) -> None:
    (own / "parts").mkdir()
    (own / "parts" / "more.typ").write_text("#let more = [And more.]", "utf-8")
    shutil.copy(BRANDING / "logo.svg", own / "seal.svg")
    with (own / "certificate.typ").open("a", encoding="utf-8") as file:
        file.write('#import "parts/more.typ": more\n#more #image("seal.svg", alt: "A seal")\n')
    with Renderer(own) as renderer:
        assert renderer.pdf(bundle)


def test_data_is_no_code(tmp_path: Path, bundle: Bundle) -> None:
    text = "#let sheet = json(sys.inputs.data).sheet\n"
    text += "#assert.eq(type(sheet.learner), str)\n#sheet.qr"
    with Renderer(write(tmp_path / "own", text)) as renderer:
        assert renderer.pdf(bundle)


# what is outside


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../../../../../../etc/passwd", "/../../../etc/passwd", "/proc/self/environ"],
)
@pytest.mark.parametrize("function", ["read", "image", "json", "include"])
def test_files_outside_of_its_folder_cannot_be_read(
    tmp_path: Path, path: str, function: str
) -> None:
    call = f'#include "{path}"' if function == "include" else f'#{function}("{path}")'
    error = error_of(tmp_path / "own", call)
    assert error.reason == "template-failed"
    assert error.where.startswith("certificate.typ:2:")


def test_an_image_cannot_refer_to_files_outside(tmp_path: Path, bundle: Bundle) -> None:
    secret = tmp_path / "secret.png"
    with Renderer() as renderer:
        secret.write_bytes(renderer.png(bundle, 36))
    picture = (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'width="9" height="9"><image xlink:href="{secret}" width="9" height="9"/></svg>'
    )
    folder = write(tmp_path / "own", '#image("a.svg", alt: "a")')
    (folder / "a.svg").write_text(picture, "utf-8")
    try:
        with Renderer(folder) as renderer:
            made = renderer.pdf(bundle)
    except RenderError:
        return
    assert len(made) < 20_000
    assert b"/Subtype/Image" not in made


def test_links_are_refused(own: Path) -> None:
    (own / "passwd").symlink_to("/etc/passwd")
    with refused("template-invalid", str(own / "passwd"), ConfigurationError):
        Renderer(own)
    (own / "passwd").unlink()
    (own / "etc").symlink_to("/etc")
    with refused("template-invalid", str(own / "etc"), ConfigurationError):
        Renderer(own)


def test_a_pipe_is_refused(own: Path) -> None:
    os.mkfifo(own / "pipe")
    with refused("template-invalid", str(own / "pipe"), ConfigurationError):
        Renderer(own)


def test_the_environment_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNEDCERT_SECRET", "secret")
    with press(tmp_path / "own", "x") as made:
        made.print(JOB)
        found = Path(f"/proc/{made._child.running().pid}/environ")
        assert not found.exists() or b"SIGNEDCERT_SECRET" not in found.read_bytes()


def test_its_clock_is_the_documents(tmp_path: Path) -> None:
    text = "#assert.eq(datetime.today(), datetime(year: 2026, month: 7, day: 1))\nA page."
    with press(tmp_path / "own", text) as made:
        assert made.print(replace(JOB, timestamp=1_782_864_000))


PACKAGES = [
    '#import "@preview/cetz:0.3.0"',
    '#let name = "\\u{40}pre" + "view/cetz:0.3.0"\n#import name',
    '#eval("import \\"@preview/cetz:0.3.0\\"", mode: "code")',
    '#import "@local/ours:1.0.0"',
]


@pytest.mark.parametrize("text", PACKAGES)
def test_packages_are_refused(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path / "own", text)
    assert error.reason == "template-failed"
    assert "imports no packages" in error.message


@contextmanager
def listening() -> Iterator[tuple[str, list[bytes]]]:
    """A proxy that notes what it is asked for, and answers nothing."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    asked.append(connection.recv(1000))

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)


def test_the_network_is_reached_by_way_of_a_proxy_only_that_is_not_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening() as (proxy, asked):
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        monkeypatch.setenv("ALL_PROXY", proxy)
        error_of(tmp_path / "own", PACKAGES[0])
        assert not asked
        # Typst asks whichever proxy it is given, so one that is not there keeps it in.
        monkeypatch.setattr(guard, "_NO_NETWORK", {"HTTPS_PROXY": proxy})
        error_of(tmp_path / "own", PACKAGES[0])
        assert asked
        assert all(one.startswith(b"CONNECT packages.typst.org:443") for one in asked)


# time and memory


ENDLESS = [
    "#for i in range(100000) { for j in range(100000) { let x = i + j } }",
    '#let a = "x"\n#for i in range(60) { a = a + a }\n#a.len()',
    "#let f(n, m) = if n == 0 { m } else { f(n - 1, 2 * m) + f(n - 1, 2 * m + 1) }\n#f(50, 0)",
    "#context { for i in range(9000) { for j in range(9000) { let n = measure[#i #j].width } } }",
]


@pytest.mark.parametrize("text", ENDLESS)
def test_a_template_does_not_run_for_ever(tmp_path: Path, text: str) -> None:
    begun = time.monotonic()
    error = error_of(tmp_path / "own", text, seconds=2)
    assert error.reason in {"template-timeout", "template-failed"}
    assert time.monotonic() - begun < 10


def test_after_one_that_did_the_next_page_is_printed(tmp_path: Path) -> None:
    text = '#if read(sys.inputs.data) == "long" { ' + ENDLESS[0].removeprefix("#") + " }\nA page."
    with press(tmp_path / "own", text, seconds=2) as made:
        with pytest.raises(RenderError):
            made.print(Job("long", "pdf", 0))
        assert made.print(JOB).startswith(b"%PDF")


def test_one_that_always_does_is_given_up(tmp_path: Path) -> None:
    text = '#if read(sys.inputs.data) == "long" { ' + ENDLESS[0].removeprefix("#") + " }\nA page."
    kinds: list[tuple[type, str] | None] = []
    with press(tmp_path / "own", text, seconds=1) as made:
        for data in ("long", "long", "{}", "long", "long", "long", "long"):
            try:
                made.print(Job(data, "pdf", 0))
            except SignedCertError as error:
                kinds.append((type(error), error.reason))
            else:
                kinds.append(None)
    late = RenderError, "template-timeout"
    given_up = ConfigurationError, "template-invalid"
    assert kinds == [late, late, None, late, late, given_up, given_up]


def test_data_end_with_the_press_that_had_them(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    with press(folder, "A page.") as made:
        made.print(JOB)
        assert [path.read_text("utf-8") for path in folder.glob("_data-*")] == ["{}"]
    assert not list(folder.glob("_data-*"))


def test_memory_has_an_end(tmp_path: Path) -> None:
    text = "#let a = range(1000000)\n#let all = ()\n"
    text += "#for i in range(9000) { all.push(a.map(n => n + i)) }"
    folder = write(tmp_path / "own", text)
    made = GuardedPress(folder, (), max_seconds=60, max_memory=1024**3)
    with pytest.raises(RenderError) as caught:
        made.print(JOB)
    assert caught.value.reason == "template-failed"
    assert "memory" in caught.value.message


def test_the_process_ends_with_the_renderer(own: Path, bundle: Bundle) -> None:
    with Renderer(own) as renderer:
        renderer.pdf(bundle)
        process = renderer.printer.press._child.running()  # type: ignore[union-attr]
        assert process.poll() is None
    assert process.poll() is not None


# what is no template


def test_a_folder_without_one_is_refused(tmp_path: Path) -> None:
    with refused("template-invalid", str(tmp_path), ConfigurationError):
        Renderer(tmp_path)


@pytest.mark.parametrize(("files", "size"), [(MAX_FILES + 1, 1), (3, 6 * 1024 * 1024)])
def test_a_folder_of_too_much_is_refused(own: Path, files: int, size: int) -> None:
    for number in range(files):
        (own / f"{number}").write_bytes(bytes(size))
    with refused("template-invalid", str(own), ConfigurationError):
        Renderer(own)


def test_its_place_for_images_is_taken(own: Path) -> None:
    (own / "_images").mkdir()
    with refused("template-invalid", str(own / "_images"), ConfigurationError):
        Renderer(own)


@pytest.mark.parametrize("text", ["#(", "#nothing", '#panic("no")', '#(1 + "a")'])
def test_mistakes_are_named_with_their_place(tmp_path: Path, text: str) -> None:
    error = error_of(tmp_path / "own", text)
    assert error.reason == "template-failed"
    assert error.where.startswith("certificate.typ:2:")
    assert error.message.startswith("Typst says: ")


def test_a_broken_logo_is_named(tmp_path: Path, bundle: Bundle) -> None:
    (tmp_path / "logo.png").write_bytes(b"no picture")
    with (
        Renderer(branding=Branding(logo=tmp_path / "logo.png")) as renderer,
        pytest.raises(RenderError) as caught,
    ):
        renderer.pdf(bundle)
    assert caught.value.reason == "template-failed"
    assert "image" in caught.value.message
