"""A report for people and for programs: the same content on the command line and on the web."""

from signedcert.core.encoding import format_time
from signedcert.documents.openbadges import Credential
from signedcert.verify.messages import message_of, outcome_title, step_title
from signedcert.verify.report import Report

_UTC = "%Y-%m-%d %H:%M:%S UTC"


def signed_fields(report: Report) -> list[tuple[str, str]]:
    """All of what was signed, with labels, and the issuer as the trust store names it.

    Empty unless the document was found genuine.
    """
    credential, issuer = report.credential, report.issuer
    if credential is None or issuer is None:
        return []
    started = credential.started.isoformat() if credential.started else None
    until = f"{credential.valid_until:{_UTC}}" if credential.valid_until else None
    fields = [
        ("Learner", credential.learner),
        ("Course", credential.title),
        ("About the course", credential.description),
        ("What was done", credential.narrative),
        ("Started", started),
        ("Completed", credential.completed.isoformat()),
        ("Institution", f"{issuer.name} ({issuer.id})"),
        ("Named in the document", _other_name(credential, issuer.name)),
        ("Issued", f"{credential.valid_from:{_UTC}}"),
        ("Valid until", until),
        ("Verification code", str(report.code)),
        ("Certificate id", f"urn:uuid:{credential.id}"),
        ("Subject id", f"urn:uuid:{credential.subject}"),
        ("Course document", credential.course_url),
        ("Course digest", credential.digest),
        ("Status entry", f"list {credential.status_list}, index {credential.status_index}"),
    ]
    return [(label, value) for label, value in fields if value is not None]


def _other_name(credential: Credential, name: str) -> str | None:
    """An institution may have been renamed since."""
    return None if credential.issuer_name == name else credential.issuer_name


def report_to_json(report: Report) -> dict[str, object]:
    """The report for programs: verdict, reason, the ten checks, and what was signed if genuine."""
    words = message_of(report.verdict, report.reason)
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
        "certificate": _certificate(report),
    }


def _certificate(report: Report) -> dict[str, object] | None:
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
    }
