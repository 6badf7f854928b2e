"""The targets for what root holders and the home read: holders' files, proposals, configuration,
the URIs and keys of tokens, pins and other short notes.
"""

import shutil
import zlib
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from random import Random
from urllib.parse import quote, quote_from_bytes

from tests.custody.guild import guild
from tests.trust.house import ISS

from fuzz import holders, mutate
from fuzz.files import file, folder
from fuzz.register import SMALL, hold, target
from signedcert.core.keys import PublicKey
from signedcert.custody.holders import Holder
from signedcert.custody.merging import merge
from signedcert.custody.passphrase import read_passphrase
from signedcert.custody.proposal import Proposal, altered_page
from signedcert.custody.review import Notes, review
from signedcert.custody.signer import open_signer
from signedcert.custody.tokenkey import read_public_key
from signedcert.custody.tokenuri import TokenURI
from signedcert.documents.text import visible
from signedcert.errors import SignedCertError
from signedcert.home import CONFIGURATION, Home
from signedcert.registry.passfile import MAX_PASSFILE, Server, password_in
from signedcert.trust.history import History, Pin
from signedcert.trust.manifest import KeyManifest, SignedManifest
from signedcert.trust.store import TrustStore

_MAX_HOLDER = 64 * 1024
_MAX_CONFIGURATION = 8 * 1024
_SERVER = Server(frozenset({"localhost"}), 5432, "registry", "ada")


@target("holder", mutate.json_text, _MAX_HOLDER)
def parse_holder(data: bytes) -> None:
    """A holder's file has one spelling, a name that can be shown, and no key twice."""
    holder = Holder.parse(data)
    hold(holder.encode() == data, "not written again as it was read")
    hold(visible(holder.name, _MAX_HOLDER) == holder.name, "a name that cannot be shown")
    hold(len({*holder.root, *holder.next}) == 4, "other keys than two of each")


@target("proposal", holders.proposals, SMALL)
def read_proposal(drafts: bytes) -> None:
    """A proposal is read or refused; its page shows all of it; no signature file can do harm, and
    those that count make a manifest that every verifier accepts, if a holder would sign it.
    """
    files = holders.proposal_files(drafts)
    path = folder("proposal", files)
    proposal = Proposal.read(path)
    hold(proposal.manifest.encode() == files["payload.json"], "not the payload that was read")
    page = proposal.page(proposal.before)
    hold(
        proposal.manifest.pin in page and proposal.manifest.name in page, "pin or name is left out"
    )
    hold(altered_page(path, page) or files.get("CHANGES.md") == page.encode(), "another page")
    if zlib.crc32(drafts) % 8 == 0:  # not each time: it takes longer than all the rest
        _written_again(proposal)
    try:
        reviewed = review(proposal, TrustStore.empty(), _no_notes(), Pin.parse(guild().pin))
    except SignedCertError:
        _merge(path, proposal, proposal.before)
        raise
    signed = _merge(path, proposal, reviewed.before)
    if signed is not None:
        _accepted(signed, reviewed.before, reviewed.store)


def _merge(path: Path, proposal: Proposal, before: KeyManifest | None) -> SignedManifest | None:
    """What has all signatures; None if some are lacking."""
    try:
        merged = merge(path, proposal, before)
    except SignedCertError as error:
        hold(promise=False, what=f"a signature file does harm: {error}")
        return None
    counted = sum(len(tally.signed) for tally in merged.tallies)
    hold(bool(counted) == (merged.manifest is not None), "signatures that nobody counts")
    "".join(one.file + one.problem for one in merged.unused).encode()
    return merged.manifest if merged.complete else None


def _accepted(signed: SignedManifest, before: KeyManifest | None, store: TrustStore) -> None:
    try:
        if before is None:
            history = History.start(signed, Pin.parse(signed.unverified.pin))
        else:
            history = store.institutions[before.iss].accept(signed)
    except SignedCertError as error:
        hold(promise=False, what=f"signed and reviewed, and refused: {error}")
    else:
        hold(history.newest == signed.unverified, "signed and reviewed, and not the newest")


def _written_again(proposal: Proposal) -> None:
    path = folder("written", {}) / "proposal"
    proposal.write(path)
    try:
        again = Proposal.read(path)
        hold(again.manifest == proposal.manifest, "another manifest after writing")
        hold(again.holders == proposal.holders, "other holders after writing")
        hold(not altered_page(path, proposal.page(proposal.before)), "another page after writing")
    finally:
        shutil.rmtree(path)


@cache
def _no_notes() -> Notes:
    return Notes(folder("notes", {}))


def _percent(data: bytes, rng: Random) -> bytes:
    """A character written as ``%``, or an attribute taken out or repeated."""
    if rng.randrange(3) == 0:
        return mutate.text(data, rng)
    if rng.randrange(3):
        place = rng.randrange(len(data) + 1)
        return data[:place] + rng.choice(_PERCENT) + data[place + rng.randrange(2) :]
    parts = data.split(b";")
    parts[rng.randrange(len(parts))] = rng.choice((*parts, b"", b"type=private", b"id=%00"))
    return b";".join(parts)


_PERCENT = (b"%00", b"%0A", b"%20", b"%25", b"%3b", b"%ff", b"%c3%a9", b"%e2%80%ae", b"%zz", b"%")


@target("token-uri", _percent, 4096)
def parse_token_uri(data: bytes) -> None:
    """A URI means the same when it is written in full, and is shown in one line without a PIN."""
    uri = TokenURI.parse(data.decode("utf-8", "surrogateescape"))
    hold(TokenURI.parse(_uri(uri)) == uri, "changed by writing and reading")
    hold(str(uri).isprintable(), "it cannot be shown")
    hold(uri.module.startswith("/"), "a library by no absolute path")
    hold(uri.pin_source is None or uri.pin_source.is_absolute(), "a PIN in no absolute path")


def _uri(uri: TokenURI) -> str:
    path = [f"{name}={quote(value, safe='')}" for name, value in uri.token.items()]
    path += [] if uri.label is None else [f"object={quote(uri.label, safe='')}"]
    path += [] if uri.id is None else [f"id={quote_from_bytes(uri.id, safe='')}"]
    query = [f"module-path={quote(uri.module, safe='')}"]
    query += [] if uri.pin_source is None else [f"pin-source={quote(str(uri.pin_source), safe='')}"]
    return f"{';'.join(path)}?{'&'.join(query)}"


@target("passfile", mutate.text, MAX_PASSFILE)
def read_passfile(data: bytes) -> None:
    """A password is in a line behind four fields, with what stands in front of colons taken off."""
    password = password_in(data.decode("utf-8", "replace"), _SERVER)
    hold(password is None or "\n" not in password, "of two lines")
    hold(password is None or data.count(b":") >= 4, "of no line")


@target("token-key", mutate.raw, 256)
def read_token_key(data: bytes) -> None:
    """Of a public object in a token, parameters and point behind their length: a key that is in
    them, and survives being written.
    """
    length = data[0] if data else 0
    parameters, point = data[1 : 1 + length], data[1 + length :]
    key = read_public_key(parameters, point)
    hold(point.endswith(key.raw), "a key that is not in the point")
    hold(PublicKey.from_jwk(key.to_jwk()) == key, "changed by writing and reading")


def _large_configurations() -> Iterator[bytes]:
    """TOML with very much of one thing; not of ``a.a.a``, for which tomllib takes the square of its
    length, in a file that only the institution writes.
    """
    for before, repeated, after in (
        (b"a=", b"[", b""),
        (b"a=", b"{a=", b""),
        (b"a=", b"9", b""),
        (b"a=[", b"1,", b"]"),
        (b"", b"[[a]]\n", b""),
        (b'a="', b"\\u00e9", b'"'),
        (b'a="""', b"\\\n", b'"""'),
        (b"", b"#\n", b""),
    ):
        yield before + repeated * ((_MAX_CONFIGURATION - 16) // len(repeated)) + after
    yield b"".join(b"a%d=1\n" % number for number in range(900))


@target("configuration", mutate.raw, _MAX_CONFIGURATION, _large_configurations)
def read_configuration(data: bytes) -> None:
    """A home's settings are read or refused, and another signer changes one line of them."""
    path = folder("home", {CONFIGURATION: data})
    home = Home.read(path)
    str(home.registry_url)
    if home.configuration.signer.startswith("file:"):
        with suppress(SignedCertError):
            open_signer(home.configuration.signer, path, "a passphrase")
    try:
        home.set_signer("file:keys/next.key")
    finally:
        changed = (path / CONFIGURATION).read_bytes()
        (path / CONFIGURATION).write_bytes(data)
    before, after = data.split(b"\n"), changed.split(b"\n")
    differing = [one for one, other in zip(before, after, strict=True) if one != other]
    hold(len(differing) <= 1, "more than a line has changed")


@target("note", mutate.raw, 4096)
def read_note(data: bytes) -> None:
    """A passphrase, a pin and the URI of a signer are read from short files, or refused."""
    with suppress(SignedCertError):
        passphrase = read_passphrase(file(data))
        hold(data.decode().startswith(passphrase) and "\n" not in passphrase, "not the first line")
    with suppress(SignedCertError):
        noted = Notes(folder("notes-of-one", {_name_of_note(): data})).find(ISS, 7)
        hold(noted is not None and str(noted) == data.decode().strip(), "another pin")
    key = guild().keys[0].root[0].public_key
    name = f"keys/{key.thumbprint}.uri"
    home = Home.read(folder("noting", {CONFIGURATION: _SETTINGS, name: data}))
    uri = home.signer_of(key)
    hold(uri == data.decode().strip(), "another URI")


def _name_of_note() -> str:
    return Notes(Path())._path(ISS, 7).name  # noqa: SLF001 - where it looks


_SETTINGS = b'version = 1\nsigner = "file:keys/k.key"\nregistry = "sqlite:///registry.sqlite"\n'


@target("pin", mutate.text, 256)
def parse_pin(data: bytes) -> None:
    """A pin has one spelling."""
    text = data.decode("utf-8", "surrogateescape")
    hold(str(Pin.parse(text)) == text, "not written again as it was read")
