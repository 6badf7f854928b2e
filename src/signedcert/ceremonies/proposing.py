"""The next manifest of a home, as a proposal for the root holders."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from signedcert.ceremonies.growing import grown
from signedcert.ceremonies.settling import find_fork
from signedcert.core.encoding import parse_json
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.custody.ceremony import require_apart
from signedcert.custody.holders import Holder, next_of, require_threshold
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal
from signedcert.custody.signer import prove_signer
from signedcert.errors import ConfigurationError
from signedcert.files import read_limited
from signedcert.home import Home
from signedcert.log.keys import new_log_keys
from signedcert.registry.registry import Registry
from signedcert.trust.changes import (
    FRESH,
    add_key,
    add_log,
    change_state,
    compromise,
    compromise_log,
    rename,
    rotate_root,
    set_logged,
    set_status,
    settling,
    successor,
)
from signedcert.trust.entries import Logged, Role
from signedcert.trust.history import History
from signedcert.trust.logs import CutOff
from signedcert.trust.manifest import KeyManifest, SignedManifest

if TYPE_CHECKING:
    from signedcert.trust.states import State

_MAX_JWK = 16 * 1024
#: More programs read it, and status lists are for them too.
_SNAPSHOT_ALGORITHM: Algorithm = "ES256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the next version is to change; with nothing set, it only renews the date.

    ``keys`` are public keys to pre-publish, each with the URI of its signer if it is known here;
    ``generate`` the algorithm of a new issuing key to make and pre-publish. Keys are named by kid.
    ``log`` begins a log, the first one or another. ``holders`` are the public files of who will
    hold the root after a root rotation. ``settle`` is a second manifest of one of the home's
    versions, which has turned up: what is proposed is a third of that version, which wins against
    both. ``stolen`` keys are believed up to their cut-offs; beside them, a new issuing key is
    active at once. ``stolen_log`` is a log, by its origin, whose keys are. ``logged`` is what
    documents have to prove.
    """

    fresh_for: timedelta = FRESH
    name: str | None = None
    keys: tuple[tuple[PublicKey, str | None], ...] = ()
    generate: Algorithm | None = None
    activate: tuple[str, ...] = ()
    retire: tuple[str, ...] = ()
    void: tuple[str, ...] = ()
    snapshot: bool = False
    log: bool = False
    status_max_age: timedelta | None = None
    holders: tuple[Holder, ...] = ()
    threshold: int | None = None
    settle: SignedManifest | None = None
    stolen: tuple[tuple[str, tuple[CutOff, ...]], ...] = ()
    stolen_log: str | None = None
    logged: Logged | None = None

    @property
    def makes_keys(self) -> bool:
        """Whether private keys are made, for which a passphrase is needed."""
        return self.snapshot or self.log or self.generate is not None


def propose(
    home: Home, directory: Path, wanted: Wanted, *, at: datetime, passphrase: str = ""
) -> Proposal:
    """Writes the next version as a proposal into ``directory``; new keys go into the home,
    encrypted. Nothing is published.

    Raises MalformedError with the rule that the changes would break; ConfigurationError:
    ``proposal-invalid``, ``setting-invalid``, ``passphrase-missing``, ``home-unsigned``; what
    ``find_fork`` raises. Nothing was written then.
    """
    history = home.history()
    require_apart(directory, home.path)
    if wanted.makes_keys and not passphrase:
        raise ConfigurationError("passphrase-missing", "the passphrase is empty")
    made = _generate(wanted)
    proposal = _prepare(home, history, wanted, made, at)
    written: list[Path] = []
    try:
        for key, role in made:
            written.append(home.add_key(key, role, passphrase))
        proposal.write(directory)
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise
    for public, uri in wanted.keys:
        if uri is not None:
            home.note_signer(public, uri)
    return proposal


def read_public_key(
    source: str, home: Home, secret_of: Callable[[str], str]
) -> tuple[PublicKey, str | None]:
    """A public key to add: from a file with its JWK, or from the signer behind a URI, which is
    opened with what ``secret_of`` says; and the URI.

    Raises MalformedError; what ``prove_signer`` does.
    """
    path = Path(source)
    if path.is_file():
        return PublicKey.from_jwk(parse_json(read_limited(path, _MAX_JWK), _MAX_JWK), source), None
    if ":" not in source:
        message = "no such file, and no URI of a signer"
        raise ConfigurationError("signer-unknown", message, where=source)
    return prove_signer(source, home.path, secret_of(source)), source


def _generate(wanted: Wanted) -> list[tuple[PrivateKey, Role]]:
    made: list[tuple[PrivateKey, Role]] = []
    if wanted.generate is not None:
        made.append((PrivateKey.generate(wanted.generate), "issue"))
    if wanted.snapshot:
        made.append((PrivateKey.generate(_SNAPSHOT_ALGORITHM), "snapshot"))
    if wanted.log:
        made += [(key, "log") for key in new_log_keys()]
    return made


def _prepare(
    home: Home,
    history: History,
    wanted: Wanted,
    made: Sequence[tuple[PrivateKey, Role]],
    at: datetime,
) -> Proposal:
    """What root may sign by the rules, and what the holders are to see beside it."""
    fork = None if wanted.settle is None else find_fork(history, wanted.settle)
    before = history if fork is None else history.until(fork.other.unverified.version - 1)
    old = home.holders(before.newest.version)
    draft = _draft(_begin(before, history, wanted, at), wanted, made, old, at)
    with closing(Registry.open(home.registry_url)) as registry:
        draft, growths = grown(registry, before.newest, draft)
    manifest = KeyManifest.parse(draft.encode(), f"version {draft.version}")
    if fork is None:
        before.check_proposal(manifest)
    else:
        fork.check(before, manifest)
    return Proposal(draft, before.evidence, (*wanted.holders, *old), fork, growths)


def _begin(before: History, history: History, wanted: Wanted, at: datetime) -> KeyManifest:
    """What follows the newest of ``before`` if nothing changes, from what the home says now."""
    if before is history:
        return successor(history.newest, at=at, fresh_for=wanted.fresh_for)
    return settling(before.newest, history.newest, at=at, fresh_for=wanted.fresh_for)


def _draft(
    draft: KeyManifest,
    wanted: Wanted,
    made: Sequence[tuple[PrivateKey, Role]],
    old: tuple[Holder, ...],
    at: datetime,
) -> KeyManifest:
    if wanted.name is not None:
        draft = rename(draft, wanted.name)
    draft = _with_keys(draft, wanted, made, at)
    for kid, cutoffs in wanted.stolen:
        draft = compromise(draft, kid, cutoffs, at=at)
    if wanted.stolen_log is not None:
        draft = compromise_log(draft, wanted.stolen_log)
    states: tuple[tuple[State, tuple[str, ...]], ...] = (
        ("active", wanted.activate),
        ("retired", wanted.retire),
        ("void", wanted.void),
    )
    for state, kids in states:
        for kid in kids:
            draft = change_state(draft, kid, state, at=at)
    if wanted.logged is not None:
        draft = set_logged(draft, wanted.logged)
    if wanted.status_max_age is not None:
        draft = set_status(draft, wanted.status_max_age)
    return _rotated(draft, wanted, old) if wanted.holders else draft


def _with_keys(
    draft: KeyManifest, wanted: Wanted, made: Sequence[tuple[PrivateKey, Role]], at: datetime
) -> KeyManifest:
    """The draft with the keys that are new, and with a log for those that are a log's."""
    # Who has lost an issuing key cannot wait until others have heard of the next one.
    new: State = "active" if wanted.stolen else "pre-published"
    for public, _ in wanted.keys:
        draft = add_key(draft, public, at=at, state=new)
    # Nobody has to know a snapshot key before it signs: without it, only freshness is lacking.
    states: dict[Role, State] = {"issue": new, "snapshot": "active"}
    for key, role in made:
        if role in states:
            draft = add_key(draft, key.public_key, at=at, role=role, state=states[role])
    log = tuple(key.public_key for key, role in made if role == "log")
    return add_log(draft, log) if log else draft


def _rotated(draft: KeyManifest, wanted: Wanted, old: tuple[Holder, ...]) -> KeyManifest:
    """The draft with the next root. As many have to sign the one after as now, if nothing else is
    said.
    """
    threshold = wanted.threshold
    if threshold is None:
        if any(len(group.keys) != len(wanted.holders) for group in draft.root):
            message = "the number of holders changes; say how many of them have to sign"
            raise ConfigurationError("setting-invalid", message, where="threshold")
        threshold = draft.root[0].threshold
    threshold = require_threshold(len(wanted.holders), threshold)
    known = [key for one in (*old, *wanted.holders) for key in (*one.root, *one.next)]
    return rotate_root(draft, known, next_of(wanted.holders, threshold))
