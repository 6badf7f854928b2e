"""Pictures of a paper: what its QR code says, tied to a document or not (docs/spec/carriers)."""

from signedcert.carriers.scan import PaperCode
from signedcert.errors import SignedCertError
from signedcert.verify.report import Check, Outcome, Report
from signedcert.verify.steps import NOT_MADE

_REST = tuple(NOT_MADE[step] for step in range(2, 11))
_NINE = 8


def alone(paper: PaperCode) -> Report:
    """A paper whose document is not at hand: undecided, whatever is on it."""
    technical = f"the paper bears the code {paper.code}; open {paper.url}, or give the file as well"
    check = Check(1, Outcome.UNDECIDED, "document-missing", technical=technical)
    return Report((check, *_REST), code=paper.code)


def nothing_on(error: SignedCertError) -> Report:
    """A picture on which no code was found, and why."""
    return Report((Check(1, Outcome.FAILED, "no-document", error.reason, error.message), *_REST))


def tie(report: Report, paper: PaperCode) -> Report:
    """The report on a document that was verified with the code of this paper.

    Guarantee: what it says of the paper is that its QR code is the one of this document: the code
    in step 9 already, and here that it leads to the institution that signed.
    """
    signed = report.unverified
    if signed is None or report.checks[_NINE].reason or signed.issuer == paper.origin:
        return report
    technical = f"the QR code leads to {paper.origin}, the issuer is {signed.issuer}"
    differs = Check(9, Outcome.FAILED, "printed-text-differs", "qr-host", technical)
    return report._replace(checks=(*report.checks[:_NINE], differs, *report.checks[_NINE + 1 :]))
