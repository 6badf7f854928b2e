"""A page in the report: step 9 where the file has one."""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from signedcert.carriers.page import Page, Unread
from signedcert.documents.text import visible
from signedcert.verify.report import Check, Outcome, Report, Signed
from signedcert.verify.steps import NOT_MADE, PASSED

if TYPE_CHECKING:
    from signedcert.verify.printed import FieldName, Finding, Printed, Why

_STEP = 9
_MAX_TEXT = 120


def with_page(report: Report, page: Page) -> Report:
    """``report`` with what comes of comparing ``page`` with the document, if that is genuine.

    A printed code that was typed in goes first where it differs.
    """
    check, printed = _compared(report, page)
    before = report.checks[_STEP - 1]
    if before.reason is None and not (printed is None and before is PASSED[_STEP]):
        checks = (*report.checks[: _STEP - 1], check, *report.checks[_STEP:])
        report = report._replace(checks=checks)
    return report._replace(printed=printed)


def _compared(report: Report, page: Page) -> "tuple[Check, Printed | None]":
    signed, code, issuer = report.credential, report.code, report.issuer
    if signed is None or code is None or issuer is None:
        return NOT_MADE[_STEP], None
    from signedcert.verify.printed import Claims, compare  # noqa: PLC0415 - for pages only

    printed = compare(
        page,
        Claims(
            signed.learner,
            signed.title,
            signed.completed,
            tuple(dict.fromkeys((issuer.name, signed.issuer_name))),
            str(code),
            _dates(signed),
        ),
    )
    return check_of(printed), printed


def _dates(signed: Signed) -> tuple[date, ...]:
    """Of a moment, the day before and the day behind it too: it is printed in a local time."""
    moments = [moment.date() for moment in (signed.valid_from, signed.valid_until) if moment]
    near = [day + timedelta(days=days) for day in moments for days in (-1, 0, 1)]
    return (*([signed.started] if signed.started else []), *near)


def check_of(printed: "Printed") -> Check:
    """Step 9 by itself: failed if anything differs, passed if all is the same."""
    if printed.unread is not None:
        why = unread_in_words(printed.unread)
        return Check(_STEP, Outcome.NOT_COMPARED, None, printed.unread, why)
    different = [one for one in printed.findings if one.answer.value == "different"]
    if different:
        said = "; ".join(map(finding_in_words, different))
        detail = f"page-{different[0].field}"
        return Check(_STEP, Outcome.FAILED, "printed-text-differs", detail, said)
    open_ = [one for one in printed.findings if one.answer.value != "same"]
    if not open_:
        return PASSED[_STEP]
    said = "; ".join(map(finding_in_words, open_))
    return Check(_STEP, Outcome.NOT_COMPARED, None, open_[0].why or "", said)


_UNREAD: dict[Unread, str] = {
    "extractor-missing": "to read pages, install: pip install 'signedcert[scan]'",
    "page-broken": "the page is damaged, or is no PDF",
    "page-encrypted": "the page is encrypted",
    "page-too-large": "the page is larger than is read",
    "page-without-text": "the page has no text; it may be a picture",
    "page-reader-failed": "reading the page took too long, or came to no end",
}
_WHY: "dict[Why, str]" = {
    "other-text": "",
    "hidden": "it is covered or not visible",
    "unreadable-letters": "the letters of the page cannot be told for certain",
    "among-other-words": "it stands among other words",
    "small-print": "it stands in small print only",
    "other-page": "it is not on the first page",
    "sight-unclear": "it is not clear whether it is visible",
    "other-date": "there are other dates",
    "not-found": "it was not found in a form that is understood",
}
_FIELDS: "dict[FieldName, str]" = {
    "learner": "learner",
    "course": "course",
    "completed": "completed",
    "issuer": "institution",
    "code": "verification code",
}


def unread_in_words(unread: Unread) -> str:
    """Why a page could not be compared."""
    return _UNREAD[unread]


def finding_in_words(finding: "Finding") -> str:
    """Both texts, and why they are not taken for the same."""
    said = f'{_FIELDS[finding.field]}: signed is "{visible(finding.signed, _MAX_TEXT)}"'
    if finding.page:
        said += f', the page has "{visible(finding.page, _MAX_TEXT)}"'
    elif finding.answer.value == "different" and finding.why != "hidden":
        said += ", which the page does not have"
    why = _WHY[finding.why] if finding.why else ""
    return f"{said} ({why})" if why else said
