"""Edited PNGs."""

import zlib
from collections.abc import Callable

from signedcert.carriers.bundle import MAX_BUNDLE, Bundle
from signedcert.carriers.carried import BADGE_KEYWORD, BUNDLE_KEYWORD
from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.carriers.png import MAX_CHUNKS
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
    bomb,
    cut,
)


def _png(*chunks: Callable[[Bundle, Bundle], bytes]) -> Make:
    return lambda bundle, other: pictures.png(*(one(bundle, other) for one in chunks))


def _badge(bundle: Bundle, _: Bundle) -> bytes:
    return pictures.badge_chunk(bundle)


def _bundle(bundle: Bundle, _: Bundle) -> bytes:
    return pictures.bundle_chunk(bundle)


def _bundle_text(flags: bytes = b"\0\0\0\0", flaw: int = 0) -> Callable[[Bundle, Bundle], bytes]:
    return lambda bundle, _: pictures.text(BUNDLE_KEYWORD, bundle.encode(), flags, flaw)


def _other_chunk(kind: bytes) -> Callable[[Bundle, Bundle], bytes]:
    return lambda bundle, _: pictures.chunk(kind, BUNDLE_KEYWORD + b"\0" + bundle.encode())


PNG_EDITS: tuple[Edit, ...] = (
    Edit("as it was written", lambda a, _: pictures.honest_png(a), AUTHENTIC),
    Edit("only the badge", _png(_badge), AUTHENTIC),
    Edit("only the bundle", _png(_bundle), AUTHENTIC),
    Edit(
        "other texts in it",
        _png(_badge, lambda *_: pictures.text(b"Comment", b"x"), _bundle),
        AUTHENTIC,
    ),
    Edit(
        "pixels painted over",
        lambda a, _: pictures.honest_png(a).replace(
            pictures.PIXELS, pictures.chunk(b"IDAT", zlib.compress(b"\0\0")) * 2
        ),
        AUTHENTIC,
    ),
    Edit("another certificate", lambda _, b: pictures.honest_png(b), AUTHENTIC),
    Edit(
        "the badge of another certificate",
        _png(lambda _, b: pictures.badge_chunk(b), _bundle),
        MISMATCH,
    ),
    Edit(
        "an altered badge", _png(lambda a, _: pictures.badge_chunk(altered(a)), _bundle), MISMATCH
    ),
    Edit("altered in both", lambda a, _: pictures.honest_png(altered(a)), FORGED),
    Edit("two bundles", _png(_bundle, lambda _, b: pictures.bundle_chunk(b)), AMBIGUOUS),
    Edit("one bundle twice", _png(_bundle, _bundle), AMBIGUOUS),
    Edit("two badges", _png(_badge, lambda _, b: pictures.badge_chunk(b), _bundle), AMBIGUOUS),
    Edit("a checksum that is wrong", _png(_bundle_text(flaw=1)), DAMAGED),
    Edit(
        "the text compressed",
        _png(lambda a, _: pictures.text(BUNDLE_KEYWORD, zlib.compress(a.encode()), b"\1\0\0\0")),
        UNSUPPORTED,
    ),
    Edit(
        "a bomb",
        _png(lambda *_: pictures.text(BADGE_KEYWORD, bomb(2**28), b"\1\0\0\0")),
        UNSUPPORTED,
    ),
    Edit("the text in a language", _png(_bundle_text(b"\0\0en\0\0")), UNSUPPORTED),
    Edit("a tEXt chunk", _png(_other_chunk(b"tEXt")), UNSUPPORTED),
    Edit(
        "a tEXt chunk that looks like the right one",
        _png(lambda a, _: pictures.bundle_chunk(a).replace(b"iTXt", b"tEXt", 1)),
        DAMAGED,
    ),
    Edit(
        "a tEXt chunk with a checksum of its own",
        _png(lambda a, _: pictures.chunk(b"tEXt", BUNDLE_KEYWORD + b"\0\0\0\0\0" + a.encode())),
        UNSUPPORTED,
    ),
    Edit("a zTXt chunk", _png(_other_chunk(b"zTXt")), UNSUPPORTED),
    Edit("another keyword", _png(lambda a, _: pictures.text(b"SignedCert", a.encode())), NOTHING),
    Edit("without chunks of text", _png(), NOTHING),
    Edit(
        "a letter in the bundle",
        _png(lambda *_: pictures.text(BUNDLE_KEYWORD, b"Dear Sir")),
        NOTHING,
    ),
    Edit(
        "a bundle that is too large",
        _png(lambda *_: pictures.text(BUNDLE_KEYWORD, b'{"version":' + b" " * MAX_BUNDLE + b"1}")),
        ("not authentic", "too-large"),
    ),
    *(
        Edit(f"cut off after {n}/12", cut(pictures.honest_png, n, 12), DAMAGED)
        for n in range(1, 12)
    ),
    Edit("only its signature", lambda *_: pictures.SIGNATURE, DAMAGED),
    Edit(
        "without a header",
        lambda a, _: pictures.honest_png(a).replace(pictures.HEADER, b""),
        DAMAGED,
    ),
    Edit("with two headers", _png(lambda *_: pictures.HEADER, _bundle), DAMAGED),
    Edit("without an end", lambda a, _: pictures.honest_png(a)[:-12], DAMAGED),
    Edit("something behind its end", lambda a, _: pictures.honest_png(a) + b"\0", DAMAGED),
    Edit(
        "another one behind its end",
        lambda a, b: pictures.honest_png(a) + pictures.honest_png(b),
        DAMAGED,
    ),
    Edit(
        "a chunk of 4 GiB",
        lambda a, _: pictures.honest_png(a).replace(b"\0\0\0\rIHDR", b"\xff" * 4 + b"IHDR"),
        DAMAGED,
    ),
    Edit(
        "very many chunks",
        lambda *_: pictures.png(pictures.chunk(b"tEXt", b"") * MAX_CHUNKS),
        LIMIT,
    ),
    Edit("larger than is read", lambda a, _: pictures.honest_png(a) + bytes(MAX_CARRIER), LIMIT),
)
