"""The bundle: one spelling, and companions that can do the document no harm."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signedcert.carriers.bundle import MAX_BUNDLE, MEDIA_TYPE, SUFFIX, Bundle
from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.core.code import VerificationCode
from signedcert.core.jws import MAX_COMPACT, CompactJWS
from signedcert.errors import IssueError, MalformedError
from tests.core.refusal import refused
from tests.reference import World, course, record

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
OPTIONAL = st.one_of(st.none(), TEXT)
#: The example of RFC 7515, appendix A.3, its payload cut short; nothing here checks signatures.
JWS = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UifQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8I"  # noqa: E501


def bundle_with(rest: str) -> bytes:
    return f'{{"version":1,"document":"{JWS}"{rest}}}'.encode()


@given(document=TEXT, course_text=OPTIONAL, proof=OPTIONAL)
def test_what_was_encoded_is_read_as_it_was(
    document: str, course_text: str | None, proof: str | None
) -> None:
    bundle = Bundle(document, course_text, proof)
    assert Bundle.parse(bundle.encode()) == bundle


def test_the_spelling_is_the_one_of_the_format() -> None:
    assert Bundle(JWS).encode() == bundle_with("")
    assert Bundle(JWS, "{}", "p").encode() == bundle_with(',"proof":"p","course":"{}"')


def test_a_course_keeps_every_character() -> None:
    text = '{\r\n\t"title": "\\u0041 é 😀 \u2028"\n}\n'
    assert Bundle.parse(Bundle(JWS, text).encode()).course == text


def test_a_real_course_fits_with_room_to_spare(world: World) -> None:
    data = Bundle(world.document().decode(), course().text).encode()
    assert Bundle.parse(data).course == course().text
    assert len(data) < MAX_BUNDLE / 10


@pytest.mark.parametrize("before", ["", " ", "\n", "\r\n\t "])
@pytest.mark.parametrize("after", ["", "\n", " \r\n\r\n"])
def test_a_bare_document_may_have_white_space_around(before: str, after: str) -> None:
    assert Bundle.parse(f"{before}{JWS}{after}".encode()) == Bundle(JWS)


SD_JWT = f"{JWS}~"


@pytest.mark.parametrize("before", ["", " ", "\r\n\t "])
@pytest.mark.parametrize("after", ["", "\n", " \r\n\r\n"])
def test_a_bare_record_may_have_white_space_around(before: str, after: str, world: World) -> None:
    for document in (SD_JWT, world.record().decode()):
        assert Bundle.parse(f"{before}{document}{after}".encode()) == Bundle(document)


def test_a_record_keeps_its_disclosures_in_a_bundle(world: World) -> None:
    bundle = Bundle(world.record().decode(), course().text)
    assert Bundle.parse(bundle.encode()) == bundle
    assert bundle.document.count("~") == 17


def test_the_code_of_a_record_is_that_of_its_jwt_however_much_it_shows(world: World) -> None:
    whole = Bundle(world.record().decode(), course().text)
    jws = CompactJWS.parse(whole.document.partition("~")[0].encode())
    expected = VerificationCode.derive(jws.signing_input, jws.signature)
    parts = [whole, whole.present([1, 15], with_name=True), whole.present([], with_name=False)]
    assert [one.code for one in parts] == [expected] * 3
    assert Bundle(parts[2].document + "what nobody signed").code == expected
    assert Bundle(world.document().decode()).code != expected


@pytest.mark.parametrize("document", ["~", "a.b~", "~a.b.c", "eyJ.e30~.c"])
def test_what_is_no_record_has_no_code(document: str) -> None:
    with pytest.raises(MalformedError) as caught:
        _ = Bundle(document).code
    assert caught.value.reason == "not-three-parts"


def test_a_presentation_has_the_companions_of_the_whole(world: World) -> None:
    whole = Bundle(world.record().decode(), course().text, "a proof", ("proof",))
    part = whole.present([3, 1], with_name=False)
    assert part == whole._replace(document=part.document)
    segments = whole.document.split("~")
    assert part.document.split("~") == [segments[0], segments[2], segments[4], ""]
    assert whole.document == world.record().decode()
    assert whole.present(range(1, 16), with_name=True) == whole


def test_a_presentation_shows_what_was_chosen(world: World) -> None:
    shown = Bundle(world.record().decode()).present([2], with_name=True).unverified_record()
    expected = record().results
    assert shown.learner == record().learner
    assert shown.results[1] == expected[1]
    assert [one.shown for one in shown.results] == [number == 2 for number in range(1, 16)]


@pytest.mark.parametrize("number", [0, -1, 16])
def test_a_result_that_is_not_in_it_cannot_be_presented(number: int, world: World) -> None:
    with refused("result-unknown", "results", kind=IssueError):
        Bundle(world.record().decode()).present([number], with_name=True)


def test_a_certificate_has_nothing_to_choose_from(world: World) -> None:
    bundle = Bundle(world.document().decode())
    with refused("not-sd-jwt"):
        bundle.present([1], with_name=True)
    with refused("not-sd-jwt"):
        bundle.unverified_record()


def test_the_code_is_the_document_s(world: World) -> None:
    document = world.document()
    jws = CompactJWS.parse(document)
    expected = VerificationCode.derive(jws.signing_input, jws.signature)
    assert Bundle(document.decode(), "course").code == expected
    assert Bundle.parse(document).code == expected


@pytest.mark.parametrize("document", ["", "a.b", "eyJ.\ud800.", "eyJ.é."])
def test_what_is_no_document_has_no_code(document: str) -> None:
    with pytest.raises(MalformedError) as caught:
        _ = Bundle(document).code
    assert caught.value.reason in ("not-three-parts", "base64-alphabet")


DAMAGED = {
    ',"course":17': ("course",),
    ',"course":null': ("course",),
    ',"course":{"title":"x"}': ("course",),
    ',"proof":[]': ("proof",),
    ',"proof":true,"course":false': ("proof", "course"),
}


@pytest.mark.parametrize("rest", DAMAGED)
def test_a_damaged_companion_is_named_and_dropped(rest: str) -> None:
    bundle = Bundle.parse(bundle_with(rest))
    assert bundle == Bundle(JWS, damaged=DAMAGED[rest])
    assert bundle.encode() == Bundle(JWS).encode()


def test_a_damaged_companion_does_not_take_the_other_one_along() -> None:
    bundle = Bundle.parse(bundle_with(',"proof":0,"course":"{}"'))
    assert bundle == Bundle(JWS, "{}", damaged=("proof",))


REFUSALS: dict[str, tuple[bytes, str]] = {
    "nothing": (b"", "no-document"),
    "white space": (b" \n", "no-document"),
    "a web page": (b"<!DOCTYPE html><p>eyJ", "no-document"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "no-document"),
    "a PNG": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "no-document"),
    "no point": (b"eyJhbGciOiJFUzI1NiJ9", "no-document"),
    "a form feed before it": (b"\f" + JWS.encode(), "no-document"),
    "a byte order mark": (b"\xef\xbb\xbf" + bundle_with(""), "no-document"),
    "JSON in UTF-16": (bundle_with("").decode().encode("utf-16"), "no-document"),
    "other JSON": (b'{"document":"x"}', "no-document"),
    "a space": (bundle_with(', "course":""'), "not-canonical"),
    "a needless escape": (bundle_with(r',"course":"\u0041"'), "not-canonical"),
    "half a surrogate pair": (bundle_with(r',"course":"\ud800"'), "lone-surrogate"),
    "cut off": (bundle_with("")[:-1], "not-json"),
    "not UTF-8": (bundle_with(',"course":"x"').replace(b'"x"', b'"\xff"'), "not-utf8"),
    "a member twice": (bundle_with(',"course":"","course":""'), "duplicate-member"),
    "a float": (bundle_with(',"proof":1.5'), "not-an-integer"),
    "an unknown member": (bundle_with(',"receipt":""'), "member-unknown"),
    "the order of members": (bundle_with(',"course":"","proof":""'), "member-order"),
    "course before document": (b'{"version":1,"course":"","document":"x"}', "member-order"),
    "no document in it": (b'{"version":1}', "member-missing"),
    "a document that is no text": (b'{"version":1,"document":{}}', "wrong-type"),
    "version 0": (b'{"version":0,"document":"x"}', "wrong-value"),
    "version 2": (b'{"version":2,"document":"x"}', "wrong-value"),
    "version 2 with other members": (b'{"version":2,"record":"x"}', "wrong-value"),
    "version true": (b'{"version":true,"document":"x"}', "wrong-type"),
    "version 1.0": (b'{"version":1.0,"document":"x"}', "not-an-integer"),
    "a byte too much": (Bundle(JWS, "x" * MAX_BUNDLE).encode(), "too-large"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bytes_are_refused(name: str) -> None:
    data, reason = REFUSALS[name]
    with pytest.raises(MalformedError) as caught:
        Bundle.parse(data, "file")
    assert caught.value.reason == reason
    assert caught.value.where.startswith("file")


@pytest.mark.parametrize("before", ["", "\n", " \t\r\n"])
def test_white_space_around_a_bundle_is_the_file_s(before: str) -> None:
    data = bundle_with(',"course":"{}"')
    assert Bundle.parse(before.encode() + data + b"\r\n").encode() == data


@pytest.mark.parametrize(
    "text",
    [JWS.replace(".", ".\n"), f"{JWS} {JWS}", JWS + "\v", JWS + "é"],
    ids=["two lines", "two documents", "a vertical tab behind it", "a letter behind it"],
)
def test_a_spoilt_document_is_left_for_the_parser_to_refuse(text: str) -> None:
    bundle = Bundle.parse(text.encode())
    with pytest.raises(MalformedError):
        _ = bundle.code


def test_a_long_document_is_left_for_the_parser_to_refuse() -> None:
    document = "eyJ." + "x" * MAX_COMPACT
    bundle = Bundle.parse(document.encode())
    assert bundle.document == document
    with pytest.raises(MalformedError, match="too-large"):
        _ = bundle.code


def test_bytes_in_a_document_that_are_not_ascii_do_not_vanish() -> None:
    assert Bundle.parse(JWS.encode() + b"\xff").document != JWS


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / f"certificate{SUFFIX}"
    bundle = Bundle(JWS, course().text)
    bundle.write(path)
    assert Bundle.read(path) == bundle
    assert Bundle.read(str(path)) == bundle
    assert [file.name for file in tmp_path.iterdir()] == ["certificate.signedcert"]


def test_a_file_that_is_there_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.signedcert"
    Bundle(JWS, "a long course " * 100).write(path)
    Bundle(JWS).write(path)
    assert path.read_bytes() == Bundle(JWS).encode()


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.signedcert"):
        with pytest.raises(MalformedError) as caught:
            Bundle.read(path)
        assert (caught.value.reason, caught.value.where) == ("unreadable-file", str(path))


def test_a_file_that_is_too_large_is_not_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "x.signedcert"
    for data in (b" " * (MAX_CARRIER + 1), b'{"version":' + b" " * MAX_BUNDLE + b"1}"):
        path.write_bytes(data)
        with pytest.raises(MalformedError) as caught:
            Bundle.read(path)
        assert (caught.value.reason, caught.value.where) == ("too-large", str(path))


def test_a_file_with_something_else_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7")
    with pytest.raises(MalformedError) as caught:
        Bundle.read(path)
    assert (caught.value.reason, caught.value.where) == ("carrier-damaged", str(path))


def test_the_media_type_says_what_it_is() -> None:
    assert MEDIA_TYPE.endswith("+json")


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(data: bytes) -> None:
    _refused_or_lossless(data)


WIRE = Bundle(JWS, '{"title":"Ærø"}', "c2sp.org/tlog-proof@v1\nindex 3\n").encode()


@given(
    position=st.integers(0, len(WIRE)),
    length=st.integers(0, 4),
    insert=st.one_of(
        st.binary(max_size=3), st.sampled_from([b'"', b"\\", b",", b"{}", b"1", b"[]"])
    ),
)
def test_mutated_bytes_are_refused_or_read_without_loss(
    position: int, length: int, insert: bytes
) -> None:
    _refused_or_lossless(WIRE[:position] + insert + WIRE[position + length :])


def _refused_or_lossless(data: bytes) -> None:
    try:
        bundle = Bundle.parse(data)
    except MalformedError as error:
        assert error.message  # noqa: PT017 - any refusal will do
        return
    bare = not data.startswith(b"{")
    assert bundle.damaged or bare or bundle.encode() == data.strip(b" \t\r\n")
