"""The small QR code: the verify URL, in vectors."""

import re
from typing import NamedTuple, cast

import zxingcpp

#: ISO/IEC 18004, 6.3.8: four modules on every side stay light.
QUIET_ZONE = 4
_DARK = re.compile(rb"\0+")
#: How so many dark modules in a row are drawn, of which a symbol has some 200 rows; none is wider
#: than 177.
_DRAWN = tuple(f"h{length}v1h-{length}z" for length in range(178))


class QR(NamedTuple):
    """An SVG of one path, a unit a module, quiet zone included; ``modules`` are those of a side of
    the symbol, without it.
    """

    svg: str
    modules: int


def qr_code(url: str) -> QR:
    """The QR code of a verify URL.

    ``url`` is written in upper case, for which the alphanumeric mode has place for half as much
    again; at level M, up to 15 % of the symbol may be unreadable.
    """
    rows = _modules(url.upper())
    size = len(rows) + 2 * QUIET_ZONE
    path = "".join(
        f"M{run.start() + QUIET_ZONE} {y}{_DRAWN[run.end() - run.start()]}"
        for y, row in enumerate(rows, QUIET_ZONE)
        for run in _DARK.finditer(row)
    )
    svg = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size} {size}"'
        f' width="{size}" height="{size}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path d="{path}"/></svg>'
    )
    return QR(svg, len(rows))


def _modules(text: str) -> list[bytes]:
    """A row each, a byte a module: 0 is dark."""
    symbol = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    image = symbol.to_image(scale=1, add_quiet_zones=False)
    pixels = memoryview(cast("bytes", image))  # it is a buffer, which its stub does not say
    size, _ = pixels.shape or (0, 0)
    data = pixels.tobytes()
    return [data[start : start + size] for start in range(0, size * size, size)]
