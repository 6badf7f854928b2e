"""What a next manifest may change: from one manifest to another, nothing signed yet.

``successor`` begins a draft, the others change it; ``History.check_proposal`` then says whether the
rules allow what came of it.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from signedcert.core.encoding import whole_seconds
from signedcert.core.keys import Algorithm, PublicKey
from signedcert.errors import MalformedError
from signedcert.trust.entries import (
    KeyEntry,
    Logged,
    NextGroup,
    Role,
    RootGroup,
    StatusPolicy,
    key_url,
)
from signedcert.trust.history import may_become
from signedcert.trust.landmarks import LandmarkList
from signedcert.trust.logs import CutOff, LogEntry, log_number, log_origin
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.states import State

#: What documents are signed with; see ``verify.steps``.
_ISSUING: tuple[Algorithm, ...] = ("ES256", "Ed25519")
#: When a verifier should have looked for newer keys; authenticity does not depend on it.
FRESH = timedelta(days=365)
#: Shorter, and somebody could make a key whose thumbprint begins so.
_SHORTEST_KID = 8


def successor(before: KeyManifest, *, at: datetime, fresh_for: timedelta = FRESH) -> KeyManifest:
    """The next version, in which nothing has changed but the date until which it is fresh."""
    issued = whole_seconds(at, "at")
    version = before.version + 1
    return replace(before, version=version, issued=issued, expires=issued + fresh_for)


def settling(
    before: KeyManifest, newest: KeyManifest, *, at: datetime, fresh_for: timedelta = FRESH
) -> KeyManifest:
    """A second version after ``before``, for the place of the one that ``newest`` came by: it says
    what ``newest`` says, but for the root, which is that of ``before`` and has to rotate.

    What was pre-published ``before`` and is retired in ``newest`` is active here: no rule leads
    there in one step, and active says the same of what was signed.
    """
    draft = successor(before, at=at, fresh_for=fresh_for)
    states = {entry.key: entry.state for entry in before.keys}
    logs = {log.origin: log.state for log in before.logs}
    return replace(
        newest,
        version=draft.version,
        issued=draft.issued,
        expires=draft.expires,
        root=before.root,
        next=before.next,
        keys=tuple(
            entry
            if may_become(states.get(entry.key, entry.state), entry.state)
            else replace(entry, state="active", since=draft.issued, ended=None)
            for entry in newest.keys
        ),
        logs=tuple(
            log
            if may_become(logs.get(log.origin, log.state), log.state)
            else log._replace(state="active")
            for log in newest.logs
        ),
    )


def rename(draft: KeyManifest, name: str) -> KeyManifest:
    """Another name of the institution."""
    return replace(draft, name=name)


def add_key(
    draft: KeyManifest,
    key: PublicKey,
    *,
    at: datetime,
    role: Role = "issue",
    state: State = "pre-published",
) -> KeyManifest:
    """One more key of the institution.

    Raises MalformedError: ``key-invalid``, the key stands in the manifest already; ``key-type``,
    documents are not signed with keys like this.
    """
    if role == "issue" and key.algorithm not in _ISSUING:
        message = f"certificates are not signed with {key.algorithm}"
        raise MalformedError("key-type", message, where=key.thumbprint)
    roots = [one for group in draft.root for one in group.keys]
    if key in roots or any(key == entry.key for entry in draft.keys):
        message = "this key stands in the manifest already"
        raise MalformedError("key-invalid", message, where=key.thumbprint)
    entry = KeyEntry(
        key=key,
        url=key_url(draft.iss, key),
        role=role,
        state=state,
        since=whole_seconds(at, "at"),
    )
    return replace(draft, keys=(*draft.keys, entry))


def change_state(draft: KeyManifest, kid: str, state: State, *, at: datetime) -> KeyManifest:
    """Another state of the key that ``find_entry`` finds.

    Raises MalformedError ``manifest-key-state`` for the state that it is in; what ``find_entry``
    raises. Whether its old state allows the new one is for the rules.
    """
    old = find_entry(draft, kid)
    if old.state == state:
        message = f"it is {state} already, since {old.since:%Y-%m-%d}"
        raise MalformedError("manifest-key-state", message, where=old.key.thumbprint)
    new = replace(old, state=state, since=whole_seconds(at, "at"))
    return replace(draft, keys=tuple(new if one is old else one for one in draft.keys))


def compromise(
    draft: KeyManifest, kid: str, cutoffs: tuple[CutOff, ...], *, at: datetime
) -> KeyManifest:
    """The key that ``find_entry`` finds is stolen, and believed up to the cut-offs only. Of one
    that is known to be stolen, they move.

    Raises what ``find_entry`` raises.
    """
    old = find_entry(draft, kid)
    since = old.since if old.state == "compromised" else whole_seconds(at, "at")
    new = replace(old, state="compromised", since=since, cutoffs=cutoffs)
    return replace(draft, keys=tuple(new if one is old else one for one in draft.keys))


def set_logged(draft: KeyManifest, logged: Logged) -> KeyManifest:
    """What documents have to prove of their place in the log, by whichever issuing key that signs
    now or will sign.
    """
    keys = tuple(
        replace(entry, logged=logged)
        if entry.role == "issue" and entry.state in ("active", "pre-published")
        else entry
        for entry in draft.keys
    )
    return replace(draft, keys=keys)


def add_log(draft: KeyManifest, keys: tuple[PublicKey, ...]) -> KeyManifest:
    """One more log, without landmarks; ``keys`` sign its heads. It is the active one from now on:
    one that was so retires, and of its heads the landmarks alone count.
    """
    number = 1 + max((log_number(draft.iss, log.origin) for log in draft.logs), default=0)
    origin = log_origin(draft.iss, number)
    entry = LogEntry(origin, keys, "active", LandmarkList().landmarks)
    before = (log._replace(state="retired") if log.state == "active" else log for log in draft.logs)
    return replace(draft, logs=(*before, entry))


def compromise_log(draft: KeyManifest, origin: str) -> KeyManifest:
    """The keys of a log are stolen: it counts by its landmarks only.

    Raises MalformedError ``manifest-key-state``: that is known, or the log is void.
    """
    old = next(log for log in draft.logs if log.origin == origin)
    if old.state in ("compromised", "void"):
        raise MalformedError("manifest-key-state", f"it is {old.state} already", where=origin)
    new = old._replace(state="compromised")
    return replace(draft, logs=tuple(new if log is old else log for log in draft.logs))


def set_status(draft: KeyManifest, max_age: timedelta) -> KeyManifest:
    """Status lists are published, and a verifier's may be so old."""
    return replace(draft, status=StatusPolicy(int(max_age.total_seconds())))


def rotate_root(
    draft: KeyManifest, known: Iterable[PublicKey], following: tuple[NextGroup, ...]
) -> KeyManifest:
    """The root becomes exactly the ``next`` that was announced, and ``following`` is the new one.

    ``known`` are the public keys that the announced thumbprints are of, and any others.
    Raises MalformedError ``manifest-root-changed``: none was announced, or one of the keys is not
    among ``known``.
    """
    if not draft.next:
        message = "no next root keys were announced, so the root cannot change"
        raise MalformedError("manifest-root-changed", message, where="next")
    keys = {key.thumbprint: key for key in known}
    for thumbprint in (one for group in draft.next for one in group.thumbprints):
        if thumbprint not in keys:
            message = "of this announced root key, no holder file has the public key"
            raise MalformedError("manifest-root-changed", message, where=thumbprint)
    root = tuple(
        RootGroup(group.threshold, tuple(keys[one] for one in group.thumbprints))
        for group in draft.next
    )
    return replace(draft, root=root, next=following)


def find_log(manifest: KeyManifest, kid: str) -> LogEntry | None:
    """The log of whose keys one has this thumbprint, or one whose thumbprint alone begins so."""
    found = [
        log
        for log in manifest.logs
        for key in log.keys
        if len(kid) >= _SHORTEST_KID and key.thumbprint.startswith(kid)
    ]
    return found[0] if len(found) == 1 else None


def find_entry(manifest: KeyManifest, kid: str) -> KeyEntry:
    """The key with this thumbprint or URL, or whose thumbprint alone begins so.

    Raises MalformedError ``manifest-key-missing``: none, or more than one; under eight characters.
    """
    long_enough = len(kid) >= _SHORTEST_KID
    found = [
        entry
        for entry in manifest.keys
        if kid == entry.url or (long_enough and entry.key.thumbprint.startswith(kid))
    ]
    if len(found) != 1:
        how_many = "no key" if not found else "more than one key"
        message = (
            f"{how_many} of the manifest is meant by this; give a thumbprint, or its first "
            f"{_SHORTEST_KID} characters: signedcert keys status"
        )
        raise MalformedError("manifest-key-missing", message, where=ascii(kid)[:80])
    return found[0]
