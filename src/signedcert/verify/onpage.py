"""A page in the report: step 9 where the file has one."""

from datetime import date

from signedcert.carriers.page import Page
from signedcert.verify.answers import Answer, Printed, finding_in_words, unread_in_words
from signedcert.verify.report import Check, Outcome, Report, Signed
from signedcert.verify.steps import NOT_MADE, PASSED

_STEP = 9


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


def _compared(report: Report, page: Page) -> tuple[Check, Printed | None]:
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
    near = [one for day in moments for one in _around(day)]
    return (*([signed.started] if signed.started else []), *near)


def _around(day: date) -> list[date]:
    number, last = day.toordinal(), date.max.toordinal()
    return [date.fromordinal(one) for one in range(number - 1, number + 2) if 1 <= one <= last]


def check_of(printed: Printed) -> Check:
    """Step 9 by itself: failed if anything differs, passed if all is the same."""
    if printed.unread is not None:
        why = unread_in_words(printed.unread)
        return Check(_STEP, Outcome.NOT_COMPARED, None, printed.unread, why)
    different = [one for one in printed.findings if one.answer is Answer.DIFFERENT]
    if different:
        said = "; ".join(map(finding_in_words, different))
        detail = f"page-{different[0].field}"
        return Check(_STEP, Outcome.FAILED, "printed-text-differs", detail, said)
    open_ = [one for one in printed.findings if one.answer is not Answer.SAME]
    if not open_:
        return PASSED[_STEP]
    said = "; ".join(map(finding_in_words, open_))
    return Check(_STEP, Outcome.NOT_COMPARED, None, open_[0].why or "", said)
