"""What is published, followed by a verifier that has the files alone."""

from signedcert.carriers.bundle import Bundle
from signedcert.institution import Institution
from signedcert.trust.status import StatusFiles
from signedcert.trust.store import TrustStore
from signedcert.verify.verifier import Verifier
from tests.institution.homes import LATER, NOW, certificate, issue_one


def follow(institution: Institution, trust: TrustStore) -> TrustStore:
    """The store after an update from the published folder."""
    institution.publish(at=LATER)
    files = StatusFiles.read(institution.published.path)
    assert files is not None
    return trust.update(institution.url, files, LATER)


def verdict(trust: TrustStore, bundle: Bundle) -> str:
    """The reason that a report gives, or its verdict."""
    report = Verifier(trust).report(bundle, at=LATER)
    return str(report.reason or report.verdict.name.lower())


def test_a_verifier_follows_each_change_of_status(university: Institution) -> None:
    bundles = [issue_one(university, learner_id=f"s-{n}").bundle for n in range(4)]
    trust = TrustStore.empty().add(university.manifests, university.pin)
    trust = follow(university, trust)
    assert [verdict(trust, one) for one in bundles] == ["authentic"] * 4
    university.revoke(bundles[0].code, "misconduct", at=NOW)
    university.suspend(bundles[1].code, "under-review", at=NOW)
    new = university.replace(bundles[2].code, certificate("Ada"), at=NOW).bundle
    assert [verdict(trust, one) for one in bundles] == ["authentic"] * 4
    trust = follow(university, trust)
    expected = ["revoked", "suspended", "replaced", "authentic", "authentic"]
    assert [verdict(trust, one) for one in (*bundles, new)] == expected
    university.restore(bundles[1].code, at=NOW)
    assert verdict(follow(university, trust), bundles[1]) == "authentic"
