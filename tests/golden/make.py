"""Makes the golden files of format version 1, once: ``python -m tests.golden.make``.

It refuses to overwrite. A golden file that stops verifying is a bug in the code, not in the file.
The private keys exist only while this runs.
"""

import sys
import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from signedcert.core.encoding import dump_json
from signedcert.core.keys import Algorithm
from signedcert.documents.certificate import Certificate
from signedcert.institution import Institution
from signedcert.trust.jwks import jwks
from tests.reference import course

HERE = Path(__file__).parent
KEYS = HERE.parents[1] / "keys"
AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NAMES = {
    "plain": Certificate(learner="Amelia Hartwell", course=course(), completed=date(2026, 6, 30)),
    "every-field": Certificate(
        learner='Ὑπατία "Ў" O\\Neil میلاد\u200cی',  # escapes, Greek, Cyrillic, Persian
        course=course(),
        started=date(2026, 4, 1),
        completed=date(2026, 6, 30),
        valid_until=datetime(2036, 6, 30, tzinfo=UTC),
    ),
}


def main() -> None:
    """Writes keys/ and the golden files."""
    if any(HERE.glob("*.signedcert")) or any(KEYS.glob("*.json")):
        sys.exit("golden files are made once; they are here already")
    make("ES256", KEYS)
    make("Ed25519", HERE / "ed25519-keys")


def make(algorithm: Algorithm, keys: Path) -> None:
    """One institution, its published keys, and a certificate of each kind."""
    with tempfile.TemporaryDirectory() as scratch:
        institution = Institution.create(
            Path(scratch) / "home",
            name="Example University",
            url="https://learn.example.edu",
            root=Path(scratch) / "root",
            holders=1,
            passphrase=Path(scratch).name,
            algorithm=algorithm,
            at=AT,
        )
        with institution:
            publish(institution, keys)
            institution.add_course(course(), at=AT)
            for name, certificate in NAMES.items():
                issued = institution.issue(certificate, learner_id=name, run="2026", at=AT)
                file = HERE / f"certificate-1-{algorithm.lower()}-{name}.signedcert"
                issued.bundle.write(file)
                file.with_suffix(".jws").write_text(issued.bundle.document, "ascii")


def publish(institution: Institution, keys: Path) -> None:
    """What an institution puts on the web, as files."""
    keys.mkdir(exist_ok=True)
    (keys / "keys.json").write_bytes(institution.manifests[-1])
    for version, manifest in enumerate(institution.manifests, 1):
        (keys / f"{version}.json").write_bytes(manifest)
    (keys / "jwks.json").write_bytes(dump_json(jwks(institution.manifest)))
    (keys / "PIN").write_text(f"{institution.pin}\n", "ascii")


if __name__ == "__main__":
    main()
