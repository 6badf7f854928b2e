"""Signers in PKCS#11 tokens: SoftHSM2 as the token, doubles for what it never does."""

import copy
import hashlib
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed, decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pkcs11.constants import Attribute, ObjectClass, TokenFlag
from pkcs11.exceptions import (
    AttributeTypeInvalid,
    DeviceRemoved,
    FunctionFailed,
    GeneralError,
    PinExpired,
    PinIncorrect,
    PinLenRange,
    PinLocked,
    PKCS11Error,
    RandomNoRNG,
    SessionHandleInvalid,
    TokenNotPresent,
    UserAlreadyLoggedIn,
    UserPinNotInitialized,
)
from pkcs11.mechanisms import Mechanism

from signedcert.core.keys import P256_ORDER, Algorithm
from signedcert.custody import tokenlogin
from signedcert.custody.pkcs11 import TokenSigner, open_token
from signedcert.custody.signer import CheckedSigner, open_signer, opened_by
from signedcert.custody.tokenkey import read_public_key
from signedcert.custody.tokenuri import TokenURI
from signedcert.errors import ConfigurationError, IssueError, MalformedError
from tests.core.refusal import refused
from tests.custody.hardware import (
    EDWARDS,
    OFFICE,
    P256,
    P384,
    PIN,
    Hardware,
)

MESSAGE = b"header.payload"
KEYS: list[tuple[str, Algorithm]] = [("issue", "ES256"), ("modern", "Ed25519")]


@pytest.mark.parametrize(("label", "algorithm"), KEYS)
def test_a_token_signs_and_others_verify(
    hardware: Hardware, label: str, algorithm: Algorithm
) -> None:
    signer = hardware.open(OFFICE, object=label)
    assert signer.algorithm == signer.public_key.algorithm == algorithm
    for number in range(40):  # half of the signatures of a token have a high s
        message = b"%d" % number
        signer.public_key.verify(signer.sign(message), message)


def test_the_public_key_is_the_token_s(hardware: Hardware) -> None:
    pkcs8 = hardware.directory / "key.pem"
    key = ec.generate_private_key(ec.SECP256R1())
    pkcs8.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
    )
    command = ["softhsm2-util", "--import", str(pkcs8), "--token", "empty", "--label", "imported"]
    subprocess.run([*command, "--id", "0a", "--pin", PIN], check=True, capture_output=True)
    hardware.restart()
    signer = hardware.open("empty", id="%0A")
    assert b"\4" + signer.public_key.raw == p256_point(key)
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize(
    "key",
    [
        {"object": "issue"},
        {"id": "%01"},
        {"object": "issue", "id": "%01", "type": "private"},
        {"object": "%69ssue", "model": "SoftHSM v2", "manufacturer": "SoftHSM project"},
    ],
)
def test_a_key_is_found_by_what_the_uri_names(hardware: Hardware, key: dict[str, str]) -> None:
    expected = hardware.open(OFFICE, object="issue").public_key
    assert hardware.open(OFFICE, **key).public_key == expected


def test_the_only_key_of_a_token_needs_no_name(hardware: Hardware) -> None:
    signer = hardware.open("alone")  # its key has no id either: the public half has its label
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


def test_a_key_that_asks_for_the_pin_each_time_gets_it(hardware: Hardware) -> None:
    signer = hardware.open(OFFICE, object="each time")
    for message in (b"one", b"two"):
        signer.public_key.verify(signer.sign(message), message)


@pytest.mark.parametrize("scheme", ["", "file:", "file://"])
def test_the_uri_may_say_where_the_pin_is(hardware: Hardware, tmp_path: Path, scheme: str) -> None:
    kept = tmp_path / "the PIN"
    kept.write_text(f"{PIN}\nof the office\n", encoding="utf-8")
    uri = f"pkcs11:{hardware.rest('alone')}&pin-source={scheme}{quote(str(kept))}"
    assert opened_by(uri) is None
    signer = open_signer(uri, Path("home"), "another one")
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)
    kept.unlink()
    with refused("passphrase-missing", str(kept), ConfigurationError):
        open_signer(uri, Path("home"), PIN)


def test_a_signer_is_found_by_its_scheme_and_checked(hardware: Hardware) -> None:
    uri = f"pkcs11:{hardware.rest('alone')}"
    signer = open_signer(uri, Path("home"), PIN)
    assert isinstance(signer, CheckedSigner)
    assert isinstance(signer.inner, TokenSigner)
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize(
    ("token", "key", "words"),
    [
        ("bad", {"object": "extractable"}, "can be taken out of the token (CKA_EXTRACTABLE)"),
        ("bad", {"object": "readable"}, "can be read in the clear (CKA_SENSITIVE)"),
        ("bad", {"object": "mute"}, "is not meant for signing (CKA_SIGN)"),
        ("bad", {"object": "other curve"}, "of another curve than P-256 and Ed25519"),
        ("bad", {"object": "rsa"}, "of another type than P-256 and Ed25519"),
        ("bad", {"object": "without public"}, "0 public keys of this key's id"),
        ("bad", {"object": "twin"}, "They are: 'twin' (id 06), 'twin' (id 07)"),
        ("bad", {"object": "none"}, "'rsa' (id 08)"),
        ("bad", {"object": "twin", "id": "%01"}, "no private key in the token fits; make one"),
        ("pair", {}, "several tokens fit; add serial="),
        ("pair", {"serial": "0"}, 'There are: "Registrar\'s office" (serial'),
        ("nowhere", {}, "no token fits; is it plugged in? There are:"),
    ],
)
def test_what_may_not_sign_is_refused_in_words(
    hardware: Hardware, token: str, key: dict[str, str], words: str
) -> None:
    with pytest.raises(ConfigurationError) as caught:
        hardware.open(token, **key)
    assert caught.value.reason == "key-file"
    assert words in caught.value.message
    assert hardware.library in caught.value.where


def test_a_wrong_pin_is_told_and_that_it_was_counted(hardware: Hardware) -> None:
    with pytest.raises(ConfigurationError, match="a wrong PIN was counted") as caught:
        hardware.open("alone", "melon-1937")
    assert caught.value.reason == "passphrase-wrong"
    assert "1937" not in str(caught.value)
    assert hardware.open("alone").algorithm == "ES256"


@pytest.mark.parametrize("pin", ["1", "1" * 300, "caf\udce9-1937"])
def test_a_pin_that_no_token_takes_is_wrong(hardware: Hardware, pin: str) -> None:
    with refused("passphrase-wrong", kind=ConfigurationError):
        hardware.open("alone", pin)


def test_an_empty_pin_is_missing(hardware: Hardware) -> None:
    with refused("passphrase-missing", kind=ConfigurationError):
        hardware.open("alone", "")


def test_a_wrong_pin_is_wrong_in_a_process_that_is_logged_in(hardware: Hardware) -> None:
    signer = hardware.open("alone")
    with pytest.raises(ConfigurationError, match="with another PIN") as caught:
        hardware.open("alone", "melon-1937")
    assert caught.value.reason == "passphrase-wrong"
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


def test_signers_of_one_token_do_not_log_each_other_out(hardware: Hardware) -> None:
    one = hardware.open(OFFICE, object="issue")
    session = one._opened.session
    other = hardware.open(OFFICE, object="modern")
    del one
    with pytest.raises(SessionHandleInvalid):  # it was closed with its signer
        session.generate_random(64)
    other.public_key.verify(other.sign(MESSAGE), MESSAGE)
    again = hardware.open(OFFICE, object="issue")
    again.public_key.verify(again.sign(MESSAGE), MESSAGE)


def test_a_lost_session_is_opened_again(hardware: Hardware) -> None:
    signer = hardware.open("alone")
    for message in (b"one", b"two"):
        hardware.restart()
        signer.public_key.verify(signer.sign(message), message)


def test_opening_a_lost_session_again_closes_no_other(hardware: Hardware) -> None:
    signer = hardware.open(OFFICE, object="issue")
    hardware.restart()
    tokenlogin._LOGINS.clear()
    other = hardware.open(OFFICE, object="modern")
    sessions = other._opened.session, signer._opened.session
    assert len({one.handle for one in sessions}) == 1  # type: ignore[attr-defined]
    signer.sign(MESSAGE)
    other._opened.session.generate_random(64)


def test_after_a_lost_session_the_pin_is_proved_anew(hardware: Hardware) -> None:
    hardware.open("alone")
    hardware.restart()
    with pytest.raises(ConfigurationError, match="does not open the token"):
        hardware.open("alone", "melon-1937")


def test_repr_shows_the_thumbprint_and_no_pin(hardware: Hardware) -> None:
    signer = hardware.open("alone")
    shown = f"<TokenSigner ES256 {signer.public_key.thumbprint}>"
    assert repr(signer) == str(signer) == shown
    assert PIN not in repr(CheckedSigner(signer))


def test_a_signer_is_neither_pickled_nor_copied(hardware: Hardware) -> None:
    signer = hardware.open("alone")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        with pytest.raises(TypeError, match="does not travel"):
            pickle.dumps(signer, protocol)
    for duplicate in (copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="does not travel"):
            duplicate(signer)


FORKED = """
import os, sys
from signedcert.custody.pkcs11 import open_token
uri, pin = sys.argv[1:]
signer = open_token(uri, pin)
if os.fork():
    assert os.waitstatus_to_exitcode(os.wait()[1]) == 0
    signer.public_key.verify(signer.sign(b"parent"), b"parent")
    print("both signed")
else:
    try:
        signer.sign(b"child")
    except RuntimeError as error:
        assert "does not travel" in str(error)
        own = open_token(uri, pin)
        own.public_key.verify(own.sign(b"child"), b"child")
        del signer, own
        os._exit(0)
    os._exit(1)
"""


def test_a_forked_process_opens_its_own(hardware: Hardware) -> None:
    command = [sys.executable, "-c", FORKED, hardware.rest("alone"), PIN]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)
    assert done.stdout == "both signed\n", done.stderr


# doubles


Attributes = dict[Attribute, object]


class Object(dict[Attribute, object]):
    """An object in a double, with a key of this machine behind it."""

    def __init__(self, attributes: Attributes, private: Any = None) -> None:  # noqa: ANN401
        super().__init__(attributes)
        self.private = private
        self.faults: list[PKCS11Error] = []
        self.spoil = bytes  # what becomes of a signature
        self.pins: list[str | None] = []

    def __missing__(self, name: Attribute) -> object:
        raise AttributeTypeInvalid

    def sign(self, data: bytes, *, mechanism: Mechanism, pin: str | None) -> bytes:
        """As a token does it: ECDSA over a digest, EdDSA over the message."""
        self.pins.append(pin)
        if self.faults:
            raise self.faults.pop()
        if mechanism == Mechanism.EDDSA:
            return self.spoil(self.private.sign(data))
        assert (mechanism, len(data)) == (Mechanism.ECDSA, 32)
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(Prehashed(SHA256()))))
        return self.spoil(r.to_bytes(32) + max(s, P256_ORDER - s).to_bytes(32))


@dataclass
class Session:
    """A session in a double."""

    objects: list[Object]
    alive: PKCS11Error | None = None

    def generate_random(self, bits: int) -> bytes:
        """What a session is asked that may be lost."""
        if self.alive is not None:
            raise self.alive
        return bytes(bits // 8)

    def get_objects(self, wanted: Attributes) -> Iterator[Object]:
        """The objects that have what is wanted."""
        return (one for one in self.objects if wanted.items() <= one.items())

    def close(self) -> None:
        """Closes it, which a broken token refuses."""
        raise DeviceRemoved


@dataclass
class Double:
    """A library with one slot and one token in it."""

    objects: list[Object] = field(default_factory=list)
    label: str = "double"
    serial: bytes = b"\xff42"
    manufacturer_id: str = "Nobody"
    model: str = "D"
    flags: TokenFlag = TokenFlag.TOKEN_INITIALIZED
    refuses: PKCS11Error | None = None
    slot_id: int = 7
    asked: int = 0

    @property
    def slot(self) -> "Double":
        """The slot that it is in."""
        return self

    def get_slots(self, *, token_present: bool) -> "list[Double]":
        """The one slot."""
        assert token_present
        return [self]

    def get_token(self) -> "Double":
        """The one token."""
        return self

    def open(self, user_pin: str | None = None) -> Session:
        """A session, with a login if there is a PIN."""
        if user_pin is not None:
            self.asked += 1
            if self.refuses is not None:
                raise self.refuses
        return Session(self.objects)


def pair(private: Any, point: bytes, curve: bytes = P256) -> list[Object]:  # noqa: ANN401
    """A private and a public object."""
    common: Attributes = {
        Attribute.TOKEN: True,
        Attribute.LABEL: "k",
        Attribute.ID: b"\1",
        Attribute.EC_PARAMS: curve,
    }
    needed = {Attribute.SIGN: True, Attribute.SENSITIVE: True, Attribute.EXTRACTABLE: False}
    return [
        Object({Attribute.CLASS: ObjectClass.PRIVATE_KEY, **common, **needed}, private),
        Object({Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.EC_POINT: point, **common}),
    ]


def p256_point(key: ec.EllipticCurvePrivateKey) -> bytes:
    """The uncompressed point of a key."""
    numbers = key.public_key().public_numbers()
    return b"\4" + numbers.x.to_bytes(32) + numbers.y.to_bytes(32)


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    """A token with a P-256 key, whose signatures all have a high s."""
    key = ec.generate_private_key(ec.SECP256R1())
    made = Double(pair(key, b"\x04\x41" + p256_point(key)))
    monkeypatch.setattr(tokenlogin, "_library", lambda path: {"/lib.so": made}[path])
    monkeypatch.setattr(tokenlogin, "_LOGINS", {})
    return made


REST = "token=double?module-path=/lib.so"


def test_of_two_signatures_the_one_with_the_lower_s_is_taken(double: Double) -> None:
    signer = open_token(REST, PIN)
    signature = signer.sign(MESSAGE)
    assert 0 < int.from_bytes(signature[32:]) <= P256_ORDER // 2
    signer.public_key.verify(signature, MESSAGE)
    assert double.objects[0].pins == [None]


def flipped(signature: bytes) -> bytes:
    """A fault in one bit."""
    return bytes([signature[0] ^ 1]) + signature[1:]


@pytest.mark.parametrize(
    ("spoil", "detail"),
    [
        (flipped, "signature-mismatch"),
        (lambda _: hashlib.sha512(MESSAGE).digest(), "signature-mismatch"),
        (lambda _: b"", "signature-length"),
        (lambda signature: signature[:-1], "signature-length"),
        (lambda signature: signature + b"\0", "signature-length"),
        (lambda _: bytes(64), "signature-out-of-range"),
        (lambda _: b"\xff" * 64, "signature-out-of-range"),
        (lambda signature: signature[:32] + P256_ORDER.to_bytes(32), "signature-out-of-range"),
    ],
)
def test_the_wrong_signature_of_a_token_does_not_leave(
    double: Double,
    spoil: Any,  # noqa: ANN401
    detail: str,
) -> None:
    double.objects[0].spoil = spoil
    signer = open_signer(f"pkcs11:{REST}", Path("home"), PIN)
    with pytest.raises(IssueError, match=detail) as caught:
        signer.sign(MESSAGE)
    assert caught.value.reason == "signature-unverifiable"


def test_the_public_key_of_another_is_noticed_by_the_first_signature(double: Double) -> None:
    other = p256_point(ec.generate_private_key(ec.SECP256R1()))
    double.objects[1][Attribute.EC_POINT] = other
    signer = open_signer(f"pkcs11:{REST}", Path("home"), PIN)
    with refused("signature-unverifiable", kind=IssueError):
        signer.sign(MESSAGE)


@pytest.mark.parametrize("curve", [EDWARDS, bytes.fromhex("06032b6570")])
@pytest.mark.parametrize("prefix", [b"", b"\x04\x20"])
def test_ed25519_is_read_in_the_spellings_that_tokens_have(
    double: Double, curve: bytes, prefix: bytes
) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    double.objects[:] = pair(key, prefix + key.public_key().public_bytes_raw(), curve)
    signer = open_token(REST, PIN)
    assert signer.algorithm == "Ed25519"
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


def test_a_point_is_read_with_and_without_its_der() -> None:
    point = p256_point(ec.generate_private_key(ec.SECP256R1()))
    expected = read_public_key(P256, point)
    assert expected.raw == point[1:]
    assert read_public_key(P256, b"\x04\x41" + point) == expected
    for bad in (
        b"",
        point[1:],
        point + b"\0",
        b"\x03\x41" + point,
        b"\x04\x42" + point,
        point[:-1],
    ):
        with refused("key-invalid"):
            read_public_key(P256, bad)
    compressed = bytes([2 + point[-1] % 2]) + point[1:33]
    with refused("key-invalid"):
        read_public_key(P256, compressed)
    with refused("key-invalid"):  # off the curve, which core.keys finds
        read_public_key(P256, b"\4" + bytes(63) + b"\1")
    for weak in (bytes(32), b"\1" + bytes(31)):
        with refused("key-invalid"):
            read_public_key(EDWARDS, weak)
    with refused("key-type"):
        read_public_key(P384, point)


def test_a_damaged_point_in_a_token_is_refused_as_its_key(double: Double) -> None:
    double.objects[1][Attribute.EC_POINT] = b"\4" * 65
    with pytest.raises(ConfigurationError, match="not on the curve") as caught:
        open_token(REST, PIN)
    assert isinstance(caught.value.__cause__, MalformedError)


@pytest.mark.parametrize("missing", [Attribute.SIGN, Attribute.SENSITIVE, Attribute.EXTRACTABLE])
def test_a_token_that_does_not_say_is_not_believed(double: Double, missing: Attribute) -> None:
    del double.objects[0][missing]
    with pytest.raises(ConfigurationError, match=missing.name):
        open_token(REST, PIN)


TRIES = [
    (TokenFlag(0), "does not tell how many"),
    (TokenFlag.USER_PIN_COUNT_LOW, "a wrong PIN was counted"),
    (TokenFlag.USER_PIN_COUNT_LOW | TokenFlag.USER_PIN_FINAL_TRY, "one try is left"),
    (TokenFlag.USER_PIN_LOCKED, "has locked itself; its security officer"),
]


@pytest.mark.parametrize(("flag", "words"), TRIES)
def test_a_wrong_pin_says_how_many_tries_are_left(
    double: Double, monkeypatch: pytest.MonkeyPatch, flag: TokenFlag, words: str
) -> None:
    after = replace(double, flags=double.flags | flag)
    double.refuses = PinIncorrect()
    found = iter([double, after])
    monkeypatch.setattr(Double, "get_token", lambda _: next(found))
    with pytest.raises(ConfigurationError, match=words) as caught:
        open_token(REST, PIN)
    assert (caught.value.reason, double.asked) == ("passphrase-wrong", 1)
    assert caught.value.message.startswith("this PIN does not open the token; ")


@pytest.mark.parametrize(("flag", "words"), TRIES[2:])
def test_the_last_try_is_not_spent(double: Double, flag: TokenFlag, words: str) -> None:
    double.flags |= flag
    with pytest.raises(ConfigurationError, match=f"was not tried: .*{words}") as caught:
        open_token(REST, PIN)
    assert (caught.value.reason, double.asked) == ("passphrase-wrong", 0)


@pytest.mark.parametrize(
    ("error", "reason", "words"),
    [
        (PinLocked(), "passphrase-wrong", "does not open the token"),
        (PinExpired(), "passphrase-wrong", "has expired"),
        (PinLenRange(), "passphrase-wrong", "does not take"),
        (UserPinNotInitialized(), "key-file", "no user PIN yet"),
        (FunctionFailed("x"), "key-file", r"\(FunctionFailed x\); try it with pkcs11-tool"),
    ],
)
def test_what_a_token_says_to_a_pin_is_told(
    double: Double, error: PKCS11Error, reason: str, words: str
) -> None:
    double.refuses = error
    with pytest.raises(ConfigurationError, match=words) as caught:
        open_token(REST, PIN)
    assert caught.value.reason == reason
    assert caught.value.__cause__ is error


def test_a_token_that_the_host_has_opened_is_used(double: Double) -> None:
    double.refuses = UserAlreadyLoggedIn()
    signer = open_token(REST, PIN)
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


@pytest.mark.parametrize(
    ("error", "logins"), [(None, 1), (RandomNoRNG(), 1), (SessionHandleInvalid(), 2)]
)
def test_a_process_logs_in_again_if_its_login_was_lost(
    double: Double, error: PKCS11Error | None, logins: int
) -> None:
    open_token(REST, PIN)
    (login,) = tokenlogin._LOGINS.values()
    login.session.alive = error  # type: ignore[attr-defined]
    open_token(REST, PIN)
    assert double.asked == logins


def test_a_lost_session_is_opened_again_once_only(double: Double) -> None:
    signer = open_token(REST, PIN)
    double.objects[0].faults = [DeviceRemoved()]
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)
    double.objects[0].faults = [DeviceRemoved(), DeviceRemoved()]
    with pytest.raises(ConfigurationError, match="DeviceRemoved") as caught:
        signer.sign(MESSAGE)
    assert caught.value.reason == "key-file"
    signer.public_key.verify(signer.sign(MESSAGE), MESSAGE)


def test_threads_that_lose_a_session_open_one_again_together(double: Double) -> None:
    signer = open_token(REST, PIN)
    assert double.asked == 1
    lost = signer._opened
    again = signer._reopen(lost)
    assert again is not lost
    assert signer._reopen(lost) is signer._opened is again


def test_the_login_of_the_process_does_not_show_the_pin(double: Double) -> None:
    assert double.asked == 0
    open_token(REST, PIN)
    assert double.asked == 1
    assert PIN not in repr(tokenlogin._LOGINS)


def test_another_key_in_the_place_of_the_lost_one_does_not_sign(double: Double) -> None:
    signer = open_token(REST, PIN)
    other = ec.generate_private_key(ec.SECP256R1())
    double.objects[0].faults = [DeviceRemoved()]
    double.objects.append(double.objects.pop(0))  # the opened session keeps its own list
    before, double.objects = double.objects, pair(other, p256_point(other))
    assert before is not double.objects
    with pytest.raises(ConfigurationError, match="another key is in the place"):
        signer.sign(MESSAGE)


def test_a_fault_that_is_no_loss_is_told_at_once(double: Double) -> None:
    signer = open_token(REST, PIN)
    double.objects[0].faults = [FunctionFailed()]
    with pytest.raises(ConfigurationError, match="FunctionFailed"):
        signer.sign(MESSAGE)
    assert len(double.objects[0].pins) == 1


@pytest.mark.parametrize("fault", [True, False])
def test_a_token_that_is_misread_is_looked_for_again(
    double: Double,
    monkeypatch: pytest.MonkeyPatch,
    fault: bool,  # noqa: FBT001
) -> None:
    begun: list[int] = []

    def get_slots(_: Double, *, token_present: bool) -> list[Double]:
        if fault and not begun:
            raise GeneralError
        return [double] if token_present and begun else []

    monkeypatch.setattr(Double, "get_slots", get_slots)
    monkeypatch.setattr(Double, "reinitialize", lambda _: begun.append(1), raising=False)
    assert open_token(REST, PIN).algorithm == "ES256"
    assert begun == [1]


def test_a_library_with_a_login_is_not_begun_anew(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_token(REST, PIN)
    monkeypatch.setattr(Double, "reinitialize", lambda _: pytest.fail("begun"), raising=False)
    monkeypatch.setattr(Double, "get_slots", lambda *_, **__: [])
    with pytest.raises(ConfigurationError, match="There are: none"):
        open_token(REST, PIN)
    assert double.asked == 1


def test_a_library_in_which_there_are_tokens_is_not_begun_anew(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Double, "reinitialize", lambda _: pytest.fail("begun"), raising=False)
    with pytest.raises(ConfigurationError, match="no token fits"):
        open_token(REST.replace("double", "other"), PIN)
    assert double.asked == 0


def test_an_empty_slot_and_a_blank_token_are_passed_over(
    double: Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Empty(Double):
        """A token that is pulled out just now."""

        def get_token(self) -> Double:
            raise TokenNotPresent

    blank = Double(flags=TokenFlag(0))
    monkeypatch.setattr(Double, "get_slots", lambda *_, **__: [Empty(), blank, double])
    assert open_token(REST, PIN).algorithm == "ES256"
    with pytest.raises(ConfigurationError, match=r"There are: 'double' \(serial .42\)"):
        open_token(REST.replace("double", "other"), PIN)


@pytest.mark.parametrize("path", ["/none.so", __file__])
def test_a_library_that_does_not_load_is_told(path: str) -> None:
    with pytest.raises(ConfigurationError, match="or its library does not work") as caught:
        open_token(f"token=t?module-path={quote(path)}", PIN)
    assert (caught.value.reason, caught.value.where) == ("key-file", f"pkcs11: token 't', {path}")


# the URI


def test_a_uri_is_read() -> None:
    path = "token=The%20Token%3b;serial=%C3%A4;id=%01%ff;object=a=b&c;type=private"
    uri = TokenURI.parse(f"{path}?module-path=/usr/lib/a%20b.so")
    assert uri.module == "/usr/lib/a b.so"
    assert uri.token == {"token": "The Token;", "serial": "\u00e4"}
    assert (uri.label, uri.id) == ("a=b&c", b"\x01\xff")
    whole = "pkcs11: token 'The Token;', serial '\u00e4', object 'a=b&c', id 01ff, /usr/lib/a b.so"
    assert str(uri) == whole
    assert TokenURI.parse("?module-path=/l") == TokenURI("/l", {}, None, None)


@pytest.mark.parametrize(
    ("rest", "words"),
    [
        ("", "by its absolute path"),
        ("token=t", "by its absolute path"),
        ("token=t?module-path=lib.so", "by its absolute path"),
        ("token=t?module-path=", "module-path: write spaces"),
        ("token=t?module-name=p11-kit", "'module-name' is not read here; read are: module-path"),
        ("token=t?module-path=/l&module-path=/l", "module-path stands there twice"),
        ("token=t?module-path=/l&", "'' is not read"),
        ("token=t;token=t?module-path=/l", "token stands there twice"),
        ("token=t;?module-path=/l", "'' is not read"),
        ("token=?module-path=/l", "token: write"),
        ("token?module-path=/l", "token: write"),
        ("token=a b?module-path=/l", "write spaces and signs as %20"),
        ("token=a/b?module-path=/l", "token: write"),
        ("token=%4?module-path=/l", "token: write"),
        ("token=%zz?module-path=/l", "token: write"),
        ("token=\u00e4?module-path=/l", "token: write"),
        ("token=%ff?module-path=/l", "token: not UTF-8"),
        ("token=%00?module-path=/l", "token: it has characters that cannot be seen"),
        ("token=t?module-path=/l%00", "module-path: it has characters"),
        ("Token=t?module-path=/l", "'Token' is not read"),
        ("slot-id=1?module-path=/l", "'slot-id' is not read here; read are: token, manufacturer"),
        ("module-path=/l", "'module-path' is not read"),
        ("type=public?module-path=/l", "only private"),
        ("x-vendor=1?module-path=/l", "'x-vendor' is not read"),
        ("token=t;pin-source=/p?module-path=/l", "'pin-source' is not read"),
        ("token=t?module-path=/l&pin-source=pin.txt", "a file by its absolute path"),
        ("token=t?module-path=/l&pin-source=file:pin.txt", "a file by its absolute path"),
        ("token=t?module-path=/l&pin-source=|/bin/cat%20/p", "a file by its absolute path"),
        ("token=t?module-path=/l&pin-source=https://p.example/", "a file by its absolute path"),
        ("token=t?module-path=/l&pin-source=file://host/p", "a file by its absolute path"),
        ("token=t?module-path=/l#f", "module-path: write"),
    ],
)
def test_a_uri_of_another_form_is_refused(rest: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        TokenURI.parse(rest)
    assert (caught.value.reason, caught.value.where) == ("setting-invalid", "signer")


@pytest.mark.parametrize(
    "rest",
    [
        "token=t?module-path=/l&pin-value=1234",
        "token=t?pin-value=1234&module-path=/l",
        "token=t;pin-value=1234?module-path=/l",
    ],
)
def test_a_pin_in_the_uri_is_refused_and_not_repeated(rest: str) -> None:
    with pytest.raises(ConfigurationError, match="a PIN does not belong in the URI") as caught:
        open_signer(f"pkcs11:{rest}", Path("home"), PIN)
    assert caught.value.reason == "setting-invalid"
    assert "1234" not in str(caught.value)
