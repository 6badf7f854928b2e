"""Places in a log of a million entries: shown, and verified."""

import random
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from tests.reference import AT, World, credential, make_world
from tests.reference.logs import MemoryLog

from benchmarks import raw
from benchmarks.measure import Call, Figure, Scale, Section, at_most, measure
from signedcert.carriers.bundle import Bundle
from signedcert.core.entry import log_entry
from signedcert.core.jws import CompactJWS
from signedcert.core.logproof import LogProof
from signedcert.core.merkle import leaf_hash
from signedcert.core.remembering import RememberingTree
from signedcert.custody.ceremony import sign_manifest
from signedcert.trust.store import TrustStore
from signedcert.verify.log import LogRule
from signedcert.verify.report import Outcome
from signedcert.verify.verifier import Verifier

_ENTRIES = 1_000_000
_KNOWN = "a proof of depth 20 parsed and checked, its head verified before"
_WHOLE = "the same, and both signatures of the head verified"
_PATH = "a path of depth 20 made from tiles in memory"
_MANY = "{:,} documents of one log: times faster together than each by a new Verifier"


def log_places(scale: Scale) -> Section:
    """Step 5 against the raw operation over the same document, with and without its head; then
    whole verdicts on many documents, with what a verifier remembers and without.
    """
    world, log = make_world(), MemoryLog()
    documents = [
        world.sign(credential()._replace(learner=f"Learner {number}").encode())
        for number in range(2 * scale.rows)
    ]
    log.fill(_ENTRIES - len(documents))
    log.append(*documents)
    bundles = _proved(log, documents)
    trust = _trust(world, log)
    contenders = {
        raw.VERIFICATION: raw.verification(world, documents[0]),
        **_ours(trust, log, bundles),
    }
    measured = measure(contenders, runs=scale.runs, rounds=scale.rounds, block=scale.block)
    bars = {_KNOWN: at_most(0.4, measured[_KNOWN].ratios)}
    yardstick = Figure.of(f"{raw.VERIFICATION} (the yardstick)", measured.pop(raw.VERIFICATION))
    figures = [Figure.of(name, one, bars.get(name)) for name, one in measured.items()]
    figures.append(Figure(_MANY.format(len(bundles)), (_gain(trust, bundles),)))
    return Section(
        f"A log of {_ENTRIES:,} entries", "ratio to the yardstick", (yardstick, *figures)
    )


def _proved(log: MemoryLog, documents: list[bytes]) -> list[Bundle]:
    """In no order, as they come in a folder."""
    head, tree = log.checkpoint(), log.tree()
    first = log.size - len(documents)
    bundles = [
        Bundle(
            document.decode(),
            proof=LogProof(index, tuple(tree.inclusion_path(index)), head).encode().decode(),
        )
        for index, document in enumerate(documents, first)
    ]
    random.shuffle(bundles)
    return bundles


def _trust(world: World, log: MemoryLog) -> TrustStore:
    manifest = replace(world.manifest, logs=(log.entry(),))
    signed = sign_manifest(manifest, world.roots)
    return TrustStore.empty().add([signed.jws.encode()], manifest.pin)


def _ours(trust: TrustStore, log: MemoryLog, bundles: list[Bundle]) -> dict[str, Call]:
    bundle = bundles[0]
    jws = CompactJWS.parse(bundle.document.encode())
    (history,) = trust.institutions.values()
    text = (bundle.proof or "").encode()
    size, root = log.size, log.tree().root()
    index = LogProof.parse(text).index

    def known() -> None:
        proof = LogProof.parse(text)
        leaf = leaf_hash(log_entry(jws.signing_input, jws.signature))
        RememberingTree(size, root).check(proof.index, leaf, proof.path)

    return {
        _KNOWN: known,
        _WHOLE: lambda: LogRule(history, {}).place(bundle, jws),
        _PATH: lambda: log.tree().inclusion_path(index),
    }


def _gain(trust: TrustStore, bundles: list[Bundle]) -> float:
    """How many times longer it takes if nothing is remembered."""
    verifier = Verifier(trust)
    together = _seconds(lambda: verifier, bundles)
    return _seconds(lambda: Verifier(trust), bundles) / together


def _seconds(verifier: Callable[[], Verifier], bundles: Iterable[Bundle]) -> float:
    begun = time.perf_counter()
    for bundle in bundles:
        if verifier().report(bundle, at=AT).checks[4].outcome is not Outcome.PASSED:
            raise AssertionError(bundle)
    return time.perf_counter() - begun
