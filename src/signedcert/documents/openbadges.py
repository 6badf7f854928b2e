"""Certificates as Open Badges 3.0 credentials: the form on the wire, and back without loss."""

import json
from datetime import date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple, cast

from signedcert.core.encoding import format_time, moment_of, parse_canonical_json
from signedcert.core.jws import MAX_COMPACT
from signedcert.documents.form import Differing, Form
from signedcert.documents.text import MAX_NAME, MAX_SUMMARY, MAX_TITLE, check_text
from signedcert.errors import MalformedError

#: ``typ`` values that a certificate may have; ``JWT`` is what is written.
CERTIFICATE_TYPES = ("JWT", "vc+jwt", None)
#: That of a course record (Securing Verifiable Credentials using JOSE and COSE, 3.2.1).
RECORD_TYPE = "vc+sd-jwt"
#: Entries of one status list: enough that an index says nothing about when it was drawn.
STATUS_LIST_SIZE = 2**20

# What certificate and record have alike, in the order in which it stands.
HEAD = (
    '{"@context":["https://www.w3.org/ns/credentials/v2",'
    '"https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],'
    '"id":"urn:uuid:«id:uuid»","type":["VerifiableCredential","OpenBadgeCredential"],'
    '"name":"«title:text»",'
    '"issuer":{"id":"«issuer:origin»","type":["Profile"],"name":"«issuer_name:text»"},'
    '"validFrom":"«valid_from:time»"⟦,"validUntil":"«valid_until:time»"⟧,'
    '"credentialSubject":{"id":"urn:uuid:«subject:uuid»","type":["AchievementSubject"],'
    '"identifier":['
)
IDENTITY = (
    '{"type":"IdentityObject","hashed":false,"identityHash":"«learner:text»","identityType":"name"}'
)
ACHIEVEMENT = (
    ']⟦,"activityStartDate":"«started:date»T00:00:00Z"⟧'
    ',"activityEndDate":"«completed:date»T00:00:00Z",'
    '"achievement":{"id":"«issuer»/courses/«course:slug»","type":["Achievement"],'
    '"achievementType":"Course","name":"«title»","description":"«description:text»",'
    '"criteria":{"narrative":"«narrative:text»"}'
)
COURSE = (
    '"relatedResource":[{"id":"«issuer»/courses/«course»/«version:index».json",'
    '"digestSRI":"«digest:digest»","mediaType":"application/json"}'
)
TAIL = (
    '],"credentialStatus":{"type":"BitstringStatusListEntry","statusPurpose":"revocation",'
    '"statusListIndex":"«status_index:index»",'
    '"statusListCredential":"«issuer»/.well-known/signedcert/status/«status_list:index»"},'
    '"iss":"«issuer»","jti":"urn:uuid:«id»","nbf":«nbf:integer»,"sub":"urn:uuid:«subject»"'
    '⟦,"exp":«exp:integer»⟧'
)

CERTIFICATE_FORM = Form(f"{HEAD}{IDENTITY}{ACHIEVEMENT}}}}},{COURSE}{TAIL}}}")

DIFFERING: Differing = {
    "iss": "iss-mismatch",
    "jti": "jti-mismatch",
    "sub": "sub-mismatch",
    "credentialSubject.achievement.id": "not-under-issuer",
    "credentialSubject.achievement.name": "name-mismatch",
    "relatedResource[0].id": "not-under-issuer",
    "credentialStatus.statusListCredential": "status-mismatch",
}
_SCORES = frozenset(
    {"result", "resultDescription", "score", "grade", "finalScore", "mark", "marks"}
)


class Credential(NamedTuple):
    """Every field of a signed certificate, as its payload says it. Nothing here was verified.

    ``id`` and ``subject`` are UUIDs; ``course`` and ``version`` name the course document, which
    ``digest`` fixes; ``issuer_name`` is what the document says of its issuer, which is not what
    a verifier shows.
    """

    id: str
    title: str
    issuer: str
    issuer_name: str
    valid_from: datetime
    valid_until: datetime | None
    subject: str
    learner: str
    started: date | None
    completed: date
    course: str
    version: int
    description: str
    narrative: str
    digest: str
    status_list: int
    status_index: int

    @property
    def course_url(self) -> str:
        """Where the issuer publishes the course document."""
        return f"{self.issuer}/courses/{self.course}/{self.version}.json"

    def write(self) -> bytes:
        """The payload. The fields are the caller's to check: ``encode`` does it."""
        until, started = self.valid_until, self.started
        return CERTIFICATE_FORM.write(
            [
                self.id,
                self.title,
                self.issuer,
                self.issuer_name,
                format_time(self.valid_from),
                None if until is None else format_time(until),
                self.subject,
                self.learner,
                None if started is None else started.isoformat(),
                self.completed.isoformat(),
                self.course,
                self.description,
                self.narrative,
                str(self.version),
                self.digest,
                str(self.status_index),
                str(self.status_list),
                str(int(self.valid_from.timestamp())),
                None if until is None else str(int(until.timestamp())),
            ]
        )

    def encode(self) -> bytes:
        """The payload. Raises MalformedError if a field does not fit its place, or does not
        survive the way to the wire and back.
        """
        payload = self.write()
        if parse_credential(payload) != self:
            message = "a field does not survive the way to the wire and back"
            raise MalformedError("not-canonical", message)
        return payload


def parse_credential(payload: bytes) -> Credential:
    """The certificate that a payload holds, in its one spelling.

    Raises MalformedError: what strict JSON refuses; ``vc-claim``, ``score-in-certificate``,
    ``evidence-reserved``, ``term-undefined`` and other members that the profile does not have;
    JWT claims that differ from the credential; texts and dates against the rules.
    """
    credential = read_credential(payload)
    if credential is None:
        raise explain_credential(parse_canonical_json(payload, MAX_COMPACT, "payload"))
    return credential


def read_credential(payload: bytes) -> Credential | None:
    """The fast path of ``parse_credential``: None if the payload is not of the form.

    Raises MalformedError for a payload of the form whose fields break a rule.
    """
    texts = CERTIFICATE_FORM.read(payload)
    return None if texts is None else _credential(cast("list[str]", texts))


def explain_credential(value: object) -> MalformedError:
    """Why a parsed payload is not of the form, or which rule one of its fields breaks."""
    return CERTIFICATE_FORM.explain(value, _unknown_member, DIFFERING)


def _credential(texts: list[str]) -> Credential:
    """The texts in the order of the form's holes; those that may be lacking are None."""
    (id_, title, issuer, issuer_name, valid_from, valid_until, subject, learner) = texts[:8]
    (started, completed, course, description, narrative, version, digest) = texts[8:15]
    (status_index, status_list, nbf, exp) = texts[15:]
    credential = Credential(
        id_,
        title,
        issuer,
        issuer_name,
        moment_of(valid_from, "validFrom"),
        moment_of(valid_until, "validUntil") if valid_until else None,
        subject,
        learner,
        day_of(started, "activityStartDate") if started else None,
        day_of(completed, "activityEndDate"),
        course,
        int(version),
        description,
        narrative,
        digest,
        int(status_list),
        int(status_index),
    )
    check_text(learner, MAX_NAME, "credentialSubject.identifier[0].identityHash")
    check_validity(credential.valid_from, credential.valid_until, nbf, exp)
    check_days(credential.started, credential.completed)
    check_shared(title, issuer_name, description, narrative)
    check_places(credential.version, credential.status_list, credential.status_index)
    return credential


# What a course record has to keep as well. Each raises MalformedError.


def check_validity(begin: datetime, end: datetime | None, nbf: str | None, exp: str | None) -> None:
    """``validFrom`` and ``validUntil`` against the texts of the JWT claims."""
    if str(int(begin.timestamp())) != nbf:
        raise MalformedError("nbf-mismatch", "nbf is not validFrom", where="nbf")
    if (end and str(int(end.timestamp()))) != exp:
        raise MalformedError("exp-mismatch", "exp is not validUntil", where="exp")
    if end is not None and end <= begin:
        message = "ends before it begins"
        raise MalformedError("validity-reversed", message, where="validUntil")


def check_days(started: date | None, completed: date) -> None:
    """The start of the course is not after its completion."""
    if started is not None and started > completed:
        message = "started after it was completed"
        raise MalformedError("dates-reversed", message, where="activityStartDate")


def check_places(version: int, status_list: int, status_index: int) -> None:
    """The version of the course, and the place in a status list."""
    if status_index >= STATUS_LIST_SIZE:
        message = f"{status_index} is beyond a list of {STATUS_LIST_SIZE}"
        raise MalformedError("wrong-value", message, where="credentialStatus.statusListIndex")
    if version < 1 or status_list < 1:
        message = "course versions and status lists count from 1"
        raise MalformedError("wrong-value", message, where="relatedResource[0].id")


@lru_cache(maxsize=64)
def check_shared(title: str, issuer_name: str, description: str, narrative: str) -> None:
    """The texts that are the same in all documents of a course."""
    check_text(title, MAX_TITLE, "name")
    check_text(issuer_name, MAX_TITLE, "issuer.name")
    check_text(description, MAX_SUMMARY, "credentialSubject.achievement.description")
    check_text(narrative, MAX_SUMMARY, "credentialSubject.achievement.criteria.narrative")


def _unknown_member(path: str, name: str) -> MalformedError:
    if name in _SCORES:
        message = "a certificate never holds a score; that is what a course record is for"
        return MalformedError("score-in-certificate", message, where=member_path(path, name))
    return unknown_member(path, name)


def member_path(path: str, name: str) -> str:
    """Where a member is that nobody expected, whatever its name holds."""
    return f"{path}.{ascii(name)[1:-1][:40]}".lstrip(".")


def unknown_member(path: str, name: str) -> MalformedError:
    """The error for a member that neither certificate nor record has."""
    where = member_path(path, name)
    if name == "vc":
        message = "a vc claim is of an older data model; the payload is the bare credential"
        return MalformedError("vc-claim", message, where=where)
    if name == "evidence":
        message = "evidence is reserved for the identity summary, which does not exist yet"
        return MalformedError("evidence-reserved", message, where=where)
    if name in _terms():
        message = "the contexts define this member, the profile has no place for it"
        return MalformedError("member-unknown", message, where=where)
    message = "no context defines this member"
    return MalformedError("term-undefined", message, where=where)


@cache
def _terms() -> frozenset[str]:
    table = Path(__file__).with_name("terms.json").read_text("utf-8")
    return frozenset(term for terms in json.loads(table).values() for term in terms)


def day_of(text: str, where: str) -> date:
    """The day that a text names. Raises MalformedError ``wrong-value``: one that no month has."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise MalformedError("wrong-value", f"{text}: {error}", where=where) from error
