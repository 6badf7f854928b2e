"""The reference certificate, put into pictures."""

from collections.abc import Callable
from itertools import cycle

from tests.reference import course, credential, make_world

from benchmarks.measure import Call, Figure, Scale, Section, at_most, measure
from signedcert.carriers.bundle import Bundle
from signedcert.render import Renderer

_RAW = "Typst, a page to PDF, everything prepared"
_PDF = "Renderer.pdf, from a bundle"
_PNG = "Renderer.png, 150 pixels per inch"
_SVG = "Renderer.svg"
#: Typst remembers what it laid out for a while; no page is one of the last ones.
_DIFFERENT = 40


def rendering(scale: Scale) -> Section:
    """From bundle to picture, against Typst alone, which finds its inputs ready."""
    world = make_world()
    bundles = [
        Bundle(
            world.sign(credential()._replace(learner=f"Learner {number}").encode()).decode(),
            course().text,
        )
        for number in range(_DIFFERENT)
    ]
    with Renderer() as renderer:
        contenders = {
            _RAW: _raw(renderer, bundles),
            _PDF: _each(renderer.pdf, bundles),
            _PNG: _each(renderer.png, bundles),
            _SVG: _each(renderer.svg, bundles),
        }
        rounds = max(scale.rounds // 10, 1)
        measured = measure(contenders, runs=scale.runs, rounds=rounds, block=_DIFFERENT)
    figures = (
        Figure.of(f"{_RAW} (the yardstick)", measured[_RAW]),
        Figure.of(_PDF, measured[_PDF], at_most(1.25, measured[_PDF].ratios)),
        *(Figure.of(name, measured[name]) for name in (_PNG, _SVG)),
    )
    return Section("Pictures", "ratio to the yardstick", figures)


def _raw(renderer: Renderer, bundles: list[Bundle]) -> Call:
    printer = renderer.printer
    jobs = cycle([printer.job(bundle, "pdf") for bundle in bundles])
    return lambda: printer.press.print(next(jobs))


def _each(function: Callable[[Bundle], bytes], bundles: list[Bundle]) -> Call:
    turns = cycle(bundles)
    return lambda: function(next(turns))
