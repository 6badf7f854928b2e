"""Seeds for the targets in ``fuzz.pages``: a request to each page. Placeholders stand for codes and
tokens of the run.
"""

_FROM_HERE = b"sec-fetch-site: same-origin\ncontent-type: application/x-www-form-urlencoded"
_SIGNED_IN = b"cookie: __Host-signedcert=$session"
_SHARE = b"record=$record&result=1&result=4&name=yes&label=Acme+%E2%9C%93&days=30"


def page_seeds() -> dict[str, bytes]:
    """By target and name."""
    requests = {
        "home": _get(b"/"),
        "form": _get(b"/verify?code=$certificate"),
        "certificate": _get(b"/verify/$certificate"),
        "old-qr": _get(b"/VERIFY/$certificate/"),
        "certificate-json": _get(b"/verify/$certificate.json"),
        "bundle": b"HEAD /verify/$certificate.signedcert\n\n",
        "record-code": _get(b"/verify/$record.json"),
        "unknown": _get(b"/verify/NSPQ-8W1B-BCGX-GRPY-7QQP"),
        "course": _get(b"/courses/operations-management/"),
        "course-document": _get(b"/courses/operations-management/1.json"),
        "jwks": _get(b"/.well-known/jwks.json"),
        "key": _get(b"/.well-known/keys/$kid"),
        "manifest": _get(b"/.well-known/signedcert/keys/1.json"),
        "status": _get(b"/.well-known/signedcert/status/1.jwt"),
        "cover": _get(b"/records/$token"),
        "shared": b"POST /records/$token\n" + _FROM_HERE + b"\n\n",
        "shared-file": b"POST /records/$token/file\n" + _FROM_HERE + b"\n\n",
        "learner": b"GET /learner\n" + _SIGNED_IN + b"\n\n",
        "record-file": b"GET /learner/$record.signedcert\n" + _SIGNED_IN + b"\n\n",
        "share": _post(b"/learner/share", _SHARE),
        "end": _post(b"/learner/end", b"share=all"),
        "sign-in-cover": _get(b"/sign-in/$link"),
        "sign-in": b"POST /sign-in/$link\n" + _FROM_HERE + b"\n\n",
        "sign-out": _post(b"/sign-out", b""),
    }
    seeds = {f"request/{name}": request for name, request in requests.items()}
    return seeds | {"share-token/token": b"AbCdEfGhIjKlMnOpQrStUvWx", "share-token/short": b"AbC"}


def _get(path: bytes) -> bytes:
    return b"GET " + path + b"\n\n"


def _post(path: bytes, body: bytes) -> bytes:
    return b"\n".join([b"POST " + path, _FROM_HERE, _SIGNED_IN, b"", body])
