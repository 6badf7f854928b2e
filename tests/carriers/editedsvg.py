"""Edited SVGs."""

from collections.abc import Callable

from signedcert.carriers.bundle import Bundle
from signedcert.carriers.carried import BUNDLE_NAMESPACE
from signedcert.carriers.carrier import MAX_SVG
from signedcert.carriers.svg import MAX_ATTRIBUTES, MAX_TAGS
from tests.carriers import pictures
from tests.carriers.editing import (
    AMBIGUOUS,
    AUTHENTIC,
    DAMAGED,
    FORGED,
    LIMIT,
    MISMATCH,
    NOTHING,
    UNSUPPORTED,
    Edit,
    Make,
    altered,
    cut,
)


def _svg(*elements: Callable[[Bundle, Bundle], str], before: str = "") -> Make:
    return lambda a, b: pictures.svg(*(one(a, b) for one in elements), before=before)


def _credential(bundle: Bundle, _: Bundle) -> str:
    return pictures.credential(bundle)


def _element(bundle: Bundle, _: Bundle) -> str:
    return pictures.bundle_element(bundle)


def _said(text: str) -> Callable[[Bundle, Bundle], str]:
    return lambda *_: text


def _changed(old: str, new: str) -> Make:
    """An honest SVG in which a text was replaced."""
    return lambda a, _: pictures.honest_svg(a).replace(old.encode(), new.encode())


def _laughs() -> str:
    entities = "".join(
        f'<!ENTITY a{n} "{text}">'
        for n, text in enumerate(["ha", *(f"&a{n};" * 10 for n in range(9))])
    )
    return f"<!DOCTYPE svg [{entities}]>"


SVG_EDITS: tuple[Edit, ...] = (
    Edit("as it was written", lambda a, _: pictures.honest_svg(a), AUTHENTIC),
    Edit(
        "saved by a drawing program",
        _svg(
            _element,
            _credential,
            before='<?xml version="1.0" encoding="UTF-8" standalone="no"?>\n<!-- drawn -->\n',
        ),
        AUTHENTIC,
    ),
    Edit("in a group", _svg(_said("<g><g>"), _credential, _element, _said("</g></g>")), AUTHENTIC),
    Edit("only the badge", _svg(_credential), AUTHENTIC),
    Edit("only the bundle", _svg(_element), AUTHENTIC),
    Edit(
        "other prefixes",
        lambda a, _: (
            pictures.honest_svg(a)
            .replace(b"signedcert:", b"s:")
            .replace(b"xmlns:signedcert", b"xmlns:s")
            .replace(b"openbadges", b"o")
        ),
        AUTHENTIC,
    ),
    Edit("letters as references", _changed('verify="ey', 'verify="&#x65;&#121;'), AUTHENTIC),
    Edit(
        "the bundle as CDATA",
        _svg(
            _credential,
            lambda a, _: (
                f'<b:bundle xmlns:b="{BUNDLE_NAMESPACE}">'
                f"<![CDATA[{a.encode().decode()}]]></b:bundle>"
            ),
        ),
        AUTHENTIC,
    ),
    Edit("drawn over", _changed("<rect ", '<rect fill="red" '), AUTHENTIC),
    Edit(
        "with a byte order mark", lambda a, _: b"\xef\xbb\xbf" + pictures.honest_svg(a), AUTHENTIC
    ),
    Edit("another certificate", lambda _, b: pictures.honest_svg(b), AUTHENTIC),
    Edit(
        "the badge of another certificate",
        _svg(lambda _, b: pictures.credential(b), _element),
        MISMATCH,
    ),
    Edit(
        "an altered bundle",
        _svg(_credential, lambda a, _: pictures.bundle_element(altered(a))),
        MISMATCH,
    ),
    Edit("altered in both", lambda a, _: pictures.honest_svg(altered(a)), FORGED),
    Edit("two badges", _svg(_credential, lambda _, b: pictures.credential(b)), AMBIGUOUS),
    Edit("two bundles", _svg(_element, lambda _, b: pictures.bundle_element(b)), AMBIGUOUS),
    Edit("another namespace", _changed(BUNDLE_NAMESPACE, "https://a.example/"), AUTHENTIC),
    Edit("nothing of ours", _svg(), NOTHING),
    Edit("a credential without a JWS", _changed(" verify=", " about="), UNSUPPORTED),
    Edit(
        "an element in the bundle",
        _changed("</signedcert:bundle>", "<g/></signedcert:bundle>"),
        DAMAGED,
    ),
    Edit("entities that grow", _svg(_element, before=_laughs()), UNSUPPORTED),
    Edit(
        "an entity from a file",
        _svg(
            _said("<g>&x;</g>"), before='<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        ),
        UNSUPPORTED,
    ),
    Edit("a document type alone", _svg(_element, before="<!DOCTYPE svg>"), UNSUPPORTED),
    Edit("an entity of nobody", _svg(_said("<g>&x;</g>"), _element), DAMAGED),
    Edit("a letter that XML has not", _svg(_said("<g>\x01</g>"), _element), DAMAGED),
    Edit(
        "not UTF-8",
        lambda a, _: pictures.honest_svg(a).replace(b"<rect", b"<!--\xff--><rect"),
        DAMAGED,
    ),
    Edit("UTF-16", lambda a, _: pictures.honest_svg(a).decode().encode("utf-16"), NOTHING),
    Edit(
        "another first element",
        lambda a, _: b"<html>" + pictures.honest_svg(a) + b"</html>",
        DAMAGED,
    ),
    Edit(
        "another namespace for all",
        _changed("http://www.w3.org/2000/svg", "http://a.example/"),
        DAMAGED,
    ),
    Edit("something behind it", lambda a, _: pictures.honest_svg(a) * 2, DAMAGED),
    *(Edit(f"cut off after {n}/8", cut(pictures.honest_svg, n, 8), DAMAGED) for n in range(1, 8)),
    Edit("very deep", _svg(_said("<g>" * 1000 + "</g>" * 1000), _element), LIMIT),
    Edit("as deep as memory allows", _svg(_said("<g>" * (MAX_TAGS - 10))), LIMIT),
    Edit("very many elements", _svg(_said("<g/>" * MAX_TAGS), _element), LIMIT),
    Edit(
        "very many attributes",
        _svg(_said("<g " + " ".join(f'a{n}=""' for n in range(MAX_ATTRIBUTES)) + "/>")),
        LIMIT,
    ),
    Edit("larger than is read", _svg(_element, _said(" " * MAX_SVG)), LIMIT),
)
