"""A report for people and for programs: the same content on the command line and on the web."""

from collections import Counter
from typing import TYPE_CHECKING

from signedcert.core.encoding import format_time
from signedcert.documents.openbadges import Credential
from signedcert.trust.status import DocumentStatus
from signedcert.verify.answers import Answer, Printed, finding_in_words, unread_in_words
from signedcert.verify.messages import message_of, outcome_title, step_title
from signedcert.verify.report import Report, Signed

if TYPE_CHECKING:
    from signedcert.documents.record import CourseResult
    from signedcert.documents.recordbadge import RecordCredential


#: In the place of what the learner does not show.
WITHHELD = "not shown by the learner"
_UTC = "%Y-%m-%d %H:%M:%S UTC"
_STATUS = {
    "Completed": "completed",
    "Enrolled": "not handed in",
    "Failed": "failed",
    "InProgress": "in progress",
    "OnHold": "on hold",
    "Provisional": "provisional",
    "Withdrew": "withdrawn",
}


def signed_fields(report: Report) -> list[tuple[str, str]]:
    """All of what was signed, with labels, the issuer as the trust store names it, and the status
    with its age, where the institution publishes it.

    Empty unless the document was found genuine.
    """
    credential, issuer = report.credential, report.issuer
    if credential is None or issuer is None:
        return []
    started = credential.started.isoformat() if credential.started else None
    until = f"{credential.valid_until:{_UTC}}" if credential.valid_until else None
    partial = None if isinstance(credential, Credential) else partial_in_words(credential)
    fields = [
        ("Partial record", partial or None),
        ("Learner", credential.learner or WITHHELD),
        ("Course", credential.title),
        ("About the course", credential.description),
        ("What was done", credential.narrative),
        ("Started", started),
        ("Completed", credential.completed.isoformat()),
        *([] if isinstance(credential, Credential) else result_fields(credential)),
        ("Institution", f"{issuer.name} ({issuer.id})"),
        ("Named in the document", _other_name(credential, issuer.name)),
        ("Issued", f"{credential.valid_from:{_UTC}}"),
        ("Valid until", until),
        ("Status", standing_in_words(report.status)),
        ("Verification code", str(report.code)),
        (f"{report.kind.title()} id", f"urn:uuid:{credential.id}"),
        *([] if isinstance(credential, Credential) else _certificate_fields(credential)),
        ("Subject id", f"urn:uuid:{credential.subject}"),
        ("Course document", credential.course_url),
        ("Course digest", credential.digest),
        ("Status entry", f"list {credential.status_list}, index {credential.status_index}"),
    ]
    return [(label, value) for label, value in fields if value is not None]


def standing_in_words(status: DocumentStatus | None) -> str | None:
    """The status of a document, and up to when that is known; None where none is published."""
    if status is None:
        return None
    if status.as_of is None:
        return "not known"
    if status.status == "unknown":
        return f"not known since {status.as_of:{_UTC}}"
    since = f" since {status.since:%Y-%m-%d}" if status.since else ""
    why = f" ({status.reason})" if status.reason else ""
    return f"{status.status}{since}{why}, as of {status.as_of:{_UTC}}"


def page_in_words(report: Report) -> str | None:
    """Whether the page that the document came in says the same; None without one."""
    printed = report.printed
    if printed is None:
        return None
    if printed.compared:
        return "The text of the page is the one that was signed, as far as a program can see."
    fields = "; ".join(
        finding_in_words(one) for one in printed.findings if one.answer is not Answer.SAME
    )
    why = unread_in_words(printed.unread) if printed.unread else fields
    return f"The text of the page was not compared ({why}). Compare it with the above by eye."


def result_fields(record: "RecordCredential") -> list[tuple[str, str]]:
    """Each result by its name; one that is withheld says so."""
    return [(capital(result.name), result_in_words(result)) for result in record.results]


def result_in_words(result: "CourseResult") -> str:
    """Value, maximum, status and day."""
    maximum = f"{result.maximum:f}"
    if not result.shown:
        return f"{WITHHELD} (of {maximum})"
    words = [
        f"no value (of {maximum})" if result.value is None else f"{result.value:f} of {maximum}"
    ]
    if result.status != "Completed":
        words.append(status_in_words(result))
    if result.achieved is not None:
        words.append(result.achieved.isoformat())
    return ", ".join(words)


def status_in_words(result: "CourseResult") -> str:
    """The status of a result that is shown."""
    return _STATUS[str(result.status)]


def partial_in_words(record: "RecordCredential") -> str:
    """How much is shown, and of which kinds of results some are missing; empty for a whole one."""
    if not record.partial:
        return ""
    total = Counter(result.kind for result in record.results)
    missing = Counter(result.kind for result in record.results if not result.shown)
    shown = f"shows {total.total() - missing.total()} of {total.total()} results"
    name = "" if record.learner else " and no name"
    kinds = [
        kind if total[kind] == 1 else f"{kind} ({count} of {total[kind]})"
        for kind, count in missing.items()
    ]
    left_out = f". Not shown: {', '.join(kinds)}" if kinds else ""
    return f"{shown}{name}{left_out}"


def _certificate_fields(record: "RecordCredential") -> list[tuple[str, str]]:
    return [
        ("Of the certificate", f"urn:uuid:{record.certificate}"),
        ("Certificate digest", record.certificate_digest),
    ]


def capital(text: str) -> str:
    """``text`` as a line begins."""
    return text[:1].upper() + text[1:]


def _other_name(credential: Signed, name: str) -> str | None:
    """An institution may have been renamed since."""
    return None if credential.issuer_name == name else credential.issuer_name


def report_to_json(report: Report) -> dict[str, object]:
    """The report for programs: verdict, reason, the ten checks, and what was signed if genuine:
    one of the members ``certificate`` and ``record``. ``status`` is null unless it is genuine and
    its institution publishes statuses; ``printed`` unless a page was given to compare with.
    """
    words = message_of(report.verdict, report.reason, report.kind)
    return {
        "verdict": report.verdict.value,
        "reason": report.reason,
        "title": words.title,
        "text": words.text,
        "advice": words.advice,
        "code": str(report.code) if report.code else None,
        "checks": [
            {
                "step": check.step,
                "title": step_title(check.step),
                "outcome": check.outcome.value,
                "in_words": outcome_title(check.outcome),
                "reason": check.reason,
                "detail": check.detail or None,
                "technical": check.technical or None,
            }
            for check in report.checks
        ],
        "certificate": _signed(report) if report.kind == "certificate" else None,
        "record": _signed(report) if report.kind == "record" else None,
        "status": _standing(report.status),
        "printed": None if report.printed is None else _printed(report.printed),
    }


def _printed(printed: Printed) -> dict[str, object]:
    return {
        "compared": printed.compared,
        "unread": printed.unread,
        "fields": [
            {
                "field": one.field,
                "answer": one.answer.value,
                "why": one.why,
                "signed": one.signed,
                "page": one.page or None,
            }
            for one in printed.findings
        ],
    }


def _standing(status: DocumentStatus | None) -> dict[str, object] | None:
    if status is None:
        return None
    return {
        "status": status.status,
        "as_of": status.as_of and format_time(status.as_of),
        "reason": status.reason,
        "since": status.since and format_time(status.since),
    }


def _signed(report: Report) -> dict[str, object] | None:
    credential, issuer = report.credential, report.issuer
    if credential is None or issuer is None:
        return None
    return {
        "id": f"urn:uuid:{credential.id}",
        "subject": f"urn:uuid:{credential.subject}",
        "learner": credential.learner,
        "course": {
            "id": credential.course,
            "version": credential.version,
            "title": credential.title,
            "description": credential.description,
            "criteria": credential.narrative,
            "url": credential.course_url,
            "digest": credential.digest,
        },
        "started": credential.started and credential.started.isoformat(),
        "completed": credential.completed.isoformat(),
        "issuer": {
            "id": issuer.id,
            "name": issuer.name,
            "name_in_document": credential.issuer_name,
        },
        "issued": format_time(credential.valid_from),
        "valid_until": credential.valid_until and format_time(credential.valid_until),
        "status": {"list": credential.status_list, "index": credential.status_index},
        **({} if isinstance(credential, Credential) else _record(credential)),
    }


def _record(record: "RecordCredential") -> dict[str, object]:
    """What a record has and a certificate has not."""
    return {
        "certificate": {
            "id": f"urn:uuid:{record.certificate}",
            "digest": record.certificate_digest,
        },
        "partial": record.partial,
        "results": [_result(number, one) for number, one in enumerate(record.results, 1)],
    }


def _result(number: int, result: "CourseResult") -> dict[str, object]:
    """Numbers as text: to some programs, 0.1 is not 0.1."""
    return {
        "number": number,
        "kind": result.kind,
        "title": result.title,
        "maximum": f"{result.maximum:f}",
        "shown": result.shown,
        "status": result.status,
        "value": None if result.value is None else f"{result.value:f}",
        "achieved": result.achieved and result.achieved.isoformat(),
    }
