"""A proposal that enough root holders have signed becomes the newest manifest of a home."""

from collections import Counter
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from signedcert.carriers.bundle import Bundle
from signedcert.custody.fork import Fork
from signedcert.custody.merging import Merged, merge
from signedcert.custody.proposal import Proposal
from signedcert.custody.review import check_growths
from signedcert.errors import ConfigurationError, RejectedError
from signedcert.home import Home
from signedcert.log.log import Logs
from signedcert.registry.registry import Registry
from signedcert.registry.uses import RecentDocument, recent_documents
from signedcert.trust.history import History, Pin
from signedcert.trust.logs import log_number
from signedcert.trust.manifest import KeyManifest
from signedcert.trust.store import TrustStore
from signedcert.verify.report import WORST_FIRST, Report, Verdict
from signedcert.verify.verifier import Verifier

#: How many of the newest documents have to verify as before.
RECENT = 1000
_STATUS_STEP = 7


class Proved(NamedTuple):
    """How many documents were verified under both manifests, and of them those that are not
    authentic any more since the new one says that of their key, by thumbprint.
    """

    documents: int
    given_up: dict[str, int]


class Assembled(NamedTuple):
    """What came of it. ``published`` is None as long as signatures are missing; ``signer`` is the
    setting, where it changed; ``unknown_signer`` an active issuing key that the home cannot open;
    ``given_up`` the home's own manifests that went, since this one has settled a fork.
    """

    merged: Merged
    published: KeyManifest | None = None
    proved: Proved | None = None
    signer: str | None = None
    unknown_signer: str | None = None
    given_up: tuple[KeyManifest, ...] = ()


def assemble(home: Home, directory: Path, *, at: datetime) -> Assembled:
    """Merges the signatures in a proposal; if they are enough, and recent documents verify as
    before, publishes the manifest in the home. Safe to run again after it was broken off.

    Raises RejectedError with the reason and the code of a document that would no longer verify;
    MalformedError, RejectedError: a rule that the manifest breaks; UndecidedError ``trust-fork``;
    ConfigurationError ``proposal-invalid``. Nothing was written then.
    """
    proposal = Proposal.read(directory)
    before = _before(home, proposal.manifest)
    fork = None if before is None else _fork(before, proposal)
    parent = None if before is None else before.before(proposal.manifest.version)
    merged = merge(directory, proposal, parent)
    if merged.manifest is None or not merged.complete:
        return Assembled(merged)
    signed = merged.manifest
    if before is None:
        after = History.start(signed, Pin.parse(signed.unverified.pin))
    else:
        after = before.accept(signed)
    check_growths(proposal, parent)
    _require_every_head(home, proposal)
    proved = prove(home, before, after, at)
    _keep_holders(home, parent, proposal)
    for growth in proposal.growths:
        home.publish_landmarks(proposal.manifest.iss, growth.origin, growth.landmarks)
    if home.unsigned is not None or proposal.manifest not in home.history().versions:
        home.publish(signed, fork)
    given_up = tuple(one.unverified for one in fork.own) if fork else ()
    done = _set_signer(home, proposal.manifest, merged, proved)
    return done._replace(given_up=given_up)


def _before(home: Home, manifest: KeyManifest) -> History | None:
    """The home's history without the manifest, if it is published already, and with what was
    given up for it; None for the first.

    Raises what ``History.check_proposal`` does; ConfigurationError ``proposal-invalid``.
    """
    unsigned = home.unsigned
    if unsigned is not None:
        if unsigned != manifest.encode():
            message = "not the first manifest that this home was made with"
            raise ConfigurationError("proposal-invalid", message, where="payload.json")
        return None
    history = home.history()
    if manifest == history.newest:
        if manifest.version == 1:
            return None
        history = history.until(manifest.version - 1)
    if manifest not in history.versions:
        for one in home.dropped(manifest):
            history = history.accept(one)
    history.check_proposal(manifest)
    return history


def _fork(before: History, proposal: Proposal) -> Fork | None:
    """The fork that it settles, with the home's own side of it.

    Raises what ``Fork.check`` raises; ConfigurationError ``proposal-invalid``: the home has another
    newest version than when this was proposed, of which nothing would be left.
    """
    manifest = proposal.manifest
    own = tuple(one for one in before.evidence if one.unverified.version >= manifest.version)
    brought = proposal.fork.own if proposal.fork else ()
    if [one.unverified for one in own] != [one.unverified for one in brought]:
        message = (
            f"it would take the place of version {manifest.version} and those after it, and is not "
            "made for those that this home has; propose it anew, with --settle"
        )
        raise ConfigurationError("proposal-invalid", message, where=f"version {manifest.version}")
    if proposal.fork is None:
        return None
    fork = Fork(own, proposal.fork.other)
    fork.check(before.until(manifest.version - 1), manifest)
    return fork


def _require_every_head(home: Home, proposal: Proposal) -> None:
    """A head that was left out would make forks of all proofs under it.

    Raises ConfigurationError ``proposal-invalid``.
    """
    manifest = proposal.manifest
    with closing(Registry.open(home.registry_url)) as registry:
        for growth in proposal.growths:
            roots = registry.log(log_number(manifest.iss, growth.origin)).roots()
            known = growth.landmarks
            if dict(known.heads) != {size: roots[size] for size in roots if size <= known.size}:
                message = (
                    "its landmarks are not all the heads that this home has signed so far; propose "
                    "it anew, and find out who changed it"
                )
                raise ConfigurationError("proposal-invalid", message, where=growth.origin)


def prove(home: Home, before: History | None, after: History, at: datetime) -> Proved:
    """Verifies the newest documents of the registry under both histories, with the landmarks that
    either names, and with proofs.

    Raises RejectedError, for the first that is less than it was, unless the new manifest says of
    its key that it is void or compromised; ConfigurationError ``log-damaged``.
    """
    recent = recent_documents(home.registry_url, RECENT)
    if before is None:
        return Proved(len(recent), {})
    registry = Registry.open(home.registry_url)
    try:
        old, new = (Logs(one.newest, registry, home.published.path) for one in (before, after))
        verifiers = _verifier(before, old), _verifier(after, new)
        proofs = new.prover.proofs([one.code for one in recent])
    finally:
        registry.close()
    # Who publishes status lists from now on does so after this; nobody has them yet.
    skipped = _STATUS_STEP if before.newest.status != after.newest.status else None
    given_up: Counter[str] = Counter()
    for one in recent:
        bundle = Bundle(one.document, proof=proofs.get(one.code))
        reports = verifiers[0].report(bundle, at=at), verifiers[1].report(bundle, at=at)
        if _is_less(*reports, skipped):
            given_up[_excuse(one, reports[1], after)] += 1
    return Proved(len(recent), dict(given_up))


def _verifier(history: History, logs: Logs) -> Verifier:
    iss = history.newest.iss
    landmarks = {(iss, origin): known for origin, known in logs.landmarks.items()}
    return Verifier(TrustStore({iss: history}, {}, landmarks))


def _is_less(old: Report, new: Report, skipped: int | None) -> bool:
    verdicts = [_verdict(report, skipped) for report in (old, new)]
    if verdicts[0] is verdicts[1]:
        return verdicts[1] is not Verdict.AUTHENTIC and old.decisive.reason != new.decisive.reason
    return WORST_FIRST.index(verdicts[1]) < WORST_FIRST.index(verdicts[0])


def _verdict(report: Report, skipped: int | None) -> Verdict:
    verdicts = [check.verdict for check in report.checks if check.step != skipped]
    return min(verdicts, key=WORST_FIRST.index)


def _excuse(one: RecentDocument, report: Report, after: History) -> str:
    """The key that the new manifest gives up, by which the document loses its standing."""
    header = one.document.partition(".")[0].encode()
    found = TrustStore({after.newest.iss: after}).find_header(header)
    if found is not None and found.entry.state in ("void", "compromised"):
        return found.entry.key.thumbprint
    reason = report.decisive.reason or "claims-inconsistent"
    message = (
        f"under the new manifest this document would be {report.verdict.value}, and it is not so "
        "today; nothing was published"
    )
    raise RejectedError(reason, message, where=str(one.code), step=report.decisive.step)


def _keep_holders(home: Home, before: KeyManifest | None, proposal: Proposal) -> None:
    """After a root rotation: those whose next keys the manifest announces."""
    after = proposal.manifest
    if before is None or before.next == after.next:
        return
    announced = {thumbprint for group in after.next for thumbprint in group.thumbprints}
    holders = [
        holder
        for holder in proposal.holders
        if announced.issuperset(key.thumbprint for key in holder.next)
    ]
    home.add_holders(after.version, tuple(holders))


def _set_signer(home: Home, manifest: KeyManifest, merged: Merged, proved: Proved) -> Assembled:
    """The setting stays while its key may issue; else it becomes the newest key that may."""
    done = Assembled(merged, manifest, proved)
    active = [one for one in manifest.keys if (one.role, one.state) == ("issue", "active")]
    known = {entry.key.thumbprint: home.signer_of(entry.key) for entry in active}
    if not active or home.configuration.signer in known.values():
        return done
    newest = max(active, key=lambda entry: entry.since)
    uri = known[newest.key.thumbprint]
    if uri is None:
        return done._replace(unknown_signer=newest.key.thumbprint)
    home.set_signer(uri)
    return done._replace(signer=uri)
