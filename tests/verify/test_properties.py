"""Whatever is changed is refused, whatever we sign is accepted, and bytes raise nothing."""

import string
from datetime import UTC, date, datetime, timedelta
from unicodedata import normalize
from uuid import UUID

import jwt
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from joserfc import jws as joserfc_jws
from joserfc.jwk import KeySet

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS
from signedcert.documents.openbadges import CERTIFICATE_FORM, STATUS_LIST_SIZE, Credential
from signedcert.documents.text import MAX_NAME, MAX_SUMMARY, MAX_TITLE, check_text
from signedcert.errors import MalformedError
from signedcert.trust.jwks import jwks, pyjwk
from signedcert.verify.report import Verdict
from signedcert.verify.verifier import Verifier
from tests.reference import AT, ISSUER, World, course, credential

#: Positions and lengths as shares, so that one strategy fits documents of any length.
SHARE = st.floats(0, 1, exclude_max=True)


@pytest.fixture(scope="module", params=["world", "ed25519_world"])
def either(request: pytest.FixtureRequest) -> World:
    found: World = request.getfixturevalue(request.param)
    return found


@pytest.fixture(scope="module")
def document(either: World) -> bytes:
    return either.document()


@pytest.fixture(scope="module")
def verifier(either: World) -> Verifier:
    return Verifier(either.trust)


@settings(max_examples=500)
@given(share=SHARE, value=st.integers(0, 255))
def test_a_changed_byte_anywhere_is_refused(
    document: bytes, verifier: Verifier, share: float, value: int
) -> None:
    position = int(share * len(document))
    assume(value != document[position])
    changed = document[:position] + bytes([value]) + document[position + 1 :]
    report = verifier.report(changed, at=AT)
    assert not report
    assert report.credential is None


def test_the_lowest_bit_of_every_byte_counts(document: bytes, verifier: Verifier) -> None:
    for position, value in enumerate(document):
        changed = document[:position] + bytes([value ^ 1]) + document[position + 1 :]
        assert not verifier.report(changed, at=AT), position


def test_another_letter_at_every_place_is_refused(document: bytes, verifier: Verifier) -> None:
    """One that stays within base64url, so that more than the alphabet has to notice."""
    for position, value in enumerate(document):
        letter = b"Q" if value != ord("Q") else b"g"
        changed = document[:position] + letter + document[position + 1 :]
        assert not verifier.report(changed, at=AT), position


def test_every_truncation_is_refused(document: bytes, verifier: Verifier) -> None:
    for length in range(len(document)):
        assert not verifier.report(document[:length], at=AT), length


@given(share=SHARE, inserted=st.binary(min_size=1, max_size=8))
@example(share=0.5, inserted=b" ")
@example(share=0.5, inserted=b"\n")
@example(share=0.5, inserted=b".")
def test_inserted_bytes_are_refused(
    document: bytes, verifier: Verifier, share: float, inserted: bytes
) -> None:
    position = int(share * (len(document) - 1)) + 1
    assert not verifier.report(document[:position] + inserted + document[position:], at=AT)


@given(share=SHARE, length=st.integers(1, 8))
def test_removed_bytes_are_refused(
    document: bytes, verifier: Verifier, share: float, length: int
) -> None:
    position = int(share * len(document))
    assert not verifier.report(document[:position] + document[position + length :], at=AT)


@settings(max_examples=300)
@given(share=SHARE, value=st.integers(0, 255))
def test_a_changed_byte_of_a_bundle_is_not_authentic(
    document: bytes, verifier: Verifier, share: float, value: int
) -> None:
    bundle = Bundle(document.decode(), course().text).encode()
    position = int(share * len(bundle))
    assume(value != bundle[position])
    changed = bundle[:position] + bytes([value]) + bundle[position + 1 :]
    assert not verifier.report(changed, at=AT)


@settings(max_examples=300)
@given(st.one_of(st.binary(), st.text().map(lambda text: text.encode("utf-8", "surrogatepass"))))
@example(b"")
@example(b"eyJ.")
@example(b"eyJ..")
@example(b'{"version":1,"document":"eyJ.."}')
@example(b'{"version":1,"document":"\\ud800"}')
@example(b"[" * 100_000)
@example(b'{"version":' + b"[" * 100_000)
def test_any_bytes_lead_to_a_report(verifier: Verifier, data: bytes) -> None:
    report = verifier.report(data, at=AT, code=repr(data))
    assert report.verdict in (Verdict.NOT_AUTHENTIC, Verdict.UNREADABLE)
    assert len(report.checks) == 10


@given(payload=st.binary(max_size=200))
@example(payload=b"null")
@example(payload=b"[]")
@example(payload=b"{}")
@example(payload=b'"' + b"\\" * 99)
def test_any_payload_under_a_good_signature_leads_to_a_report(
    either: World, verifier: Verifier, payload: bytes
) -> None:
    report = verifier.report(either.sign(payload), at=AT)
    assert report.verdict is Verdict.NOT_AUTHENTIC
    assert report.decisive.step in (1, 4)


TEXT_FIELDS = [name for name in Credential._fields if isinstance(getattr(credential(), name), str)]


@given(member=st.sampled_from(TEXT_FIELDS), text=st.text(max_size=20))
@example(member="learner", text='Ada "Countess" \\ Lovelace')
@example(member="learner", text="Ada\u0007")
def test_a_text_in_any_place_is_refused_or_read_as_it_is(
    either: World, verifier: Verifier, member: str, text: str
) -> None:
    """By the form as by the parser: no text can break out of its place."""
    changed = credential()._replace(**{member: text})  # type: ignore[arg-type]
    values = {**_on_the_wire(), member: text}
    try:
        payload = CERTIFICATE_FORM.write([values[name] for name in CERTIFICATE_FORM.holes])
    except UnicodeEncodeError:
        assert not text.isprintable()
        return
    report = verifier.report(either.sign(payload), at=AT)
    assert report.unverified_claims() in (None, changed)
    assert (report.unverified_claims() is None) == (
        report.reason in ("claims-inconsistent", "malformed-document")
    )


def _on_the_wire() -> dict[str, str | None]:
    texts = CERTIFICATE_FORM.read(credential().encode())
    assert texts is not None
    return dict(zip(CERTIFICATE_FORM.holes, texts, strict=True))


@given(
    st.builds(Bundle, st.text(), st.one_of(st.none(), st.text()), st.one_of(st.none(), st.text()))
)
@example(bundle=Bundle("eyJ.\ud800.e30"))
def test_any_bundle_object_leads_to_a_report(verifier: Verifier, bundle: Bundle) -> None:
    report = verifier.report(bundle, at=AT)
    assert report.reason == "malformed-document"


def _is_allowed(limit: int) -> st.SearchStrategy[str]:
    def allowed(text: str) -> bool:
        try:
            check_text(text, limit, "")
        except (MalformedError, UnicodeEncodeError):
            return False
        return True

    letters = st.characters(exclude_categories=["Cs", "Cc"])
    return (
        st.text(letters, min_size=1, max_size=limit // 4)
        .map(lambda text: normalize("NFC", text).strip())
        .filter(allowed)
    )


SLUG = st.lists(
    st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8), min_size=1, max_size=4
).map("-".join)
SECOND = st.integers(0, 4102444800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
UUID4 = st.uuids(version=4).map(str)


@st.composite
def credentials(draw: st.DrawFn) -> Credential:
    """Any certificate that this institution could sign."""
    completed = draw(st.dates(date(1900, 1, 1)))
    valid_from = draw(SECOND)
    seconds = draw(st.one_of(st.none(), st.integers(1, 10**9)))
    return Credential(
        id=draw(UUID4),
        title=draw(_is_allowed(MAX_TITLE)),
        issuer=ISSUER,
        issuer_name=draw(_is_allowed(MAX_TITLE)),
        valid_from=valid_from,
        valid_until=None if seconds is None else valid_from + timedelta(seconds=seconds),
        subject=draw(UUID4),
        learner=draw(_is_allowed(MAX_NAME)),
        started=draw(st.one_of(st.none(), st.dates(date(1, 1, 1), completed))),
        completed=completed,
        course=draw(SLUG),
        version=draw(st.integers(1, 10_000)),
        description=draw(_is_allowed(MAX_SUMMARY)),
        narrative=draw(_is_allowed(MAX_SUMMARY)),
        digest="sha256-" + draw(st.sampled_from(["A" * 43 + "=", "+/" * 21 + "8="])),
        status_list=draw(st.integers(1, 10_000)),
        status_index=draw(st.integers(0, STATUS_LIST_SIZE - 1)),
    )


@settings(max_examples=100)
@given(signed=credentials())
def test_whatever_we_sign_we_accept_and_show(
    either: World, verifier: Verifier, signed: Credential
) -> None:
    document = either.sign(signed.encode())
    report = verifier.report(document, at=signed.valid_from)
    assert report.verdict is Verdict.AUTHENTIC
    assert report.credential == signed
    assert verifier.verify(document, at=signed.valid_from).learner == signed.learner


@settings(max_examples=100)
@given(signed=credentials())
def test_whatever_we_sign_pyjwt_accepts(world: World, signed: Credential) -> None:
    token = world.sign(signed.encode()).decode()
    claims = jwt.decode(
        token,
        pyjwk(world.trust, token),
        algorithms=["ES256"],
        options={"verify_nbf": False, "verify_exp": False},
    )
    assert claims["credentialSubject"]["identifier"][0]["identityHash"] == signed.learner
    assert claims["nbf"] == int(signed.valid_from.timestamp())
    assert UUID(claims["jti"].removeprefix("urn:uuid:")) == UUID(signed.id)


@settings(max_examples=100)
@given(signed=credentials())
def test_whatever_we_sign_joserfc_accepts_with_the_key_set(
    either: World, signed: Credential
) -> None:
    keys = KeySet.import_key_set({"keys": [dict(one) for one in jwks(either.manifest)["keys"]]})
    token = either.sign(signed.encode()).decode()
    found = joserfc_jws.deserialize_compact(token, keys, algorithms=["ES256", "Ed25519"])
    assert found.payload == signed.encode()


@settings(max_examples=50)
@given(message=st.binary(max_size=100))
def test_a_signature_of_ours_has_one_spelling(either: World, message: bytes) -> None:
    """A second signature for one content would be a second code."""
    assert either.sign(message) == either.sign(message)
    signature = CompactJWS.parse(either.sign(message)).signature
    either.key.public_key.verify(signature, either.sign(message).rpartition(b".")[0])
    assert len(signature) == 64
