"""Forms that a browser sends: read within limits, and from these pages only."""

from urllib.parse import parse_qs

from fastapi import HTTPException, Request

#: A hundred results, a label, and to spare.
_MAX_FORM = 16 * 1024
_MAX_FIELDS = 200
_TYPE = "application/x-www-form-urlencoded"

Fields = dict[str, list[str]]


async def read_form(request: Request) -> Fields:
    """The fields of a form of these pages, each with its values.

    Raises HTTPException: 403 if another site has sent it, 413 for more than 16 KiB or 200 fields.
    """
    if not _same_origin(request):
        raise HTTPException(403)
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MAX_FORM:
            raise HTTPException(413)
    kind = request.headers.get("content-type", _TYPE).partition(";")[0]
    if kind.strip().lower() != _TYPE:
        return {}
    try:
        return parse_qs(data.decode("utf-8", "replace"), max_num_fields=_MAX_FIELDS)
    except ValueError as error:
        raise HTTPException(413) from error


def first(fields: Fields, name: str) -> str:
    """The first value of a field; empty if there is none."""
    return fields.get(name, [""])[0]


def _same_origin(request: Request) -> bool:
    """Fetch Metadata, which every browser of today sends with a form to a trustworthy origin, and
    else Origin (RFC 6454, 7): either says who has sent it. What says neither is no browser.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    host = request.headers.get("origin", "").partition("://")[2]
    return bool(host) and host == request.headers.get("host")
