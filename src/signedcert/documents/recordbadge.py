"""Course records as Open Badges 3.0 credentials, secured as SD-JWT: on the wire, and back.

In the payload, the learner's name and each result are digests in an array. What could be achieved
is there for all to see, so that nobody can withhold a result unnoticed.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple, TypeVar, cast

from signedcert.core.encoding import format_time, moment_of, parse_canonical_json
from signedcert.core.jws import MAX_COMPACT, CompactJWS
from signedcert.core.sdjwt import DIGEST_ALGORITHM, SDJWT, Disclosure, serialize_sd_jwt
from signedcert.documents.form import Differing, Form
from signedcert.documents.openbadges import (
    ACHIEVEMENT,
    COURSE,
    DIFFERING,
    HEAD,
    IDENTITY,
    TAIL,
    check_days,
    check_places,
    check_shared,
    check_validity,
    day_of,
    member_path,
    unknown_member,
)
from signedcert.documents.record import (
    CourseResult,
    Status,
    check_results,
    format_decimal,
    split_name,
)
from signedcert.documents.text import MAX_NAME, check_text
from signedcert.errors import IssueError, MalformedError

DESCRIPTION_FORM = Form(
    '{"id":"urn:uuid:«record:uuid»#«number:index»","type":["ResultDescription"],'
    '"name":"«name:text»","resultType":"RawScore","valueMax":"«maximum:decimal»"}'
)
#: RFC 9901, 4.2.4.2.
WITHHELD_FORM = Form('{"...":"«hidden:hidden»"}')
RECORD_FORM = Form(
    f'{HEAD}{{"...":"«hidden:hidden»"}}{ACHIEVEMENT},"resultDescription":[«descriptions:list»]}},'
    f'"result":[«results:list»]}},{COURSE},{{"id":"urn:uuid:«certificate:uuid»",'
    f'"digestSRI":"«certificate_digest:digest»","mediaType":"application/vc+jwt"}}{TAIL}'
    f',"_sd_alg":"{DIGEST_ALGORITHM}"}}',
    lists={"descriptions": DESCRIPTION_FORM, "results": WITHHELD_FORM},
)
LEARNER_FORM = Form(IDENTITY)
RESULT_FORM = Form(
    '{"type":["Result"],"resultDescription":"urn:uuid:«record:uuid»#«number:index»",'
    '"status":"«status:status»"⟦,"value":"«value:decimal»"⟧'
    '⟦,"awardedDate":"«awarded:date»T00:00:00Z"⟧}'
)

_IDENTITY_PLACE = "credentialSubject.identifier[0]"
_HASHES = frozenset({"_sd", "..."})
_NO_DIFFERING: Differing = {}
_Value = TypeVar("_Value")


class RecordCredential(NamedTuple):
    """Every field of a signed course record, and of what is selectively disclosed as much as its
    holder shows. Nothing here was verified.

    ``learner`` is None, and a result not ``shown``, where it is withheld. ``certificate`` is the
    UUID of the certificate that the record belongs to, ``certificate_digest`` covers its exact
    text. ``digests`` are those of the learner's name and of the results, in this order. For the
    other fields see ``Credential``.
    """

    id: str
    title: str
    issuer: str
    issuer_name: str
    valid_from: datetime
    valid_until: datetime | None
    subject: str
    learner: str | None
    started: date | None
    completed: date
    course: str
    version: int
    description: str
    narrative: str
    digest: str
    certificate: str
    certificate_digest: str
    status_list: int
    status_index: int
    results: tuple[CourseResult, ...]
    digests: tuple[str, ...] = ()

    @property
    def course_url(self) -> str:
        """Where the issuer publishes the course document."""
        return f"{self.issuer}/courses/{self.course}/{self.version}.json"

    @property
    def partial(self) -> bool:
        """Whether anything is withheld."""
        return self.learner is None or not all(result.shown for result in self.results)

    def disclose(self, salts: Sequence[bytes]) -> list[Disclosure]:
        """The disclosures of the learner's name and of each result, with as many salts."""
        values = [LEARNER_FORM.fill([self.learner])]
        values += [
            _write_result(self.id, number, result) for number, result in enumerate(self.results, 1)
        ]
        return [Disclosure.write(*pair) for pair in zip(salts, values, strict=True)]

    def write(self) -> bytes:
        """The payload, with the digests that the credential has."""
        until, started = self.valid_until, self.started
        descriptions = (
            [self.id, str(number), result.name, format_decimal(result.maximum)]
            for number, result in enumerate(self.results, 1)
        )
        return RECORD_FORM.write(
            [
                self.id,
                self.title,
                self.issuer,
                self.issuer_name,
                format_time(self.valid_from),
                None if until is None else format_time(until),
                self.subject,
                self.digests[0],
                None if started is None else started.isoformat(),
                self.completed.isoformat(),
                self.course,
                self.description,
                self.narrative,
                DESCRIPTION_FORM.write_list(descriptions),
                WITHHELD_FORM.write_list([digest] for digest in self.digests[1:]),
                str(self.version),
                self.digest,
                self.certificate,
                self.certificate_digest,
                str(self.status_index),
                str(self.status_list),
                str(int(self.valid_from.timestamp())),
                None if until is None else str(int(until.timestamp())),
            ]
        )


def write_record(
    credential: RecordCredential, salts: Sequence[bytes]
) -> tuple[bytes, list[Disclosure]]:
    """The payload and all its disclosures. The fields are the caller's to check: ``encode_record``
    does it.
    """
    disclosures = credential.disclose(salts)
    digests = tuple(disclosure.digest for disclosure in disclosures)
    return credential._replace(digests=digests).write(), disclosures


def encode_record(
    credential: RecordCredential, salts: Sequence[bytes]
) -> tuple[bytes, list[Disclosure]]:
    """The payload and all its disclosures.

    Raises MalformedError if a field does not fit its place, or does not survive the way to the
    wire and back.
    """
    payload, disclosures = write_record(credential, salts)
    if parse_record(payload, disclosures)._replace(digests=()) != credential._replace(digests=()):
        message = "a field does not survive the way to the wire and back"
        raise MalformedError("not-canonical", message)
    return payload, disclosures


def parse_record(payload: bytes, disclosures: Sequence[Disclosure]) -> RecordCredential:
    """The record that a payload holds, with what is disclosed of it.

    Raises MalformedError: as ``parse_credential`` does of a certificate; ``sd-alg``; what
    ``SDJWT.place`` and ``reveal`` refuse.
    """
    credential = read_record(payload)
    if credential is None:
        raise explain_record(parse_canonical_json(payload, MAX_COMPACT, "payload"))
    return reveal(credential, SDJWT(b"", tuple(disclosures)).place(credential.digests))


def parse_sd_jwt(document: str) -> tuple[SDJWT, RecordCredential]:
    """A record in its compact serialisation, and what it says. Nothing of it was verified.

    Raises MalformedError as ``SDJWT.parse`` and ``parse_record`` do.
    """
    sd_jwt = SDJWT.parse(document.encode("utf-8", "surrogatepass"))
    return sd_jwt, parse_record(CompactJWS.parse(sd_jwt.jwt).payload, sd_jwt.disclosures)


def present(document: str, results: Iterable[int], *, with_name: bool) -> str:
    """The record with some of its disclosures: of the results of these numbers, and of the name.

    Raises IssueError ``result-unknown``: a number or a name that the document does not show;
    MalformedError as ``parse_sd_jwt``.
    """
    sd_jwt, credential = parse_sd_jwt(document)
    name, *outcomes = sd_jwt.place(credential.digests)
    numbered = dict(enumerate(outcomes, 1))
    kept = [_chosen(name, "name")] if with_name else []
    kept += [_chosen(numbered.get(one), f"result {one}") for one in sorted(set(results))]
    return serialize_sd_jwt(sd_jwt.jwt, kept).decode("ascii")


def _chosen(disclosure: Disclosure | None, what: str) -> Disclosure:
    if disclosure is None:
        message = f"this record shows no {what}, so it cannot be shown on"
        raise IssueError("result-unknown", message, where="results")
    return disclosure


def read_record(payload: bytes) -> RecordCredential | None:
    """The record with all withheld; None if the payload is not of the form.

    Raises MalformedError for a payload of the form whose fields break a rule. Whether its results
    can be those of one record, ``reveal`` says.
    """
    texts = RECORD_FORM.read(payload)
    return None if texts is None else _record(cast("list[str]", texts))


def explain_record(value: object) -> MalformedError:
    """Why a parsed payload is not of the form."""
    if isinstance(value, dict) and value.get("_sd_alg", DIGEST_ALGORITHM) != DIGEST_ALGORITHM:
        message = f"the only digest algorithm is {DIGEST_ALGORITHM}"
        return MalformedError("sd-alg", message, where="_sd_alg")
    return RECORD_FORM.explain(value, _unknown_member, DIFFERING)


def reveal(credential: RecordCredential, placed: Sequence[Disclosure | None]) -> RecordCredential:
    """The record with what is disclosed, each disclosure in the place of its digest.

    Raises MalformedError: ``disclosure-nested``; ``result-mismatch`` for a result in the place of
    another; a value, status or date against the rules.
    """
    name, *outcomes = placed
    learner = None
    if name is not None:
        (learner,) = _read(LEARNER_FORM, name, _IDENTITY_PLACE)
        check_text(learner or "", MAX_NAME, f"{_IDENTITY_PLACE}.identityHash")
    results = tuple(
        result if shown is None else _reveal_result(credential.id, number, result, shown)
        for number, (result, shown) in enumerate(zip(credential.results, outcomes, strict=True), 1)
    )
    check_results(results)
    return credential._replace(learner=learner, results=results)


def _write_result(record: str, number: int, result: CourseResult) -> str:
    value, day = result.value, result.achieved
    return RESULT_FORM.fill(
        [
            record,
            str(number),
            result.status,
            None if value is None else format_decimal(value),
            None if day is None else day.isoformat(),
        ]
    )


def _reveal_result(
    record: str, number: int, result: CourseResult, disclosure: Disclosure
) -> CourseResult:
    where = f"credentialSubject.result[{number - 1}]"
    owner, place, status, value, awarded = _read(RESULT_FORM, disclosure, where)
    if (owner, place) != (record, str(number)):
        message = f"result {place} of {owner} in the place of result {number}"
        raise MalformedError("result-mismatch", message, where=f"{where}.resultDescription")
    return result._replace(
        status=cast("Status", status),
        value=_optional(Decimal, value),
        achieved=_optional(lambda text: day_of(text, f"{where}.awardedDate"), awarded),
    )


def _read(form: Form, disclosure: Disclosure, where: str) -> list[str | None]:
    texts = form.read(disclosure.value)
    if texts is None:
        value: Any = parse_canonical_json(disclosure.value, MAX_COMPACT, where)
        flaw = form.explain(value, _unknown_member, _NO_DIFFERING)
        place = f"{where}.{flaw.where}".rstrip(".")
        raise MalformedError(flaw.reason, flaw.message, where=place)
    return texts


def _record(texts: list[str]) -> RecordCredential:
    """The texts in the order of the form's holes; those that may be lacking are None."""
    (id_, title, issuer, issuer_name, valid_from, valid_until, subject, name) = texts[:8]
    (started, completed, course, description, narrative, descriptions, withheld) = texts[8:15]
    (version, digest, certificate, certificate_digest) = texts[15:19]
    (status_index, status_list, nbf, exp) = texts[19:]
    credential = RecordCredential(
        id_,
        title,
        issuer,
        issuer_name,
        moment_of(valid_from, "validFrom"),
        _optional(lambda text: moment_of(text, "validUntil"), valid_until),
        subject,
        None,
        _optional(lambda text: day_of(text, "activityStartDate"), started),
        day_of(completed, "activityEndDate"),
        course,
        int(version),
        description,
        narrative,
        digest,
        certificate,
        certificate_digest,
        int(status_list),
        int(status_index),
        _describe(id_, descriptions),
        (name, *(str(hidden) for (hidden,) in WITHHELD_FORM.read_list(withheld))),
    )
    _check(credential, nbf, exp)
    return credential


def _describe(record: str, descriptions: str) -> tuple[CourseResult, ...]:
    results = []
    for number, texts in enumerate(DESCRIPTION_FORM.read_list(descriptions), 1):
        owner, place, name, maximum = cast("list[str]", texts)
        if (owner, place) != (record, str(number)):
            where = f"credentialSubject.achievement.resultDescription[{number - 1}].id"
            message = f"urn:uuid:{record}#{number} is expected"
            raise MalformedError("result-mismatch", message, where=where)
        kind, title = split_name(name)
        results.append(CourseResult(kind, Decimal(maximum), title, status=None))
    return tuple(results)


def _check(credential: RecordCredential, nbf: str | None, exp: str | None) -> None:
    check_validity(credential.valid_from, credential.valid_until, nbf, exp)
    check_days(credential.started, credential.completed)
    check_shared(
        credential.title, credential.issuer_name, credential.description, credential.narrative
    )
    check_places(credential.version, credential.status_list, credential.status_index)
    if len(credential.digests) != len(credential.results) + 1:
        message = f"{len(credential.results)} results are described"
        raise MalformedError("result-mismatch", message, where="credentialSubject.result")
    if len(set(credential.digests)) != len(credential.digests):  # RFC 9901, 7.1, step 4
        message = "a digest stands twice"
        raise MalformedError("disclosure-twice", message, where="credentialSubject.result")


def _optional(read: Callable[[str], _Value], text: str | None) -> _Value | None:
    return None if text is None else read(text)


def _unknown_member(path: str, name: str) -> MalformedError:
    if name in _HASHES:
        message = "a disclosure in a place where none belongs"
        return MalformedError("disclosure-nested", message, where=member_path(path, name))
    return unknown_member(path, name)
