"""Tokens of SoftHSM2, for the tests of this process and of those that it begins."""

import gc
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

import pkcs11
import pytest
from pkcs11.constants import Attribute, ObjectClass
from pkcs11.mechanisms import KeyType, Mechanism
from pkcs11.util.ec import encode_named_curve_parameters

from signedcert.custody import tokenlogin
from signedcert.custody.pkcs11 import TokenSigner, open_token

PIN = "mellon-1937"
#: The token with keys that may be used.
OFFICE = "Registrar's office"
LIBRARIES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)
P256 = encode_named_curve_parameters("secp256r1")
P384 = encode_named_curve_parameters("secp384r1")
EDWARDS = b"\x13\x0cedwards25519"


class Hardware(NamedTuple):
    """Tokens for the tests of this module, and the library that opens them."""

    library: str
    directory: Path

    def rest(self, token: str, **key: str) -> str:
        """What follows ``pkcs11:`` in the URI of a key."""
        named = {"token": token, **key}
        path = ";".join(f"{name}={quote(value, safe='%')}" for name, value in named.items())
        return f"{path}?module-path={self.library}"

    def open(self, token: str, pin: str = PIN, **key: str) -> TokenSigner:
        """The signer of a key."""
        return open_token(self.rest(token, **key), pin)

    def restart(self) -> None:
        """Ends all sessions and logins, as when the token was pulled out and put back."""
        gc.collect()  # a signer in an old traceback would close a new session of the same handle
        pkcs11.lib(self.library).reinitialize()


def make_token(label: str) -> None:
    """A token with a user PIN."""
    pins = ["--pin", PIN, "--so-pin", "of the officer"]
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, *pins]
    subprocess.run(command, check=True, capture_output=True, timeout=60)


def make_key(
    session: Any,  # noqa: ANN401 - the library has no types for what makes keys
    label: str,
    number: bytes,
    curve: bytes = P256,
    **private: bool,
) -> None:
    """A key pair in a token."""
    edwards = curve == EDWARDS
    kind = KeyType.EC_EDWARDS if edwards else KeyType.EC
    mechanism = Mechanism.EC_EDWARDS_KEY_PAIR_GEN if edwards else Mechanism.EC_KEY_PAIR_GEN
    domain = session.create_domain_parameters(kind, {Attribute.EC_PARAMS: curve}, local=True)
    wanted = {"SIGN": True, "SENSITIVE": True, "EXTRACTABLE": False, "DERIVE": False} | private
    domain.generate_keypair(
        mechanism=mechanism,
        store=True,
        label=label,
        id=number,
        private_template={Attribute[name]: value for name, value in wanted.items()},
    )


def fill(library: str) -> None:
    """The keys of all tokens."""
    found = {slot.get_token().label: slot.get_token() for slot in pkcs11.lib(library).get_slots()}
    with found[OFFICE].open(rw=True, user_pin=PIN) as session:
        make_key(session, "issue", b"\1")
        make_key(session, "modern", b"\2", EDWARDS)
        make_key(session, "each time", b"\3", ALWAYS_AUTHENTICATE=True)
    if "bad" not in found:
        return
    with found["alone"].open(rw=True, user_pin=PIN) as session:
        make_key(session, "only", b"")
    with found["bad"].open(rw=True, user_pin=PIN) as session:
        make_key(session, "extractable", b"\1", EXTRACTABLE=True)
        make_key(session, "readable", b"\2", SENSITIVE=False)
        make_key(session, "mute", b"\3", SIGN=False, DERIVE=True)
        make_key(session, "other curve", b"\4", P384)
        make_key(session, "without public", b"\5")
        make_key(session, "twin", b"\6")
        make_key(session, "twin", b"\7")
        session.generate_keypair(KeyType.RSA, 1024, id=b"\x08", label="rsa", store=True)
        public = {Attribute.CLASS: ObjectClass.PUBLIC_KEY, Attribute.ID: b"\5"}
        for one in list(session.get_objects(public)):
            one.destroy()


def find_library() -> str:
    """SoftHSM2's; without it the test is skipped, and under CI it fails."""
    library = next((path for path in LIBRARIES if Path(path).exists()), None)
    if library is None or shutil.which("softhsm2-util") is None:
        message = "no SoftHSM2 here to be the token; apt-get install softhsm2"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return library


@contextmanager
def made_in(directory: Path, labels: tuple[str, ...]) -> Iterator[Hardware]:
    """New tokens in a directory, for this process and those that it begins."""
    library = find_library()
    (directory / "tokens").mkdir()
    settings = f"directories.tokendir = {directory}/tokens\nlog.level = ERROR\n"
    (directory / "softhsm2.conf").write_text(settings, encoding="utf-8")
    hardware = Hardware(library, directory)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOFTHSM2_CONF", str(directory / "softhsm2.conf"))
        for label in labels:
            make_token(label)
        hardware.restart()
        fill(library)
        yield hardware
        hardware.restart()
        pkcs11.lib(library).finalize()


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hardware]:
    """All tokens."""
    labels = (OFFICE, "alone", "bad", "empty", "pair", "pair")
    with made_in(tmp_path_factory.mktemp("softhsm"), labels) as hardware:
        yield hardware


@pytest.fixture
def machine(tmp_path: Path) -> Iterator[Hardware]:
    """A machine with one token, as processes share it that log in at the same time."""
    (tmp_path / "softhsm").mkdir()
    tokenlogin._LOGINS.clear()
    with made_in(tmp_path / "softhsm", (OFFICE,)) as hardware:
        yield hardware
        tokenlogin._LOGINS.clear()


@pytest.fixture
def hardware(everything: Hardware) -> Hardware:
    """The tokens, as a new process finds them: nobody has logged in."""
    tokenlogin._LOGINS.clear()
    everything.restart()
    return everything
