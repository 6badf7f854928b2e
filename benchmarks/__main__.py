"""``make bench``: what signedcert costs, as ratios to the raw cryptographic operation.

All contenders take turns in blocks, in random order, within one run; the figure is the median of
the ratios of the rounds. A ratio says more than a time: it does not depend on the machine.
"""

import platform
import random
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from tests.reference import AT, make_world

from signedcert.core.encoding import b64url_decode
from signedcert.trust.jwks import jwks, pyjwk
from signedcert.verify.verifier import Verifier

_ROUNDS = 15
_BLOCK = 100


def _verification() -> dict[str, Callable[[], object]]:
    """One certificate, verified by each contender. The first is the yardstick."""
    world = make_world()
    document = world.document()
    text = document.decode()
    signed, _, signature = document.rpartition(b".")
    raw = b64url_decode(signature)
    der = encode_dss_signature(int.from_bytes(raw[:32]), int.from_bytes(raw[32:]))
    point = b"\x04" + world.key.public_key.raw
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    algorithm = ec.ECDSA(SHA256())
    verifier = Verifier(world.trust)
    code = str(verifier.report(document, at=AT).code)
    imported = pyjwk(world.trust, text)
    keys: Any = joserfc_jwk.KeySet.import_key_set(jwks(world.manifest))  # type: ignore[arg-type]
    options: Any = {"verify_exp": True}
    return {
        "raw ES256 verification": lambda: key.verify(der, signed, algorithm),
        "Verifier.verify, all steps and the code": lambda: verifier.verify(
            document, at=AT, code=code
        ),
        "PyJWT: signature and claims": lambda: jwt.decode(
            text, imported, algorithms=["ES256"], options=options
        ),
        "joserfc: signature and claims": lambda: joserfc_jwt.decode(text, keys, ["ES256"]),
    }


def _measure(contenders: Mapping[str, Callable[[], object]]) -> dict[str, list[float]]:
    """Microseconds a call, by contender, one figure a round."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(_ROUNDS):
        order = list(contenders)
        random.shuffle(order)
        for name in order:
            call = contenders[name]
            begun = time.perf_counter()
            for _ in range(_BLOCK):
                call()
            times[name].append((time.perf_counter() - begun) / _BLOCK * 1e6)
    return times


def _report(times: Mapping[str, list[float]]) -> None:
    yardstick = times[next(iter(times))]
    print(f"{'':42}{'µs':>8}{'ratio':>8}")
    for name, rounds in times.items():
        ratio = statistics.median(a / b for a, b in zip(rounds, yardstick, strict=True))
        print(f"{name:42}{statistics.median(rounds):8.0f}{ratio:8.2f}")


def main() -> None:
    """Prints the table."""
    print(f"{platform.machine()}, Python {platform.python_version()}, {_ROUNDS} rounds of {_BLOCK}")
    contenders = _verification()
    for call in contenders.values():
        call()
    _report(_measure(contenders))


main()
