"""The rotation of the issuing key: what is due, and the proposal of the next step."""

from datetime import datetime, timedelta
from typing import Literal, NamedTuple, TypeAlias

from signedcert.ceremonies.proposing import Wanted
from signedcert.core.keys import Algorithm
from signedcert.errors import ConfigurationError
from signedcert.trust.entries import KeyEntry
from signedcert.trust.manifest import KeyManifest

#: How long a new key is announced before it signs.
WAIT = timedelta(days=30)
#: After so long, an issuing key is due to be replaced.
OLD = timedelta(days=365)
#: So long before a manifest stops being fresh, a new one is due.
_SOON = timedelta(days=30)

Step: TypeAlias = Literal["pre-publish", "wait", "activate"]


class Plan(NamedTuple):
    """The next step of a rotation. ``due`` is when the successor may be activated; ``retiring``
    are the keys that it takes the place of.
    """

    step: Step
    algorithm: Algorithm
    retiring: tuple[KeyEntry, ...]
    successor: KeyEntry | None = None
    due: datetime | None = None

    def wanted(self, fresh_for: timedelta) -> Wanted:
        """The changes of this step. Raises ConfigurationError ``proposal-invalid``: it is to
        wait.
        """
        if self.step == "pre-publish":
            return Wanted(generate=self.algorithm, fresh_for=fresh_for)
        if self.step == "wait" or self.successor is None:
            message = f"the new key may be activated from {self.due:%Y-%m-%d} on; see --wait"
            raise ConfigurationError("proposal-invalid", message)
        return Wanted(
            activate=(self.successor.key.thumbprint,),
            retire=tuple(entry.key.thumbprint for entry in self.retiring),
            fresh_for=fresh_for,
        )


def plan(manifest: KeyManifest, *, at: datetime, wait: timedelta = WAIT) -> Plan:
    """What comes next in the rotation of the issuing key."""
    issuing = [entry for entry in manifest.keys if entry.role == "issue"]
    active = tuple(entry for entry in issuing if entry.state == "active")
    waiting = [entry for entry in issuing if entry.state == "pre-published"]
    if not waiting:
        return Plan("pre-publish", _algorithm(active), active)
    new = min(waiting, key=lambda entry: entry.since)
    due = new.since + wait
    step: Step = "activate" if at >= due else "wait"
    return Plan(step, new.key.algorithm, active, new, due)


def _algorithm(active: tuple[KeyEntry, ...]) -> Algorithm:
    return active[-1].key.algorithm if active else "ES256"


def words(manifest: KeyManifest, found: Plan) -> list[str]:
    """The plan for a person to read, line by line."""
    version = manifest.version
    old = ", ".join(_named(entry) for entry in found.retiring) or "none"
    lines = [f"Active issuing key: {old}"]
    if found.successor is None:
        lines.append("There is no successor. The next step makes a new issuing key")
        lines.append(f"({found.algorithm}) in the home, and announces it as pre-published in")
        lines.append(f"version {version + 1}. It signs nothing yet.")
        return lines
    new, since = found.successor, f"{found.successor.since:%Y-%m-%d}"
    lines.append(f"Its successor: {_named(new)}, pre-published since {since}.")
    if found.step == "wait":
        lines.append(f"It may be activated from {found.due:%Y-%m-%d} on. Nothing to do until then.")
    else:
        lines.append(f"The next step activates it in version {version + 1}, and retires the old.")
    return [*lines, *_who_fetches(manifest)]


def _who_fetches(manifest: KeyManifest) -> list[str]:
    return [
        "Tell the verifiers that you know to fetch the new version on the day it is published:",
        "until then, what the new key signs is “undecided” to them: key-pre-published with version",
        f"{manifest.version}, unknown-key with an older one.",
    ]


def _named(entry: KeyEntry) -> str:
    return f"{entry.key.algorithm} {entry.key.thumbprint}"


def due(manifest: KeyManifest, *, at: datetime, wait: timedelta = WAIT) -> list[str]:
    """What the keys need somebody to do, a sentence each."""
    found = plan(manifest, at=at, wait=wait)
    sentences = []
    if found.step == "activate" and found.successor is not None:
        key = found.successor.key.thumbprint
        sentences.append(f"Key {key} may be activated: signedcert keys rotate")
    for entry in found.retiring:
        if at - entry.since > OLD and found.successor is None:
            days = (at - entry.since).days
            sentences.append(
                f"Key {entry.key.thumbprint} has signed for {days} days: signedcert keys rotate"
            )
    if manifest.expires - at < _SOON:
        ends = "is not fresh since" if manifest.expires <= at else "is fresh only until"
        sentences.append(
            f"Manifest {manifest.version} {ends} {manifest.expires:%Y-%m-%d}: "
            "signedcert keys propose OUT_DIR"
        )
    return sentences
