"""From the bytes of a carrier to the verdict."""

import io

from tests.carriers import pictures, rawpdf
from tests.reference import AT, course, make_world

from benchmarks import raw
from benchmarks.measure import Call, Figure, Scale, Section, measure
from signedcert.carriers.bundle import Bundle
from signedcert.carriers.pagereader import PageReader
from signedcert.render import Renderer
from signedcert.verify.onpage import with_page
from signedcert.verify.report import Outcome, Report
from signedcert.verify.verifier import Verifier

#: What else is in a certificate: in a PDF fonts and the page, in a PNG pixels, in an SVG letters.
_PDF, _PNG, _LETTERS = 70 * 1024, 150 * 1024, 3000
_ALONE = "a PDF, its page not compared"
_COMPARED = "a PDF, its page compared with what was signed"
#: Calls in a row: it takes a tenth of a second to draw a page.
_PAGES = 3


def carriers(scale: Scale) -> Section:
    """Each carrier, by itself, against the raw operation and the bundle alone."""
    world = make_world()
    document = world.document()
    bundle = Bundle(document.decode(), course().text)
    verifier, files = Verifier(world.trust), _files(bundle)
    contenders: dict[str, Call] = {
        raw.VERIFICATION: raw.verification(world, document),
        **{
            f"{name}, {len(data) // 1024} KiB, to the verdict": _verification(verifier, data)
            for name, data in files.items()
        },
        "pypdf, which finds the attachment alone": lambda: _attached(files["PDF"]),
    }
    measured = measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)
    figures = tuple(Figure.of(name, measured[name]) for name in contenders)
    return Section("From a carrier to the verdict", "ratio to the yardstick", figures)


def pages(scale: Scale) -> Section:
    """A PDF as ``render`` makes it, without the comparison of what it shows, and with it."""
    world = make_world()
    verifier = Verifier(world.trust)
    with Renderer() as renderer:
        pdf = renderer.pdf(Bundle(world.document().decode(), course().text))

    def compared() -> Report:
        return with_page(verifier.report(pdf, at=AT), reader.read(pdf))

    with PageReader() as reader:
        if (outcome := compared().checks[8].outcome) is not Outcome.PASSED:
            message = f"step 9 was {outcome.value}, so this would be the time of something else"
            raise RuntimeError(message)
        contenders: dict[str, Call] = {
            _ALONE: lambda: verifier.report(pdf, at=AT),
            _COMPARED: compared,
        }
        rounds = max(scale.rounds // 10, 1)
        measured = measure(contenders, runs=scale.runs, rounds=rounds, block=_PAGES)
    figures = (
        Figure.of(f"{_ALONE} (the yardstick)", measured[_ALONE]),
        Figure.of(_COMPARED, measured[_COMPARED]),
    )
    return Section("From a printed PDF to the verdict", "ratio to the yardstick", figures)


def _files(bundle: Bundle) -> dict[str, bytes]:
    page = rawpdf.objects(bundle.encode()) | {6: rawpdf.stream(bytes(_PDF))}
    pixels = pictures.chunk(b"IDAT", bytes(_PNG))
    letters = '<use xlink:href="#g1" x="12.5" fill="#1d2f4f"/>' * _LETTERS
    declared = f'<g xmlns:xlink="http://www.w3.org/1999/xlink">{letters}</g>'
    return {
        "a bundle": bundle.encode(),
        "PDF": rawpdf.pdf(page),
        "PNG": pictures.png(pictures.badge_chunk(bundle), pictures.bundle_chunk(bundle), pixels),
        "SVG": pictures.svg(pictures.credential(bundle), pictures.bundle_element(bundle), declared),
    }


def _verification(verifier: Verifier, data: bytes) -> Call:
    return lambda: verifier.verify(data, at=AT)


def _attached(data: bytes) -> object:
    import pypdf  # noqa: PLC0415 - 0.13 s, for those who measure this part

    return dict(pypdf.PdfReader(io.BytesIO(data)).attachments)
