"""A second manifest of one of the institution's versions has turned up: what it means."""

from signedcert.custody.fork import Fork
from signedcert.errors import ConfigurationError, SignedCertError, UndecidedError
from signedcert.trust.history import History, rotates
from signedcert.trust.manifest import SignedManifest


def find_fork(history: History, other: SignedManifest) -> Fork:
    """The fork that a manifest makes with the institution's own, for a proposal that settles it.

    Raises what verifiers refuse the manifest for, if they do; ConfigurationError
    ``proposal-invalid``: it is the institution's own, or verifiers take the own one anyway;
    UndecidedError ``trust-fork``: nothing can win against it.
    """
    manifest = other.unverified
    where = f"version {manifest.version}"
    try:
        disputed = history.accept(other)
    except SignedCertError as error:
        error.message += (
            ". Verifiers refuse it too, so there is nothing to settle; unless one of an earlier "
            "version has turned up with it: then settle that"
        )
        raise
    if disputed is history:
        message = "this is the institution's own; the other one of this version is needed"
        raise ConfigurationError("proposal-invalid", message, where=where)
    if rotates(history.before(manifest.version), manifest):
        message = (
            "it rotates into the announced next keys, so whoever made it has those too, and no "
            "manifest can win against it; set the institution up anew, with another pin"
        )
        raise UndecidedError("trust-fork", message, where=where)
    if disputed.newest == history.newest and not disputed.forked:
        message = (
            "verifiers take the institution's own of this version, which rotates; there is nothing "
            "to settle, they only have to fetch it: signedcert trust update"
        )
        raise ConfigurationError("proposal-invalid", message, where=where)
    own = (one for one in history.evidence if one.unverified.version >= manifest.version)
    return Fork(tuple(own), other)
