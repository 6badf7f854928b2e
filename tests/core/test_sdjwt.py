"""SD-JWT, read strictly: one spelling, disclosures of array elements only, each in its place."""

import base64
import hashlib
import json
from collections.abc import Sequence

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from signedcert.core.encoding import b64url_bytes, b64url_encode, dump_json
from signedcert.core.jws import MAX_COMPACT
from signedcert.core.sdjwt import (
    DIGEST_ALGORITHM,
    MAX_DISCLOSURES,
    SALT_BYTES,
    SDJWT,
    Disclosure,
    serialize_sd_jwt,
)
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused

JWT = b"eyJhbGciOiJFUzI1NiJ9.e30.c2ln"
SALT = bytes(range(16))
GOOD = b64url_encode(SALT)

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
objects = st.dictionaries(texts, texts | st.integers(0, 9) | st.lists(texts), max_size=3)
salts = st.binary(min_size=SALT_BYTES, max_size=SALT_BYTES)
disclosures = st.builds(
    Disclosure.write, salts, objects.map(lambda value: dump_json(value).decode())
)
several = st.lists(disclosures, max_size=5, unique_by=lambda one: one.segment)


def digest(segment: bytes) -> str:
    """RFC 9901, 4.2.3, without any code of ours."""
    hashed = hashlib.sha256(segment).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")


def segment(value: object) -> bytes:
    """Any JSON value as a disclosure, in the canonical spelling."""
    return b64url_bytes(dump_json(value))


def one(number: int) -> Disclosure:
    """A disclosure, of which there are many."""
    return Disclosure.write(SALT, f'{{"n":{number}}}')


def document(*segments: bytes) -> bytes:
    """A JWT with these behind it, and the last ~."""
    return b"~".join([JWT, *segments, b""])


# RFC 9901, 4.2.3, 4.2.1, 4.2.2: disclosures and their digests

FRENCH = b"WyJsa2x4RjVqTVlsR1RQVW92TU5JdkNBIiwgIkZSIl0"
EXAMPLES = {
    FRENCH: "w0I8EKcdCtUPkGCNUrfwVp2xEgNjtoIDlOxc9-PlOhs",
    b"WyJfMjZiYzRMVC1hYzZxMktJNmNCVzVlcyIsICJmYW1pbHlfbmFtZSIsICJNw7ZiaXVzIl0": (
        "X9yH0Ajrdm1Oij4tWso9UzzKJvPoDxwmuEcO3XAdRC0"
    ),
}


@pytest.mark.parametrize("example_", EXAMPLES)
def test_the_digests_of_the_rfc_are_those_of_this_test(example_: bytes) -> None:
    assert digest(example_) == EXAMPLES[example_]


@pytest.mark.parametrize("example_", EXAMPLES)
def test_the_rfc_writes_a_space_that_is_refused_here(example_: bytes) -> None:
    with refused("not-canonical", "there"):
        Disclosure.parse(example_, "there")


def test_the_array_element_of_the_rfc_is_no_object_so_it_is_refused_here() -> None:
    salt, country = json.loads(base64.urlsafe_b64decode(FRENCH + b"="))
    assert (salt, country) == ("lklxF5jMYlGTPUovMNIvCA", "FR")
    with refused("disclosure-shape"):
        Disclosure.parse(segment([salt, country]))


@settings(deadline=None)
@given(salts, objects)
def test_a_disclosure_is_salt_and_value_in_an_array(salt: bytes, value: dict[str, object]) -> None:
    made = Disclosure.write(salt, dump_json(value).decode())
    padded = made.segment + b"=" * (-len(made.segment) % 4)
    text, inner = json.loads(base64.urlsafe_b64decode(padded))
    assert base64.urlsafe_b64decode(text + "==") == salt
    assert inner == value
    assert made.value == dump_json(value)
    assert made.digest == digest(made.segment)


def test_a_disclosure_has_one_spelling() -> None:
    made = Disclosure.write(SALT, '{"a":"é"}')
    assert made.segment == b64url_bytes(f'["{GOOD}",{{"a":"é"}}]'.encode())
    assert Disclosure.parse(made.segment) == made


def test_the_algorithm_is_the_one_that_the_digests_are_made_with() -> None:
    assert DIGEST_ALGORITHM == "sha-256"


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_no_disclosure_is_written_that_would_not_be_read(length: int) -> None:
    with refused("disclosure-salt"):
        Disclosure.write(bytes(length), "{}")


# disclosures that are refused

REFUSED: list[tuple[str, bytes, Malformed]] = [
    ("a claim by its name", segment([GOOD, "iss", "https://evil.example"]), "disclosure-claim"),
    ("a claim that is an object", segment([GOOD, "issuer", {"id": "x"}]), "disclosure-claim"),
    ("a claim with no good salt", segment(["x", "iss", "y"]), "disclosure-claim"),
    ("a claim whose name is no text", segment([GOOD, 1, {}]), "disclosure-claim"),
    ("no salt", segment(["", {}]), "disclosure-salt"),
    ("a salt of 15 bytes", segment([b64url_encode(bytes(15)), {}]), "disclosure-salt"),
    ("a salt of 17 bytes", segment([b64url_encode(bytes(17)), {}]), "disclosure-salt"),
    ("a salt of 21 characters", segment([GOOD[:-2] + "A", {}]), "disclosure-salt"),
    ("a salt of 23 characters", segment([GOOD + "A", {}]), "disclosure-salt"),
    ("a salt with stray bits", segment([GOOD[:-1] + "x", {}]), "disclosure-salt"),
    ("a salt with padding", segment([GOOD + "==", {}]), "disclosure-salt"),
    ("a salt in base64", segment(["+" + GOOD[1:], {}]), "disclosure-salt"),
    ("a salt with a letter of no alphabet", segment(["é" + GOOD[1:], {}]), "disclosure-salt"),
    ("a salt with a line break behind it", segment([GOOD + "\n", {}]), "disclosure-salt"),
    ("a salt that is a number", segment([1, {}]), "disclosure-shape"),
    ("a salt that is an object", segment([{}, {}]), "disclosure-shape"),
    ("a salt that is null", segment([None, {}]), "disclosure-shape"),
    ("a text", segment([GOOD, "FR"]), "disclosure-shape"),
    ("a number", segment([GOOD, 1]), "disclosure-shape"),
    ("null", segment([GOOD, None]), "disclosure-shape"),
    ("an array", segment([GOOD, [{}]]), "disclosure-shape"),
    ("four elements", segment([GOOD, "a", 1, {}]), "disclosure-shape"),
    ("a salt alone", segment([GOOD]), "disclosure-shape"),
    ("an empty array", segment([]), "disclosure-shape"),
    ("no array", segment({"salt": GOOD}), "disclosure-shape"),
    ("a text alone", segment(GOOD), "disclosure-shape"),
    ("nothing", b"", "not-json"),
    ("no JSON", b64url_bytes(b'["' + GOOD.encode() + b'",{}'), "not-json"),
    ("JSON and more", b64url_bytes(b'["' + GOOD.encode() + b'",{}]x'), "not-json"),
    ("no UTF-8", b64url_bytes(b'["\xff",{}]'), "not-utf8"),
    ("a float", b64url_bytes(b'["' + GOOD.encode() + b'",1.5]'), "not-an-integer"),
    ("half a surrogate pair", b64url_bytes(b'["\\ud800",{}]'), "lone-surrogate"),
    ("deep nesting", b64url_bytes(b"[" * 33 + b"]" * 33), "too-deep"),
    ("a space", b64url_bytes(b'["' + GOOD.encode() + b'", {}]'), "not-canonical"),
    ("a space in front", b64url_bytes(b' ["' + GOOD.encode() + b'",{}]'), "not-canonical"),
    ("a line break behind", b64url_bytes(b'["' + GOOD.encode() + b'",{}]\n'), "not-canonical"),
    (
        "an escape in the salt",
        b64url_bytes(b'["\\u0041AAAAAAAAAAAAAAAAAAAAA",{}]'),
        "not-canonical",
    ),
    ("padding", one(1).segment + b"=", "base64-padding"),
    ("base64", b"+" + one(1).segment[1:], "base64-alphabet"),
    ("a point", b"e30.", "base64-alphabet"),
    ("white space", one(1).segment + b"\n", "base64-alphabet"),
    ("an impossible length", b"WyJsa", "base64-length"),
    ("stray bits", b"WyJ" + b"x", "not-json"),
    ("stray bits at the end", b"WyJsa2x", "base64-tail-bits"),
]


@pytest.mark.parametrize(
    ("text", "reason"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_a_disclosure_is_refused_with_its_number(text: bytes, reason: Malformed) -> None:
    with refused(reason, "there"):
        Disclosure.parse(text, "there")
    with refused(reason, "disclosure 2"):
        SDJWT.parse(document(one(1).segment, text, one(2).segment))


def test_what_a_disclosure_holds_is_left_to_whoever_knows_its_form() -> None:
    """The caller parses ``value``: its form is stricter than JSON."""
    for value in (b'{"a": 1}', b'{"a":1,"a":2}', b"{},{}", b"{\xff}"):
        text = b64url_bytes(b'["%b",%b]' % (GOOD.encode(), value))
        assert Disclosure.parse(text).value == value


# documents


@settings(deadline=None)
@given(several)
def test_a_document_is_written_and_read_back(written: list[Disclosure]) -> None:
    text = serialize_sd_jwt(JWT, written)
    found = SDJWT.parse(text)
    assert found == (JWT, tuple(written))
    assert str(found) == text.decode()


def test_a_document_without_disclosures_ends_with_the_separator() -> None:
    assert SDJWT.parse(JWT + b"~") == SDJWT(JWT, ())
    assert serialize_sd_jwt(JWT, ()) == JWT + b"~"


DOCUMENTS: list[tuple[str, bytes, Malformed, str]] = [
    ("nothing", b"", "not-sd-jwt", ""),
    ("a JWT", JWT, "not-sd-jwt", ""),
    ("a key binding", document() + JWT, "key-binding", ""),
    ("a key binding behind a disclosure", document(one(1).segment) + JWT, "key-binding", ""),
    (
        "a disclosure with no ~ behind it",
        document()[:-1] + b"~" + one(1).segment,
        "key-binding",
        "",
    ),
    ("a line break behind", document() + b"\n", "key-binding", ""),
    (
        "a key binding, before a bad disclosure is looked at",
        document(b"!") + b"x",
        "key-binding",
        "",
    ),
    ("an empty disclosure", document(b""), "not-json", "disclosure 1"),
    ("one twice", document(one(1).segment, one(1).segment), "disclosure-twice", ""),
    (
        "one twice, with another between",
        document(one(1).segment, one(2).segment, one(1).segment),
        "disclosure-twice",
        "",
    ),
    ("a byte too much", JWT + b"x" * (MAX_COMPACT - len(JWT)) + b"~", "too-large", ""),
    ("much too much", b"~" * (MAX_COMPACT + 1), "too-large", ""),
    ("129", document(*(one(i).segment for i in range(129))), "too-large", ""),
    ("129 that are none", document(*(b"!" for _ in range(129))), "too-large", ""),
    ("as many as there is room for", b"~" * MAX_COMPACT, "too-large", ""),
]


@pytest.mark.parametrize(
    ("text", "reason", "where"),
    [case[1:] for case in DOCUMENTS],
    ids=[case[0] for case in DOCUMENTS],
)
def test_a_document_is_refused(text: bytes, reason: Malformed, where: str) -> None:
    with refused(reason, where):
        SDJWT.parse(text)


def test_as_many_disclosures_as_allowed_are_read() -> None:
    assert MAX_DISCLOSURES == 128
    text = document(*(one(i).segment for i in range(128)))
    assert len(SDJWT.parse(text).disclosures) == 128


def test_a_document_may_have_as_many_bytes_as_a_jws() -> None:
    text = JWT + b"x" * (MAX_COMPACT - len(JWT) - 1) + b"~"
    assert len(text) == 65536
    assert SDJWT.parse(text).jwt == text[:-1]
    with refused("too-large"):
        SDJWT.parse(text, limit=65535)


# places

A, B, C, D = (one(number) for number in range(4))
FOREIGN = Disclosure.write(bytes(16), "{}")


def place(signed: Sequence[Disclosure], shown: Sequence[Disclosure]) -> list[Disclosure | None]:
    """Where ``shown`` belong among the digests of ``signed``."""
    return SDJWT(JWT, tuple(shown)).place([item.digest for item in signed])


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        ([], [None, None, None, None]),
        ([A, B, C, D], [A, B, C, D]),
        ([B], [None, B, None, None]),
        ([A, D], [A, None, None, D]),
        ([D], [None, None, None, D]),
    ],
)
def test_a_disclosure_stands_where_its_digest_is(
    shown: list[Disclosure], expected: list[Disclosure | None]
) -> None:
    assert place([A, B, C, D], shown) == expected


@pytest.mark.parametrize(
    ("shown", "reason", "where"),
    [
        ([FOREIGN], "disclosure-unknown", "disclosure 1"),
        ([A, B, FOREIGN], "disclosure-unknown", "disclosure 3"),
        ([A, FOREIGN, C], "disclosure-unknown", "disclosure 2"),
        ([Disclosure.parse(one(9).segment)], "disclosure-unknown", "disclosure 1"),
        ([B, A], "disclosure-order", "disclosure 2"),
        ([A, D, C], "disclosure-order", "disclosure 3"),
        ([D, FOREIGN], "disclosure-unknown", "disclosure 2"),
    ],
)
def test_a_disclosure_without_its_place_is_refused(
    shown: list[Disclosure], reason: Malformed, where: str
) -> None:
    with refused(reason, where):
        place([A, B, C, D], shown)


def test_no_disclosure_fits_where_there_are_no_digests() -> None:
    assert SDJWT(JWT, ()).place([]) == []
    with refused("disclosure-unknown", "disclosure 1"):
        SDJWT(JWT, (A,)).place([])


@settings(deadline=None)
@given(several, st.data())
def test_any_selection_in_order_is_placed_and_no_other_order_is(
    signed: list[Disclosure], data: st.DataObject
) -> None:
    shown = [item for item in signed if data.draw(st.booleans())]
    assert place(signed, shown) == [item if item in shown else None for item in signed]
    shuffled = data.draw(st.permutations(shown))
    if shuffled != shown:
        with refused("disclosure-order"):
            place(signed, shuffled)


# whatever else comes


@settings(deadline=None)
@given(
    st.binary(max_size=80)
    | st.lists(st.binary(max_size=20).map(b64url_bytes), max_size=5).map(b"~".join)
    | st.lists(st.recursive(texts, lambda inner: st.lists(inner, max_size=3)).map(segment)).map(
        lambda segments: document(*segments)
    )
)
@example(b"~")
@example(b"~~")
@example(b"\xff~")
@example(document(b64url_bytes(b"[[")))
def test_any_bytes_are_read_without_loss_or_refused(text: bytes) -> None:
    found = outcome(SDJWT.parse, text)
    if isinstance(found, MalformedError):
        assert found.message
    else:
        assert serialize_sd_jwt(found.jwt, found.disclosures) == text


WHOLE = document(*(item.segment for item in (A, B, C)))


def test_every_byte_of_a_document_counts() -> None:
    """What changes is refused, or makes the JWT another one, which the signature covers."""
    digests = [item.digest for item in (A, B, C)]
    for position, value in enumerate(WHOLE):
        for other in {value ^ 1, ord("A"), ord("~"), ord("."), ord("="), 0x80} - {value}:
            changed = WHOLE[:position] + bytes([other]) + WHOLE[position + 1 :]
            found = outcome(lambda text: _read(text, digests), changed)
            if not isinstance(found, MalformedError):
                assert found[0] != JWT
                assert position <= len(JWT)


def test_every_truncation_is_refused_or_shows_less() -> None:
    digests = [item.digest for item in (A, B, C)]
    whole = [length for length in range(len(WHOLE)) if _is_read(WHOLE[:length], digests)]
    assert whole == [i + 1 for i, byte in enumerate(WHOLE[:-1]) if byte == ord("~")]


def _read(text: bytes, digests: list[str]) -> tuple[bytes, list[Disclosure | None]]:
    sd_jwt = SDJWT.parse(text)
    return sd_jwt.jwt, sd_jwt.place(digests)


def _is_read(text: bytes, digests: list[str]) -> bool:
    return not isinstance(outcome(lambda: _read(text, digests)), MalformedError)
