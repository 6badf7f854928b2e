"""How one vector of somebody else's comes out, and how a file of them is counted."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec

from signedcert.core.jws import CompactJWS, Header
from signedcert.core.keys import BadSignatureError, PublicKey
from signedcert.errors import MalformedError

P = ParamSpec("P")

#: The rules of docs/spec/stricter, by the refusal that shows each at work. A valid vector that is
#: refused in any other way fails the tests.
RULES: Mapping[str, str] = {
    "signature-high-s": "high-s",
    "signature-mismatch with a context": "empty-context",
    "key-type": "algorithm-not-offered",
    "wrong-value of alg": "algorithm-name",
    "kid-not-thumbprint": "kid-is-thumbprint",
    "member-unknown": "key-member",
    "header-parameter": "header-parameter",
    "not-canonical": "header-spelling",
    "base64-alphabet": "base64url",
    "no-document": "jws-only",
    "carrier-unsupported": "no-document-type",
    "proof-shape of a root": "root-length",
}
_UNSUPPORTED = {"key-type", "wrong-value of alg"}


class Outcome(Enum):
    """What became of a vector; the nearer to acceptance, the further up."""

    ACCEPTED = "accepted"
    SIGNATURE = "by signature"
    UNSUPPORTED = "unsupported"
    MALFORMED = "malformed"


class Verdict(NamedTuple):
    """An outcome, and the refusal's reason."""

    outcome: Outcome
    reason: str = ""


class Tally(NamedTuple):
    """One file. Valid vectors are ``accepted`` or refused by a stricter rule; invalid ones are
    refused by the signature, as unsupported or as malformed.

    Where only a part of the way is gone, ``left`` is how many of the invalid ones passed it, for
    the key, or for a profile, to refuse.
    """

    accepted: int = 0
    by_signature: int = 0
    unsupported: int = 0
    malformed: int = 0
    left: int = 0
    stricter: Mapping[str, int] = {}

    def total(self) -> int:
        """All vectors of the file."""
        return sum(self[:5]) + sum(self.stricter.values())


def judge(function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> Verdict:
    """What ``function`` makes of one vector; an error that is not promised is not caught."""
    try:
        function(*args, **kwargs)
    except BadSignatureError as error:
        return Verdict(Outcome.SIGNATURE, error.detail)
    except MalformedError as error:
        of_algorithm = error.reason == "wrong-value" and error.where == "alg"
        reason = "wrong-value of alg" if of_algorithm else error.reason
        kind = Outcome.UNSUPPORTED if reason in _UNSUPPORTED else Outcome.MALFORMED
        return Verdict(kind, reason)
    return Verdict(Outcome.ACCEPTED)


def tally(results: Iterable[tuple[bool, Verdict]], *, part: bool = False) -> Tally:
    """Counts vectors, each with whether it is valid. An invalid one must not be accepted, unless
    only a ``part`` of the way is gone; a valid one is accepted, or a rule is named.
    """
    valid: Counter[str] = Counter()
    invalid: Counter[Outcome] = Counter()
    for expected, verdict in results:
        if expected:
            accepted = verdict.outcome is Outcome.ACCEPTED
            valid["" if accepted else RULES[verdict.reason]] += 1
        else:
            assert part or verdict.outcome is not Outcome.ACCEPTED
            invalid[verdict.outcome] += 1
    return Tally(
        valid.pop("", 0),
        invalid[Outcome.SIGNATURE],
        invalid[Outcome.UNSUPPORTED],
        invalid[Outcome.MALFORMED],
        invalid[Outcome.ACCEPTED],
        dict(valid),
    )


def load(path: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Wycheproof's cases, each with its group. None of the files that are read here calls a
    result ``acceptable``, so nothing is left to taste.
    """
    tests = json.loads(path.read_bytes())
    cases = [(group, case) for group in tests["testGroups"] for case in group["tests"]]
    assert len(cases) == tests["numberOfTests"]
    assert {case["result"] for _, case in cases} == {"valid", "invalid"}
    return cases


def read(text: bytes) -> tuple[CompactJWS, Header]:
    """A compact JWS and its header, without a key."""
    jws = CompactJWS.parse(text)
    return jws, Header.parse(jws.header_segment)


def verify(text: bytes, key: PublicKey) -> bytes:
    """The payload of a compact JWS that ``key`` signed, as any user of core/ would get it."""
    jws, header = read(text)
    if header.alg != key.algorithm:
        raise MalformedError("wrong-value", f"the key is one for {key.algorithm}", where="alg")
    key.verify(jws.signature, jws.signing_input)
    return jws.payload


def judge_with_keys(text: bytes, jwks: Iterable[Mapping[str, object]]) -> Verdict:
    """The best that any key of a set makes of a JWS; keys that cannot be read are skipped, so no
    user is more lenient.
    """
    order = list(Outcome)
    verdicts = [judge(_verify_with_jwk, text, jwk) for jwk in jwks]
    return min(verdicts, key=lambda verdict: order.index(verdict.outcome))


def _verify_with_jwk(text: bytes, jwk: Mapping[str, object]) -> None:
    verify(text, PublicKey.from_jwk(jwk))


def without(jwk: Mapping[str, object], name: str) -> dict[str, object]:
    """A JWK, less one member."""
    return {member: value for member, value in jwk.items() if member != name}
