"""What a vector file holds, and how it is put to the verifier."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Self, cast, get_args

from signedcert.errors import SignedCertError
from signedcert.trust.status import StatusFiles
from signedcert.trust.store import TrustStore
from signedcert.verify.policy import Policy
from signedcert.verify.report import Kind, Report
from signedcert.verify.verifier import Verifier
from tests.reference import AT

HERE = Path(__file__).parent
#: One for each kind of document, and one each for what is published of both.
FOLDERS = ("certificate", "record", "status", "log")

_REQUIRED = ["description", "document"]
_OPTIONAL = ["kind", "code", "at", "policy", "landmarks", "known", "status", "fetched", "later"]
_TRUST = ["trust", "pin"]
_SECONDS = ("max_trust_age", "max_status_age")
_FLAGS = ("unsafe_accept_unknown_status", "classical_broken")
_POLICY = {"issuer", "course", "learner", *_SECONDS, *_FLAGS}
_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_EXPECT = ["verdict", "reason", "detail"]


class Refusal(NamedTuple):
    """Why status files or landmarks were not taken: a reason slug, and the finer one behind it."""

    reason: str
    detail: str = ""


class Expect(NamedTuple):
    """The verdict, its reason slug, and the finer slug behind it, where there are any. ``refused``
    is why files were not taken; the verdict is then by what was known before.
    """

    verdict: str
    reason: str | None = None
    detail: str = ""
    refused: Refusal | None = None

    def to_json(self) -> dict[str, object]:
        """The member order of the file."""
        members = self._asdict()
        refused = members.pop("refused")
        return members if refused is None else {**members, "refused": refused._asdict()}

    @classmethod
    def from_json(cls, members: dict[str, Any]) -> Self:
        """Raises ValueError for a field that is missing or unknown."""
        _require(members, _EXPECT, ["refused"])
        refused = members.get("refused")
        if refused is not None:
            _require(refused, list(Refusal._fields), [])
            refused = Refusal(**refused)
        return cls(**{**members, "refused": refused})


class Institution(NamedTuple):
    """Manifests by the names of their files, all of one institution, and its pin."""

    trust: tuple[str, ...]
    pin: str


class Statuses(NamedTuple):
    """Status files as they are published, each a text; the lists from the first one on."""

    snapshot: str
    lists: tuple[str, ...] = ()
    reasons: str | None = None

    @classmethod
    def of(cls, files: StatusFiles) -> Self:
        """The texts of files."""
        reasons = None if files.reasons is None else files.reasons.decode()
        return cls(files.snapshot.decode(), tuple(one.decode() for one in files.lists), reasons)

    @property
    def files(self) -> StatusFiles:
        """Their bytes, which are their UTF-8."""
        reasons = None if self.reasons is None else self.reasons.encode()
        return StatusFiles(self.snapshot.encode(), tuple(map(str.encode, self.lists)), reasons)

    @classmethod
    def from_json(cls, members: dict[str, Any] | None) -> Self | None:
        """Raises ValueError for a field that is missing or unknown."""
        if members is None:
            return None
        _require(members, list(cls._fields), [])
        return cls(members["snapshot"], tuple(members["lists"]), members["reasons"])


@dataclass(frozen=True, kw_only=True)
class Vector:
    """One document with one defect, what it is put to, and what has to come of it.

    ``landmarks`` are the lists of logs, by origin. ``known`` are status files that were taken
    before those in ``status``, which come at the moment ``fetched``; manifests in ``later`` come
    after them.
    """

    description: str
    document: str
    kind: Kind | None = None
    code: str | None = None
    at: datetime | None = None
    policy: dict[str, Any] | None = None
    institution: Institution
    other: Institution | None = None
    landmarks: Mapping[str, str] | None = None
    known: Statuses | None = None
    status: Statuses | None = None
    fetched: datetime | None = None
    later: tuple[str, ...] = ()
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
            "at": self.at and self.at.strftime(_MOMENT),
            "policy": self.policy,
            **_institution_to_json(self.institution),
            "other": self.other and _institution_to_json(self.other),
            "landmarks": self.landmarks and dict(self.landmarks),
            "known": self.known and self.known._asdict(),
            "status": self.status and self.status._asdict(),
            "fetched": self.fetched and self.fetched.strftime(_MOMENT),
            "later": list(self.later) or None,
            "expect": self.expect.to_json(),
        }
        members = {name: value for name, value in members.items() if value is not None}
        return json.dumps(members, ensure_ascii=True, indent=2) + "\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises ValueError for a field that is missing or unknown."""
        members = json.loads(text)
        other = members.pop("other", None)
        _require(members, [*_REQUIRED, *_TRUST, "expect"], _OPTIONAL)
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
            landmarks=_landmarks(members.get("landmarks")),
            known=Statuses.from_json(members.get("known")),
            status=Statuses.from_json(members.get("status")),
            fetched=_moment(members["fetched"]) if "fetched" in members else None,
            later=tuple(members.get("later", ())),
            expect=Expect.from_json(members["expect"]),
        )

    def store(self, directory: Path) -> TrustStore:
        """The trust store that the vector asks for, from the files in ``directory``, before any
        landmarks and status files.
        """
        store = TrustStore.empty()
        for institution in filter(None, (self.institution, self.other)):
            manifests = _read(directory, institution.trust)
            store = store.add(manifests, institution.pin)
        return store

    def updated(self, directory: Path) -> tuple[TrustStore, Refusal | None]:
        """The same after all landmarks, status files and manifests have come, and why some were not
        taken.
        """
        store, refused = self.store(directory), None
        iss = next(iter(store.institutions))
        fetched = self.fetched or self.at or AT
        if self.known is not None:
            store = store.update(iss, self.known.files, fetched)
        try:
            for origin, text in (self.landmarks or {}).items():
                store = store.add_landmarks(iss, origin, text.encode())
            if self.status is not None:
                store = store.update(iss, self.status.files, fetched)
        except SignedCertError as error:
            refused = Refusal(error.reason, getattr(error, "detail", ""))
        if self.later:
            store = store.add(_read(directory, self.later), self.institution.pin)
        return store, refused

    def report(self, directory: Path) -> Report:
        """What the verifier says of it."""
        return self._report(self.updated(directory)[0])

    def _report(self, store: TrustStore) -> Report:
        verifier = Verifier(store, _policy(self.policy))
        document = self.document.encode("utf-8", "surrogatepass")
        return verifier.report(document, at=self.at or AT, code=self.code, kind=self.kind)

    def outcome(self, directory: Path) -> Expect:
        """What the verifier says, in the terms of ``expect``."""
        store, refused = self.updated(directory)
        report = self._report(store)
        return Expect(report.verdict.value, report.reason, report.decisive.detail, refused)


def read_vectors(directory: Path) -> dict[str, Vector]:
    """All vectors under a directory, by folder and name."""
    return {
        f"{folder}/{file.stem}": Vector.parse(file.read_text("utf-8"))
        for folder in FOLDERS
        for file in sorted((directory / folder).iterdir())
    }


def _read(directory: Path, names: Iterable[str]) -> list[bytes]:
    return [(directory / f"{name}.json").read_bytes() for name in names]


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


def _landmarks(members: object) -> dict[str, str] | None:
    if members is None:
        return None
    if not isinstance(members, dict) or not all(isinstance(one, str) for one in members.values()):
        message = "landmarks are texts by origin"
        raise ValueError(message)
    return members


def _moment(text: str) -> datetime:
    return datetime.strptime(text, _MOMENT).replace(tzinfo=UTC)


def _policy(members: dict[str, Any] | None) -> Policy | None:
    if members is None:
        return None
    ages = {name: timedelta(seconds=members[name]) for name in _SECONDS if name in members}
    return Policy(**(members | ages))


def _institution_to_json(institution: Institution) -> dict[str, object]:
    return {"trust": list(institution.trust), "pin": institution.pin}


def _institution_from_json(members: dict[str, Any]) -> Institution:
    _require(members, _TRUST, [])
    return Institution(tuple(members["trust"]), members["pin"])
