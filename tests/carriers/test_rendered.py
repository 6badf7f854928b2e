"""What the renderer writes is read again: the same bytes and verdict, whoever saved it since."""

import io
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pypdf
import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.verify.verifier import Verifier
from tests.reference import AT, World, course

render = pytest.importorskip("signedcert.render", reason="needs the extra render")


@pytest.fixture(scope="module")
def bundle(world: World) -> Bundle:
    return Bundle(world.document().decode(), course().text)


@pytest.fixture(scope="module")
def rendered(bundle: Bundle) -> dict[str, bytes]:
    """The certificate in each carrier."""
    with render.Renderer(explain=True) as renderer:
        return {
            "pdf": renderer.pdf(bundle),
            "png": renderer.png(bundle),
            "svg": renderer.svg(bundle),
        }


@pytest.mark.parametrize("kind", ["pdf", "png", "svg"])
def test_what_was_rendered_carries_the_same_bytes(
    kind: str, rendered: dict[str, bytes], bundle: Bundle, world: World
) -> None:
    found = Bundle.unpack(rendered[kind])
    assert found == bundle
    assert found.encode() == bundle.encode()
    verifier = Verifier(world.trust)
    code = str(bundle.code)
    report = verifier.report(rendered[kind], at=AT, code=code)
    assert report
    assert report == verifier.report(bundle, at=AT, code=code)


def _pypdf(data: bytes) -> bytes:
    file = io.BytesIO()
    pypdf.PdfWriter(clone_from=io.BytesIO(data)).write(file)
    return file.getvalue()


def _incremental(data: bytes) -> bytes:
    writer, file = pypdf.PdfWriter(io.BytesIO(data), incremental=True), io.BytesIO()
    writer.add_metadata({"/Keywords": "certificates"})
    writer.write(file)
    return file.getvalue()


def _pdfium(data: bytes) -> bytes:
    pdfium = pytest.importorskip("pypdfium2")
    file = io.BytesIO()
    pdfium.PdfDocument(data).save(file)
    return file.getvalue()


def _poppler(program: str) -> Callable[[bytes, Path], bytes]:
    def save(data: bytes, folder: Path) -> bytes:
        if shutil.which(program) is None:
            pytest.skip(f"{program} of poppler is not installed")
        (folder / "in.pdf").write_bytes(data)
        names = ("in.pdf", "in.pdf", "out.pdf") if program == "pdfunite" else ("in.pdf", "out.pdf")
        more = ["-f", "1", "-l", "1"] if program == "pdfseparate" else []
        subprocess.run([program, *more, *names], check=True, cwd=folder, capture_output=True)
        return (folder / "out.pdf").read_bytes()

    return save


SAVERS: dict[str, Callable[[bytes, Path], bytes]] = {
    "pypdf": lambda data, _: _pypdf(data),
    "pypdf, behind the old one": lambda data, _: _incremental(data),
    "pdfium": lambda data, _: _pdfium(data),
    "one of two pages": _poppler("pdfseparate"),
    "twice in one file": _poppler("pdfunite"),
}


@pytest.mark.parametrize("saver", SAVERS)
def test_a_pdf_that_was_saved_anew_carries_them_too(
    saver: str, rendered: dict[str, bytes], bundle: Bundle, tmp_path: Path
) -> None:
    saved = SAVERS[saver](rendered["pdf"], tmp_path)
    assert saved != rendered["pdf"]
    assert Bundle.unpack(saved) == bundle


def test_other_readers_find_the_same_attachment(rendered: dict[str, bytes], bundle: Bundle) -> None:
    attached = pypdf.PdfReader(io.BytesIO(rendered["pdf"])).attachments
    assert {content for one in attached.values() for content in one} == {bundle.encode()}


def test_the_code_is_on_the_picture_as_well(rendered: dict[str, bytes], bundle: Bundle) -> None:
    pytest.importorskip("PIL", reason="needs the extra scan")
    from signedcert.carriers.scan import scan  # noqa: PLC0415 - needs the extra too

    assert scan(rendered["png"]).code == bundle.code
