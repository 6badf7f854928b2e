"""An institution whose documents are logged, its root holder, and who has stolen its keys."""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from signedcert.carriers.bundle import Bundle
from signedcert.core.jws import CompactJWS, Header, serialize_compact, signing_input
from signedcert.custody.keyfile import read_key_file
from signedcert.custody.private import PrivateKey
from signedcert.documents.openbadges import parse_credential
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.issue.issuer import Issued
from signedcert.registry.registry import Registry
from signedcert.trust.entries import KeyEntry, key_url
from signedcert.trust.logs import log_origin
from tests.ceremonies.heads import issue_logged
from tests.cli.running import Done
from tests.institution.homes import PASSPHRASE, URL, Place
from tests.reference.logs import MemoryLog

Run = Callable[..., Done]


class Vault:
    """Commands on one home, and what a thief does with a copy of it."""

    def __init__(self, place: Place, run: Run) -> None:
        self.place, self.run = place, run
        self.home, self.directory = place.home, place.home.parent
        self.secret = self.directory / "secret"
        self.secret.write_text(PASSPHRASE, "utf-8")
        self.trust = self.directory / "holder-trust"

    def issue(self, *numbers: int) -> list[Issued]:
        """A certificate in the minute of each number, each under a head of its own."""
        return issue_logged(self.place, *numbers)

    @property
    def key(self) -> KeyEntry:
        """The first issuing key."""
        return Home.read(self.home).history().newest.keys[0]

    # Ceremonies

    def keys(self, command: str, *more: object) -> Done:
        """A command about keys, in this home."""
        secret = ["--passphrase-file", self.secret]
        return self.run("keys", command, *more, "--home", self.home, *secret)

    def propose(self, *more: object) -> Path:
        """A proposal; nobody has signed it."""
        out = self.directory / "next"
        done = self.keys("propose", out, *more)
        assert done.status == 0, done.err
        return out

    def sign(self, proposal: Path, *more: object) -> Done:
        """The holder signs."""
        pin = Home.read(self.home).history().pin
        where = ["--key", self.place.root / "holder-1", "--trust", self.trust, "--pin", pin]
        secret = ["--passphrase-file", self.secret, "--yes"]
        return self.run("keys", "sign", proposal, *where, *secret, *more)

    def enact(self, proposal: Path) -> Done:
        """It is signed and published."""
        signed = self.sign(proposal, "--log", self.published)
        assert signed.status == 0, signed.err
        done = self.run("keys", "assemble", proposal, "--home", self.home)
        assert done.status == 0, done.err
        return done

    # What verifiers see

    @property
    def published(self) -> Path:
        """What is served as ``/.well-known/signedcert/``, manifests aside."""
        return self.home / "published"

    def mirror(self) -> Path:
        """Whatever a website has, as a folder."""
        site = self.directory / "site"
        shutil.rmtree(site, ignore_errors=True)
        target = site / ".well-known" / "signedcert"
        shutil.copytree(self.published, target)
        shutil.copytree(self.home / "manifests", target / "keys")
        newest = Home.read(self.home).history().newest.version
        shutil.copy(target / "keys" / f"{newest}.json", target / "keys.json")
        return site

    # Thieves

    def forge(self, like: Bundle) -> Bundle:
        """A certificate that was never issued, by the genuine key, dated back."""
        claims = parse_credential(CompactJWS.parse(like.document.encode()).payload)
        forged = claims._replace(
            id=str(uuid4()),
            subject=str(uuid4()),
            learner="Mallory",
            valid_from=claims.valid_from - timedelta(days=20),
        )
        (key,) = self._stolen("issue-*.key")
        header = Header(key.public_key.algorithm, key_url(URL, key.public_key), "JWT")
        content = signing_input(header.segment(), forged.encode())
        return Bundle(serialize_compact(content, key.sign(content)), like.course)

    def copy_log(self, size: int) -> MemoryLog:
        """The log as it was at a size, with its keys."""
        ed25519, mldsa = self._stolen("log-ed25519-*.key") + self._stolen("log-ml-dsa-44-*.key")
        log = MemoryLog(origin=log_origin(URL), keys=(ed25519, mldsa))
        registry = Registry.open(Home.read(self.home).registry_url)
        log.append_entries(registry.log().entries(0, size))
        registry.close()
        return log

    def put(self, log: MemoryLog, folder: Path) -> None:
        """A log in the place of the published one."""
        shutil.rmtree(folder / "log", ignore_errors=True)
        for name, data in log.tiles.items():
            path = folder / "log" / str(name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        (folder / "log" / "checkpoint").write_bytes(log.checkpoint())

    def _stolen(self, pattern: str) -> list[PrivateKey]:
        return [read_key_file(path, PASSPHRASE) for path in (self.home / "keys").glob(pattern)]

    def open(self) -> Institution:
        """The institution."""
        return self.place.open()
