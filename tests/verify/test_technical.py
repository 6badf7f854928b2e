"""A step for those who want to know more: the finer reason, and what was compared with what."""

import pytest

from signedcert.core.encoding import b64url_encode, dump_json
from signedcert.core.jws import serialize_compact, signing_input
from signedcert.verify.report import Check, Outcome
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUER, World, course, credential
from tests.verify.test_steps import OTHER, cases, report, with_log

#: What the decisive step says, by the row of ``cases``; ``KEY`` is the issuing key.
DECISIVE = {
    "unknown issuer": f"{OTHER} is not in the trust store",
    "a stranger's key": f" is not in manifest version 1 of {ISSUER}",
    "a stranger's key, and not in the issuer's place": f" is not the place of a key of {ISSUER}",
    "another institution's issuer": f"the key is one of {ISSUER}, the issuer is {OTHER}",
    "another role": "KEY: ALGORITHM, role snapshot",
    "another algorithm": "KEY: ALGORITHM, role issue",
    "a fork": f"two manifests of one version are signed by the root keys of {ISSUER}",
    "a broken signature": "not a signature of KEY",
    "another course": "the course document beside the certificate is not the one that was signed",
    "a log and a proof": "an index, a path, an empty line",
    "pre-published": "KEY is pre-published since 2026-06-30",
    "void": "KEY is void since 2026-06-30",
    "compromised": "KEY is compromised since 2026-06-30",
    "logged required": "KEY is active since 2026-06-30",
    "status lists": "no status list is at hand",
    "not yet": "valid from 2026-07-01 10:30:00 UTC",
    "expired": "valid until 2026-08-30 10:30:00 UTC",
    "unknown issuer, and not the one asked for": f"issued by {OTHER}",
    "another course was asked for": f"for the course {course().id}",
    "stale trust": "the newest manifest, version 1, is 31 days old",
}
#: The finer reason of the decisive step, likewise.
DETAILS = {
    "a stranger's key, and not in the issuer's place": "kid-not-under-issuer",
    "another institution's issuer": "kid-not-under-issuer",
    "another role": "key-role",
    "another algorithm": "algorithm-mismatch",
    "compromised": "key-compromised",
    "logged required": "logged-required",
    "logged anchored, retired": "logged-anchored",
    "another code": "code-of-another-document",
}


def lines(checks: tuple[Check, ...]) -> dict[int, str]:
    """The lines of the steps that have one."""
    return {check.step: check.technical for check in checks if check.technical}


@pytest.mark.parametrize("name", DECISIVE)
def test_the_decisive_step_says_what_it_compared(name: str, world: World) -> None:
    key = world.key.public_key
    expected = DECISIVE[name].replace("KEY", f"key {key.thumbprint}")
    line = report(world, cases(world)[name]).decisive.technical
    assert line.endswith(expected.replace("ALGORITHM", key.algorithm))


@pytest.mark.parametrize("name", DETAILS)
def test_the_decisive_step_has_a_finer_reason(name: str, world: World) -> None:
    assert report(world, cases(world)[name]).decisive.detail == DETAILS[name]


def test_a_step_that_passed_for_want_of_something_says_what_was_not_there(world: World) -> None:
    key = world.key.public_key.thumbprint
    assert lines(Verifier(world.trust).report(world.document(), at=AT).checks) == {
        4: "the course document was not at hand, so it was not compared",
        5: "the manifest names no log",
        6: f"key {key} is active since 2026-06-30; a place in a log was not shown",
        7: "the manifest names no status lists",
    }
    logged = Verifier(with_log(world)).report(world.document(), at=AT)
    assert logged.checks[4].technical == "no proof of its place came with it"


def test_a_step_with_nothing_to_add_has_no_line() -> None:
    assert (Check(1, Outcome.PASSED).technical, Check(1, Outcome.PASSED).detail) == ("", "")


@pytest.mark.parametrize(
    ("changes", "detail", "line"),
    [
        ({"alg": "ES384"}, "wrong-value", "header.alg: alg 'ES384' does not sign documents"),
        (
            {"typ": "jwt"},
            "typ-unexpected",
            "header.typ: typ 'jwt' is neither that of a certificate nor of a record",
        ),
        ({"kid": None}, "member-missing", "header: member 'kid' is missing"),
    ],
)
def test_a_header_of_no_document_is_refused_with_the_place_of_its_fault(
    changes: dict[str, str | None], detail: str, line: str, world: World
) -> None:
    document = world.sign(credential().encode(), world.header(**changes))
    found = Verifier(world.trust).report(document, at=AT).checks[0]
    assert (found.reason, found.detail) == ("malformed-document", detail)
    assert found.technical == line


def test_a_header_in_another_order_is_refused_with_the_order(world: World) -> None:
    members = {"kid": world.header().kid, "alg": world.header().alg, "typ": "JWT"}
    signed = signing_input(b64url_encode(dump_json(members)), credential().encode())
    document = serialize_compact(signed, world.key.sign(signed)).encode()
    found = Verifier(world.trust).report(document, at=AT).checks[0]
    assert (found.reason, found.detail) == ("malformed-document", "header-spelling")
    assert found.technical == "header: written otherwise than alg, kid, typ in this order"


def test_a_fault_of_the_whole_file_has_no_place_in_front(world: World) -> None:
    found = Verifier(world.trust).report(b"%PDF", at=AT).checks[0]
    assert found.technical.startswith("no document found: ")


def test_a_fault_of_the_payload_has_its_place_in_front(world: World) -> None:
    found = Verifier(world.trust).report(world.sign(b"{"), at=AT).checks[0]
    assert (found.reason, found.detail) == ("malformed-document", "not-json")
    assert found.technical.startswith("payload: ")
