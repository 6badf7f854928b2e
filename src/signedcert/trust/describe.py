"""What a manifest changes, in words for the people who are asked to sign it."""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from signedcert.trust.entries import KeyEntry, NextGroup, RootGroup, StatusPolicy
from signedcert.trust.history import may_become, rotates
from signedcert.trust.logs import CutOff, LogEntry
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.states import State


class Change(NamedTuple):
    """One thing that differs, and why it is allowed, or that it is not."""

    what: str
    why: str


_DAY = 86400
_FORBIDDEN = "No rule allows this: do not sign."
_GOES_BACK = "IT GOES BACK, as only what settles a fork can. Make sure that it is meant."
_FORWARD = (
    "States go forward only: pre-published, active, retired; from any of them, root may declare a "
    "key compromised or void."
)
_MEANS: dict[State, str] = {
    "pre-published": "it is announced, and nothing that it signs is valid yet",
    "active": "what it signs is valid",
    "retired": "it is to sign nothing more; what it has signed stays valid",
    "compromised": "IT WAS STOLEN",
    "void": "nothing that it has ever signed is valid, as if it had never been",
}
_LOG_MEANS: dict[State, str] = {
    "pre-published": "nothing under its heads counts yet",
    "active": "what is issued from now on is logged there",
    "retired": "nothing more is logged there, and of its heads those alone count that root keys "
    "vouch for",
    "compromised": "its keys were stolen, and of its heads those alone count that root keys vouch "
    "for",
    "void": "nothing under its heads counts",
}
_PROVES = {
    "expected": "",
    "required": " Its documents count only with a proof that they are in a log.",
    "anchored": " Its documents count only with a proof under a head of a log that root keys vouch "
    "for.",
}
_NO_ISSUER = Change(
    "NO ACTIVE ISSUING KEY is left: nothing can be issued under this version.",
    "No rule asks for one. Make sure that it is meant.",
)


def describe(before: KeyManifest | None, after: KeyManifest) -> tuple[Change, ...]:
    """Everything in which ``after`` differs from ``before``; everything, for a first version.

    It does not say whether the rules allow it as a whole: that is for ``History.check_proposal``.
    """
    changes = _first(after) if before is None else _next(before, after)
    return tuple(changes)


def describe_replacing(given_up: KeyManifest, after: KeyManifest) -> tuple[Change, ...]:
    """In what ``after`` differs from the newest of the versions whose place it takes, which it
    does not follow. Root and dates, which always differ, are left to ``describe``.
    """
    changes = (*_name(given_up, after), *_content(given_up, after))
    return tuple(
        change._replace(why=_GOES_BACK) if change.why == _FORBIDDEN else change
        for change in changes
    )


def _first(after: KeyManifest) -> Iterator[Change]:
    yield Change(f"The institution is {after.name}, {after.iss}.", "The address never changes.")
    yield _fresh(after)
    for number, group in enumerate(after.root, 1):
        yield Change(_root(number, group), "All groups have to sign, now and for each change.")
    yield from _announced(after)
    yield from _keys((), after.keys)
    yield from _logs((), after.logs)
    yield from _policy(None, after)
    yield from _issuing(after)


def _next(before: KeyManifest, after: KeyManifest) -> Iterator[Change]:
    if after.iss != before.iss:
        yield Change(f"The address goes from {before.iss} to {after.iss}.", _FORBIDDEN)
    yield from _name(before, after)
    if after.version != before.version + 1:
        yield Change(f"Version {after.version} follows version {before.version}.", _FORBIDDEN)
    yield _fresh(after)
    yield from _roots(before, after)
    yield from _content(before, after)
    yield from _issuing(after)


def _content(before: KeyManifest, after: KeyManifest) -> Iterator[Change]:
    yield from _keys(before.keys, after.keys)
    yield from _logs(before.logs, after.logs)
    yield from _policy(before, after)


def _name(before: KeyManifest, after: KeyManifest) -> Iterator[Change]:
    if after.name != before.name:
        why = "The name may change; the address and the pin do not."
        yield Change(f"The name goes from “{before.name}” to “{after.name}”.", why)


def _fresh(after: KeyManifest) -> Change:
    what = f"Issued {after.issued:%Y-%m-%d %H:%M} UTC, it is fresh until {after.expires:%Y-%m-%d}."
    return Change(what, "Every version renews this; what is authentic does not depend on it.")


def _issuing(after: KeyManifest) -> Iterator[Change]:
    if not any(entry.role == "issue" and entry.state == "active" for entry in after.keys):
        yield _NO_ISSUER


# Root


def _roots(before: KeyManifest, after: KeyManifest) -> Iterator[Change]:
    if (after.root, after.next) == (before.root, before.next):
        return
    allowed = rotates(before, after)
    why = (
        f"Version {before.version} announced exactly these; the old root keys and the new ones "
        "have to sign."
    )
    for number, group in enumerate(after.root, 1):
        yield Change(f"NEW ROOT. {_root(number, group)}", why if allowed else _FORBIDDEN)
    if len(after.root) < len(before.root):
        yield Change(f"Of {len(before.root)} root groups, {len(after.root)} are left.", _FORBIDDEN)
    if allowed:
        yield from _announced(after)
    elif after.next != before.next:
        yield Change("The announced next root keys change.", _FORBIDDEN)


def _root(number: int, group: RootGroup) -> str:
    keys = ", ".join(f"{key.algorithm} {key.thumbprint}" for key in group.keys)
    return f"Root group {number}: {group.threshold} of {len(group.keys)} have to sign: {keys}."


def _announced(after: KeyManifest) -> Iterator[Change]:
    for number, group in enumerate(after.next, 1):
        what = f"Root group {number} can change only into {_following(group)}."
        yield Change(what, "So a thief of the present root keys cannot put keys of his own there.")
    if not after.next:
        yield Change("No next root keys are announced.", "The root can then never change.")


def _following(group: NextGroup) -> str:
    return f"{group.threshold} of {len(group.thumbprints)}: {', '.join(group.thumbprints)}"


# Keys


def _keys(before: tuple[KeyEntry, ...], after: tuple[KeyEntry, ...]) -> Iterator[Change]:
    old = {entry.key: entry for entry in before}
    for entry in after:
        if entry.key in old:
            yield from _key(old[entry.key], entry)
        else:
            what = f"A new key: {_named(entry)} is {entry.state}: {_MEANS[entry.state]}."
            yield Change(what + _details(entry), "Keys may be added; no key is ever taken out.")
    left = {entry.key for entry in after}
    for entry in before:
        if entry.key not in left:
            yield Change(f"{_named(entry)} disappears.", _FORBIDDEN)
    order = [entry.key for entry in before if entry.key in left]
    if [entry.key for entry in after if entry.key in old] != order:
        yield Change("Keys stand in another order.", "The order means nothing.")


def _named(entry: KeyEntry) -> str:
    return f"{entry.role} key {entry.key.algorithm} {entry.key.thumbprint}"


def _details(entry: KeyEntry) -> str:
    since = f" Since {entry.since:%Y-%m-%d %H:%M} UTC."
    end = entry.ended
    ended = "" if end is None else f" It ended at size {end.size} of {end.origin}."
    believed = "" if entry.state != "compromised" else f" {_believed(entry.cutoffs)}"
    return f"{since}{_PROVES[entry.logged]}{ended}{believed}"


def _believed(cutoffs: tuple[CutOff, ...]) -> str:
    """What a stolen key has signed, and is believed."""
    if not cutoffs:
        return "Nothing that it has signed is valid, since no cut-off is stated."
    places = ", or ".join(
        f"among the first {cutoff.size} entries of the log {cutoff.origin} (the head there: "
        f"{cutoff.root})"
        for cutoff in cutoffs
    )
    return (
        f"What it has signed stays valid if it is {places}, with the proof of its place; behind "
        "them, elsewhere, or without a proof, nothing is, whatever date it bears."
    )


def _key(old: KeyEntry, new: KeyEntry) -> Iterator[Change]:
    if (new.url, new.role) != (old.url, old.role):
        yield Change(f"{_named(old)} becomes a {new.role} key at {new.url}.", _FORBIDDEN)
    if new.state != old.state:
        what = f"{_named(new)} goes from {old.state} to {new.state}: {_MEANS[new.state]}."
        yield Change(what + _details(new) + _announced_for(old, new), _forward(old, new))
        return
    if new.cutoffs != old.cutoffs:
        yield _cutoffs_move(old, new)
    ends = old.ended is None and new.ended is not None
    if ends and new.ended is not None:
        what = f"{_named(new)}, {new.state}, ended at size {new.ended.size} of {new.ended.origin}."
        yield Change(what, "Nothing of it is believed behind that place, which never moves.")
    ended = new.ended if ends else old.ended
    if new != replace(old, url=new.url, role=new.role, cutoffs=new.cutoffs, ended=ended):
        what = f"{_named(new)} stays {new.state}, and says otherwise than before:{_details(new)}"
        why = "Dates, and what documents have to prove, may be corrected."
        yield Change(what, why if new.ended == ended else _FORBIDDEN)


def _cutoffs_move(old: KeyEntry, new: KeyEntry) -> Change:
    what = f"THE CUT-OFF MOVES of {_named(new)}, which was stolen. {_believed(new.cutoffs)}"
    for cutoff in old.cutoffs:
        what += f" The cut-off was {cutoff.size} entries of {cutoff.origin}."
    before = {cutoff.origin: cutoff.size for cutoff in old.cutoffs}
    if all(cutoff.size <= before.get(cutoff.origin, 0) for cutoff in new.cutoffs):
        why = "A cut-off may be corrected. What was logged between the two falls."
    else:
        why = (
            "A cut-off may be corrected. What was logged between the two counts again: make sure "
            "that the key was stolen later than was thought."
        )
    return Change(what, why)


def _forward(old: KeyEntry | LogEntry, new: KeyEntry | LogEntry) -> str:
    return _FORWARD if may_become(old.state, new.state) else _FORBIDDEN


def _announced_for(old: KeyEntry, new: KeyEntry) -> str:
    if (old.state, new.state) != ("pre-published", "active"):
        return ""
    return f" It was announced {_days((new.since - old.since).days)} before."


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days} days"


# Logs, status, the end


def _logs(before: tuple[LogEntry, ...], after: tuple[LogEntry, ...]) -> Iterator[Change]:
    old = {log.origin: log for log in before}
    for log in after:
        landmarks = f"{log.landmarks.count} landmarks, digest {log.landmarks.digest}"
        if log.origin not in old:
            signed = ", ".join(f"{key.algorithm} {key.thumbprint}" for key in log.keys)
            what = (
                f"A new log {log.origin} is {log.state}: {_LOG_MEANS[log.state]}. Its heads are "
                f"signed by {signed}; {landmarks}."
            )
            yield Change(what, "Logs may be added; none is ever taken out.")
            continue
        if log.keys != old[log.origin].keys:
            yield Change(f"Log {log.origin} changes its keys.", _FORBIDDEN)
        if log.state != old[log.origin].state:
            what = f"Log {log.origin} is {log.state}: {_LOG_MEANS[log.state]}."
            yield Change(what, _forward(old[log.origin], log))
        if log.landmarks != old[log.origin].landmarks:
            yield _landmarks(log, log.landmarks.count - old[log.origin].landmarks.count)
    left = {log.origin for log in after}
    for log in before:
        if log.origin not in left:
            yield Change(f"Log {log.origin} disappears.", _FORBIDDEN)
    order = [log.origin for log in before if log.origin in left]
    if [log.origin for log in after if log.origin in old] != order:
        yield Change("Logs stand in another order.", "The order means nothing.")


def _landmarks(log: LogEntry, added: int) -> Change:
    heads = "head" if added == 1 else "heads"
    what = (
        f"You vouch for {added} more {heads} of the log {log.origin}, {log.landmarks.count} in "
        f"all, digest {log.landmarks.digest}."
    )
    if added <= 0:
        return Change(what, _FORBIDDEN)
    why = (
        "Landmarks are only added. What stands under them stays provable, whoever steals keys "
        "later; your machine recomputes them from the entries."
    )
    return Change(what, why)


def _policy(before: KeyManifest | None, after: KeyManifest) -> Iterator[Change]:
    if after.status != (before and before.status):
        yield Change(_status(after.status), "The institution decides what it publishes.")
    if after.final != (before and before.final):
        what = f"THE INSTITUTION CLOSES. Only these count from then on: {after.final}."
        yield Change(what, "No version can follow this one.")


def _status(policy: StatusPolicy | None) -> str:
    if policy is None:
        return "Status lists are published no more: nobody can see that a document was revoked."
    days = policy.max_age // _DAY  # it may be more than a timedelta has room for
    return (
        f"Status lists are published; a verifier's copy may be {_days(days)} old "
        f"({policy.max_age} s), and without one nothing is decided."
    )
