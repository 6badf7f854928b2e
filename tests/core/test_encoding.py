"""One spelling per value: base64, base64url, decimals and JSON."""

import json
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signedcert.core.encoding import (
    MAX_COMMAS,
    MAX_CONTAINERS,
    MAX_DEPTH,
    MAX_INTEGER,
    b64_decode,
    b64_encode,
    b64url_decode,
    b64url_encode,
    check_size,
    decode_utf8,
    dump_json,
    format_time,
    parse_canonical_json,
    parse_decimal,
    parse_json,
    parse_time,
)
from signedcert.errors import Malformed, MalformedError
from tests.core.refusal import outcome, refused

LIMIT = 4096
URL_SAFE = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

Json: TypeAlias = Any

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
json_values: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


# base64url


@given(st.binary(max_size=200))
def test_base64url_round_trip(data: bytes) -> None:
    assert b64url_decode(b64url_encode(data).encode()) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        # RFC 4648, section 10, without the padding
        (b"", ""),
        (b"f", "Zg"),
        (b"fo", "Zm8"),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg"),
        (b"fooba", "Zm9vYmE"),
        (b"foobar", "Zm9vYmFy"),
        (b"\xfb\xff\xfe", "-__-"),
    ],
)
def test_base64url_known_spellings(data: bytes, text: str) -> None:
    assert b64url_encode(data) == text
    assert b64url_decode(text.encode()) == data


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"Zg==", "base64-padding"),
        (b"Zm8=", "base64-padding"),
        (b"Zm9v=", "base64-padding"),
        (b"Zm9v====", "base64-padding"),
        (b"=", "base64-padding"),
        (b"Z g", "base64-alphabet"),
        (b" Zg", "base64-alphabet"),
        (b"Zg\n", "base64-alphabet"),
        (b"Zg\r\n", "base64-alphabet"),
        (b"Zm9v\t", "base64-alphabet"),
        (b"Zg=A", "base64-alphabet"),
        (b"+__-", "base64-alphabet"),
        (b"-//-", "base64-alphabet"),
        (b"Zm9v.Zm9v", "base64-alphabet"),
        (b"Zm9v\x00", "base64-alphabet"),
        (b"Zm9\xc3", "base64-alphabet"),
        (b"Z", "base64-length"),
        (b"Zm9vY", "base64-length"),
        (b"Zh", "base64-tail-bits"),
        (b"Zm9", "base64-tail-bits"),
        (b"Zm9vYh", "base64-tail-bits"),
    ],
)
def test_base64url_refuses(text: bytes, reason: Malformed) -> None:
    with refused(reason, "there"):
        b64url_decode(text, "there")


@given(st.lists(st.sampled_from(URL_SAFE + b"+/= \n"), max_size=12).map(bytes) | st.binary())
@example(b"")
def test_base64url_that_is_accepted_is_its_own_spelling(text: bytes) -> None:
    data = outcome(b64url_decode, text)
    if isinstance(data, MalformedError):
        assert data.reason.startswith("base64-")
    else:
        assert b64url_encode(data).encode() == text


def test_each_of_the_64_symbols_may_stand_last() -> None:
    for symbol in URL_SAFE:
        text = b"AAA" + bytes([symbol])
        assert b64url_encode(b64url_decode(text)).encode() == text


def test_exactly_one_in_sixteen_last_symbols_is_accepted() -> None:
    results = [outcome(b64url_decode, b"Z" + bytes([symbol])) for symbol in URL_SAFE]
    refusals = [result.reason for result in results if isinstance(result, MalformedError)]
    accepted = [result for result in results if not isinstance(result, MalformedError)]
    assert sorted(accepted) == [b"d", b"e", b"f", b"g"]
    assert refusals == ["base64-tail-bits"] * 60


# base64


@given(st.binary(max_size=200))
def test_base64_round_trip(data: bytes) -> None:
    assert b64_decode(b64_encode(data).encode()) == data


@pytest.mark.parametrize(
    ("data", "text"),
    [
        # RFC 4648, section 10
        (b"", ""),
        (b"f", "Zg=="),
        (b"fo", "Zm8="),
        (b"foo", "Zm9v"),
        (b"foob", "Zm9vYg=="),
        (b"fooba", "Zm9vYmE="),
        (b"foobar", "Zm9vYmFy"),
        (b"\xfb\xff\xfe", "+//+"),
    ],
)
def test_base64_known_spellings(data: bytes, text: str) -> None:
    assert b64_encode(data) == text
    assert b64_decode(text.encode()) == data


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"Zg", "base64-padding"),
        (b"Zg=", "base64-padding"),
        (b"Zg===", "base64-padding"),
        (b"Zm8", "base64-padding"),
        (b"Zm8==", "base64-padding"),
        (b"Zm9v=", "base64-padding"),
        (b"Zm9v====", "base64-padding"),
        (b"=", "base64-padding"),
        (b"====", "base64-padding"),
        (b"Z g=", "base64-alphabet"),
        (b" Zg==", "base64-alphabet"),
        (b"Zg==\n", "base64-alphabet"),
        (b"Zg\n==", "base64-alphabet"),
        (b"Zm9v\tZm9v", "base64-alphabet"),
        (b"Zg==Zg==", "base64-alphabet"),
        (b"-__-", "base64-alphabet"),
        (b"Zm9\xc3", "base64-alphabet"),
        (b"Zm9v\x00", "base64-alphabet"),
        (b"Z", "base64-length"),
        (b"Z===", "base64-length"),
        (b"Zm9vY", "base64-length"),
        (b"Zh==", "base64-tail-bits"),
        (b"Zm9=", "base64-tail-bits"),
        (b"Zm9vYh==", "base64-tail-bits"),
    ],
)
def test_base64_refuses(text: bytes, reason: Malformed) -> None:
    with refused(reason, "there"):
        b64_decode(text, "there")


@given(st.lists(st.sampled_from(URL_SAFE + b"+/= \n"), max_size=12).map(bytes) | st.binary())
@example(b"")
def test_base64_that_is_accepted_is_its_own_spelling(text: bytes) -> None:
    data = outcome(b64_decode, text)
    if isinstance(data, MalformedError):
        assert data.reason.startswith("base64-")
    else:
        assert b64_encode(data).encode() == text


# decimals


@given(st.integers(0, MAX_INTEGER))
@example(0)
@example(MAX_INTEGER)
def test_a_decimal_is_read_as_it_is_written(number: int) -> None:
    assert parse_decimal(str(number)) == number


@pytest.mark.parametrize(
    "text",
    [
        *("", "00", "01", "+1", "-1", "-0", " 1", "1 ", "1\n", "1_0", "1,0", "1.0", "1e1", "0x1"),
        *("\u0661", "\uff11", "\u00b2", "\ud800", "ten", str(2**53), "1" * 17, "9" * 5000),
    ],
)
def test_another_spelling_of_a_decimal_is_refused(text: str) -> None:
    with refused("not-an-integer", "there"):
        parse_decimal(text, "there")


# times

moments = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.replace(microsecond=0))


@given(moments)
@example(datetime(1, 1, 1, tzinfo=UTC))
@example(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
def test_a_time_is_parsed_back(moment: datetime) -> None:
    text = format_time(moment)
    assert len(text) == 20
    assert parse_time(text) == moment
    assert parse_time(text).tzinfo == UTC


def test_every_hour_minute_and_second_is_a_time() -> None:
    midnight = datetime(2024, 2, 29, tzinfo=UTC)
    for moment in (midnight + timedelta(seconds=61 * i) for i in range(1416)):
        text = f"2024-02-29T{moment.hour:02}:{moment.minute:02}:{moment.second:02}Z"
        assert (parse_time(text), format_time(moment)) == (moment, text)


def test_a_time_is_written_in_utc_without_the_part_of_a_second() -> None:
    moment = datetime(2026, 7, 1, 0, 30, 1, 999_999, tzinfo=timezone(timedelta(hours=2)))
    assert format_time(moment) == "2026-06-30T22:30:01Z"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-06-30",
        "2026-06-30T09:30:00",
        "2026-06-30T09:30:00z",
        "2026-06-30 09:30:00Z",
        "2026-06-30T09:30:00+00:00",
        "2026-06-30T09:30:00.0Z",
        "2026-06-30T09:30Z",
        "20260630T093000Z",
        "2026-6-30T09:30:00Z",
        "2026-06-30T9:30:00Z",
        "2026-06-30T09:30:00Z\n",
        " 2026-06-30T09:30:00Z",
        "2026-06-30T24:00:00Z",
        "2026-06-30T30:00:00Z",
        "2026-06-30T09:60:00Z",
        "2026-06-30T09:30:60Z",  # a leap second has no other place in time
        "2026-W27-2T09:30:00Z",
        "12026-06-30T09:30:00Z",
        "\u0662\u0660\u0662\u0666-06-30T09:30:00Z",  # digits, but not these ten
        "0000-06-30T09:30:00Z",
        "2026-00-30T09:30:00Z",
        "2026-13-30T09:30:00Z",
        "2026-06-00T09:30:00Z",
        "2026-06-31T09:30:00Z",
        "2026-02-29T09:30:00Z",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with refused("wrong-value", "there"):
        parse_time(text, "there")


@pytest.mark.parametrize("text", ["\u202e\x1b[2J" * 100, "2026-06-30T09:30:00Z\u202e\x1b[2J"])
def test_what_is_no_time_is_shown_short_and_printable(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        parse_time(text)
    assert caught.value.message.isprintable()
    assert caught.value.message.isascii()
    assert len(caught.value.message) < 150


# text and size


def test_the_limits_are_those_of_the_specification() -> None:
    assert (MAX_DEPTH, MAX_CONTAINERS, MAX_COMMAS) == (32, 4096, 32768)


def test_text_that_is_not_utf8_is_refused_with_its_position() -> None:
    with pytest.raises(MalformedError, match="byte 2 is not UTF-8") as caught:
        decode_utf8(b"ab\xff", "name")
    assert (caught.value.reason, caught.value.where) == ("not-utf8", "name")


@pytest.mark.parametrize("data", [b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x82"])
def test_overlong_surrogate_and_truncated_utf8_is_refused(data: bytes) -> None:
    with refused("not-utf8"):
        parse_json(b'"' + data + b'"', LIMIT)


def test_a_size_at_the_limit_passes_and_one_more_does_not() -> None:
    check_size(b"12345", 5)
    check_size("12345", 5)
    with refused("too-large", "file"):
        check_size(b"123456", 5, "file")


def test_json_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    assert parse_json(b"[1,2]", 5) == [1, 2]
    with refused("too-large", "part"):
        parse_json(b"[1,2] ", 5, "part")


def test_a_refusal_names_no_place_unless_one_was_given() -> None:
    with refused("base64-padding", ""):
        b64url_decode(b"=")
    with refused("not-utf8", ""):
        decode_utf8(b"\xff")
    with refused("too-large", ""):
        check_size(b"12", 1)
    with refused("wrong-value", ""):
        parse_time("")
    with refused("not-json", ""):
        parse_json(b"", LIMIT)
    with refused("not-canonical", ""):
        parse_canonical_json(b" 1", LIMIT)


# JSON that is refused


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not-json"),
        (b" ", "not-json"),
        (b"\xef\xbb\xbf{}", "not-json"),  # a byte order mark
        (b"{}{}", "not-json"),
        (b"[1,]", "not-json"),
        (b"{'a':1}", "not-json"),
        (b'{"a":1', "not-json"),
        (b'"\x00"', "not-json"),
        (b'"\n"', "not-json"),
        (b'"\\x41"', "not-json"),
        (b'"\\u00"', "not-json"),
        (b"01", "not-json"),
        (b"+1", "not-json"),
        (b"1\x00", "not-json"),
        (b"\x0b1", "not-json"),  # a vertical tab is no JSON white space
        (b"\xc2\xa01", "not-json"),
        (b"nul", "not-json"),
        (b"\xff", "not-utf8"),
        (b"\xff\xfe1\x00", "not-utf8"),  # UTF-16
        (b'{"a":1,"a":1}', "duplicate-member"),
        (b'{"a":1,"\\u0061":1}', "duplicate-member"),
        (b'[{"x":{"a":1,"b":2,"a":3}}]', "duplicate-member"),
        (b'{"a":[{"a":1,"a":1}]}', "duplicate-member"),
        (b"NaN", "not-an-integer"),
        (b"Infinity", "not-an-integer"),
        (b"[-Infinity]", "not-an-integer"),
        (b"1.0", "not-an-integer"),
        (b"1e3", "not-an-integer"),
        (b"1E+3", "not-an-integer"),
        (b"0.5", "not-an-integer"),
        (b"-0", "not-an-integer"),
        (b'{"a":-0}', "not-an-integer"),
        (b"9007199254740992", "not-an-integer"),
        (b"-9007199254740992", "not-an-integer"),
        (b"1" + b"0" * 3000, "not-an-integer"),
        (b"-1" + b"0" * 3000, "not-an-integer"),
        (b'"\\ud800"', "lone-surrogate"),
        (b'"\\udc00\\ud800"', "lone-surrogate"),
        (b'["a",{"b":"\\uDFFF"}]', "lone-surrogate"),
        (b'{"\\ud800":1}', "lone-surrogate"),
    ],
)
def test_json_refuses(data: bytes, reason: Malformed) -> None:
    with refused(reason, "there"):
        parse_json(data, LIMIT, "there")


def test_a_refused_number_is_repeated_unless_it_is_long() -> None:
    with pytest.raises(MalformedError, match=r"^-9007199254740992 is not"):
        parse_json(b"-9007199254740992", LIMIT)
    # Python converts no number of over 4,300 digits, and says so with another exception.
    with pytest.raises(MalformedError, match=f"^{'1' * 16}… is not"):
        parse_json(b"1" * 100_000, 2**20)


def test_a_repeated_member_is_named() -> None:
    with pytest.raises(MalformedError, match="member 'b' stands twice"):
        parse_json(b'{"a":1,"b":2,"c":3,"b":4}', LIMIT)


def test_a_repeated_member_is_shown_without_control_characters() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_json(b'{"\\u001b[2J":1,"\\u001b[2J":2}', LIMIT)
    assert caught.value.message.isprintable()
    assert caught.value.message.isascii()


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b" {\r\n\t} ", {}),
        (b"9007199254740991", MAX_INTEGER),
        (b"-9007199254740991", -MAX_INTEGER),
        (b"0", 0),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b'"\\u0000"', "\0"),
        (b'{"b":[true,false,null],"a":"\\/"}', {"b": [True, False, None], "a": "/"}),
    ],
)
def test_json_accepts(data: bytes, value: Json) -> None:
    assert parse_json(data, LIMIT) == value


# depth


@pytest.mark.parametrize(("left", "right"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_depth_32_is_read_and_33_is_refused(left: bytes, right: bytes) -> None:
    def nested(depth: int) -> bytes:
        return left * depth + (b"0" if left != b"[" else b"") + right * depth

    assert parse_json(nested(MAX_DEPTH), LIMIT)
    with refused("too-deep", "there"):
        parse_json(nested(MAX_DEPTH + 1), LIMIT, "there")


def test_depth_is_counted_where_brackets_are_many() -> None:
    def nested(depth: int) -> bytes:
        before = b"[" + b"[]," * (MAX_CONTAINERS - depth)
        return before + b"[" * (depth - 1) + b"]" * depth

    assert parse_json(nested(MAX_DEPTH), 2**20)
    with refused("too-deep", "there"):
        parse_json(nested(MAX_DEPTH + 1), 2**20, "there")


@pytest.mark.parametrize(
    "data",
    [
        b'"' + b"[" * 100 + b'"',
        b'["\\"' + b"[{" * 50 + b'"]',
        b'["\\\\","' + b"{" * 100 + b'"]',
        b"[" + b"[]," * 100 + b"[]]",
    ],
)
def test_brackets_in_strings_and_side_by_side_are_no_depth(data: bytes) -> None:
    assert parse_json(data, LIMIT) == json.loads(data)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"[" * 100_000, "too-deep"),
        (b'{"a":' * 20_000, "too-deep"),
        (b'["\\\\"' + b",[" * 50_000, "too-deep"),  # the backslash is escaped: the string has ended
        (b'"' * 3 + b"[" * 100_000, "not-json"),
        (b"]" * 50_000 + b"[" * 50_000, "not-json"),
        (b"]" + b"[" * 50_000, "not-json"),
        (b'"\\' + b"[" * 100_000, "not-json"),
        (b'\\"' + b"[" * 100_000, "not-json"),
    ],
)
def test_hostile_nesting_never_reaches_the_stack(data: bytes, reason: Malformed) -> None:
    with refused(reason, "there"):
        parse_json(data, 2**20, "there")


def _many(limit: int, element: bytes) -> bytes:
    return b"[" + b",".join([element] * limit) + b"]"


def test_the_largest_number_of_values_is_read() -> None:
    assert len(parse_json(_many(MAX_COMMAS + 1, b"0"), 2**20)) == MAX_COMMAS + 1
    assert len(parse_json(_many(MAX_CONTAINERS - 1, b"{}"), 2**20)) == MAX_CONTAINERS - 1
    assert parse_json(b'["' + b'[{,\\"' * 100_000 + b'"]', 2**20)
    members = b",".join(b'"[%x":"[,"' % i for i in range(MAX_COMMAS + 1))
    assert len(parse_json(b"{" + members + b"}", 2**20)) == MAX_COMMAS + 1


@pytest.mark.parametrize(
    "data",
    [
        _many(MAX_COMMAS + 2, b"0"),
        _many(MAX_CONTAINERS, b"{}"),
        _many(MAX_CONTAINERS, b"[]"),
        _many(MAX_COMMAS + 2, b'","'),
        _many(200_000, b'""'),
    ],
)
def test_values_that_would_take_long_to_build_are_refused_first(data: bytes) -> None:
    with refused("too-large", "there"):
        parse_json(data, 2**20, "there")


def test_a_repeated_member_among_very_many_is_found_at_once() -> None:
    """The search was quadratic: 45 KB of members took a quarter of a second, 1 MB minutes."""
    members = b",".join(b'"%x":0' % i for i in range(MAX_COMMAS))
    begun = time.thread_time()
    with refused("duplicate-member"):
        parse_json(b"{" + members + b',"7fff":0}', 2**20)
    assert time.thread_time() - begun < 2


# one spelling


@given(json_values)
@example({"": [{}, [], "", 0, -1, '\x7f\u2028\U0001f600"\\/']})
def test_what_is_dumped_is_parsed_back(value: Json) -> None:
    data = dump_json(value)
    parsed = parse_canonical_json(data, len(data))
    assert parsed == value
    assert dump_json(parsed) == data


@given(json_values)
def test_the_canonical_spelling_is_what_other_parsers_read(value: Json) -> None:
    assert json.loads(dump_json(value)) == value


def test_members_stay_in_their_order() -> None:
    assert dump_json({"b": 1, "a": 2}) == b'{"b":1,"a":2}'
    assert list(parse_canonical_json(b'{"b":1,"a":2}', LIMIT)) == ["b", "a"]


def test_what_is_no_json_is_not_canonical_either() -> None:
    with refused("not-json", "there"):
        parse_canonical_json(b"", LIMIT, "there")


@pytest.mark.parametrize(
    ("data", "position"),
    [
        (b'{"a": 1}', 5),
        (b' {"a":1}', 0),
        (b'{"a":1}\n', 7),
        (b'{"a":"\\u0062"}', 6),
        (b'{"a":"\\/"}', 6),
        (b'"\\u00e9"', 1),
        (b'"\\ud83d\\ude00"', 1),
        (b'"\\u001F"', 6),  # lower-case hex is the spelling
        (b'"\\u0009"', 2),  # and \t has a short one
    ],
)
def test_another_spelling_is_refused_with_its_position(data: bytes, position: int) -> None:
    assert parse_json(data, LIMIT) is not None
    with pytest.raises(MalformedError, match=f"from byte {position}") as caught:
        parse_canonical_json(data, LIMIT, "there")
    assert (caught.value.reason, caught.value.where) == ("not-canonical", "there")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_no_json_is_written_that_is_none(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump_json([value])


# fuzz


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    value = outcome(parse_json, data, LIMIT, "there")
    if isinstance(value, MalformedError):
        assert value.where == "there"
    else:
        assert json.loads(data) == value


@given(json_values, st.data())
def test_a_changed_document_is_refused_or_is_its_own_spelling(
    value: Json, data: st.DataObject
) -> None:
    document = bytearray(dump_json(value))
    position = data.draw(st.integers(0, len(document)))
    document[position : position + data.draw(st.integers(0, 2))] = data.draw(
        st.binary(max_size=2)
        | st.sampled_from([b'"', b"\\", b"[", b"]", b"{", b"}", b",", b":", b" ", b"-", b"0", b"."])
    )
    changed = bytes(document)
    parsed = outcome(parse_canonical_json, changed, LIMIT)
    if isinstance(parsed, MalformedError):
        assert parsed.message
    else:
        assert dump_json(parsed) == changed
