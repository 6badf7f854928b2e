"""What a vector file holds, and how it is put to the verifier."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self, cast, get_args

from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.report import Kind, Report
from signedcert.verify.verifier import Verifier
from tests.reference import AT

HERE = Path(__file__).parent
#: One for each kind of document.
FOLDERS = ("certificate", "record")

_REQUIRED = ["description", "document"]
_OPTIONAL = ["kind", "code", "at", "policy"]
_TRUST = ["trust", "pin"]
_POLICY = {"issuer", "course", "learner", "max_trust_age"}


class Expect(NamedTuple):
    """The verdict, its reason slug, and the finer slug behind it, where there are any."""

    verdict: str
    reason: str | None = None
    detail: str = ""


class Institution(NamedTuple):
    """Manifests by the names of their files, all of one institution, and its pin."""

    trust: tuple[str, ...]
    pin: str


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One document with one defect, what it is put to, and what has to come of it."""

    description: str
    document: str
    kind: Kind | None = None
    code: str | None = None
    at: datetime | None = None
    policy: dict[str, Any] | None = None
    institution: Institution
    other: Institution | None = None
    expect: Expect

    @property
    def promise(self) -> tuple[str, Expect]:
        """What stays when keys change: the description and the expectation."""
        return self.description, self.expect

    def encode(self) -> str:
        """The text of the file."""
        members: dict[str, object] = {
            "description": self.description,
            "document": self.document,
            "kind": self.kind,
            "code": self.code,
            "at": self.at and self.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "policy": self.policy,
            **_institution_to_json(self.institution),
            "other": self.other and _institution_to_json(self.other),
            "expect": self.expect._asdict(),
        }
        members = {name: value for name, value in members.items() if value is not None}
        return json.dumps(members, ensure_ascii=True, indent=2) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for a field that is missing or unknown."""
        members = json.loads(text)
        other = members.pop("other", None)
        _require(members, [*_REQUIRED, *_TRUST, "expect"], _OPTIONAL)
        _require(members["expect"], list(Expect._fields), [])
        _require(members.get("policy", {}), [], sorted(_POLICY))
        return cls(
            description=members["description"],
            document=members["document"],
            kind=_kind(members.get("kind")),
            code=members.get("code"),
            at=_moment(members["at"]) if "at" in members else None,
            policy=members.get("policy"),
            institution=Institution(tuple(members["trust"]), members["pin"]),
            other=None if other is None else _institution_from_json(other),
            expect=Expect(**members["expect"]),
        )

    def store(self, directory: Path) -> TrustStore:
        """The trust store that the vector asks for, from the files in ``directory``."""
        store = TrustStore.empty()
        for institution in filter(None, (self.institution, self.other)):
            manifests = [(directory / f"{name}.json").read_bytes() for name in institution.trust]
            store = store.add(manifests, institution.pin)
        return store

    def report(self, directory: Path) -> Report:
        """What the verifier says of it."""
        verifier = Verifier(self.store(directory), _policy(self.policy))
        document = self.document.encode("utf-8", "surrogatepass")
        return verifier.report(document, at=self.at or AT, code=self.code, kind=self.kind)

    def outcome(self, directory: Path) -> Expect:
        """What the verifier says, in the terms of ``expect``."""
        report = self.report(directory)
        return Expect(report.verdict.value, report.reason, report.decisive.detail)


def read_vectors(directory: Path) -> dict[str, Vector]:
    """All vectors under a directory, by folder and name."""
    return {
        f"{folder}/{file.stem}": Vector.parse(file.read_text("utf-8"))
        for folder in FOLDERS
        for file in sorted((directory / folder).iterdir())
    }


def _require(members: dict[str, Any], required: list[str], optional: list[str]) -> None:
    missing = [name for name in required if name not in members]
    unknown = [name for name in members if name not in required + optional]
    if missing or unknown:
        message = f"missing: {missing}, unknown: {unknown}"
        raise ValueError(message)


def _kind(text: str | None) -> Kind | None:
    if text not in (None, *get_args(Kind)):
        message = f"no kind of document: {text}"
        raise ValueError(message)
    return cast("Kind | None", text)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _policy(members: dict[str, Any] | None) -> Policy | None:
    if members is None:
        return None
    age = members.get("max_trust_age")
    others = {name: value for name, value in members.items() if name != "max_trust_age"}
    return Policy(**others, max_trust_age=None if age is None else timedelta(seconds=age))


def _institution_to_json(institution: Institution) -> dict[str, object]:
    return {"trust": list(institution.trust), "pin": institution.pin}


def _institution_from_json(members: dict[str, Any]) -> Institution:
    _require(members, _TRUST, [])
    return Institution(tuple(members["trust"]), members["pin"])
