"""The learner's page: their course records, the links to them, and who opened what and when."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

from signedcert.core.encoding import format_time
from signedcert.errors import IssueError, MalformedError, SignedCertError
from signedcert.registry.shares import ShareRow
from signedcert.sharing.records import HeldRecord
from signedcert.web.forms import Fields, first, read_form
from signedcert.web.records import bar_of, record_file
from signedcert.web.site import BY_ORIGIN, Site, root_of

CurrentLearner = Callable[[Request], str | None]
Form = Annotated[Fields, Depends(read_form)]

#: In how many days a link may end by itself; the first is what is offered.
EXPIRIES = (30, 7, 90, 365)


class LearnerPages:
    """What a learner sees who is signed in."""

    def __init__(self, site: Site, current_learner: CurrentLearner, *, can_sign_out: bool) -> None:
        self._site = site
        self._current_learner = current_learner
        self._records = site.institution.records
        self._can_sign_out = can_sign_out

    def overview(self, request: Request) -> Response:
        """All records and all links."""
        return self._page(request, self._learner(request))

    def share(self, request: Request, fields: Form) -> Response:
        """Makes a link, and shows it this once."""
        learner_id = self._learner(request)
        if learner_id is None:
            return self._page(request, None)
        at = self._site.clock()
        try:
            record = self._record(learner_id, first(fields, "record"))
            share = self._records.share(
                record,
                learner_id,
                results=_numbers(fields.get("result", [])),
                with_name="name" in fields,
                label=first(fields, "label").strip(),
                expires=_expiry(first(fields, "days"), at),
                at=at,
            )
        except (IssueError, MalformedError) as error:
            return self._page(request, learner_id, 422, problem=_in_words(error), typed=fields)
        return self._page(
            request, learner_id, made=self._records.url(share), path=f"/records/{share.token}"
        )

    def end(self, request: Request, fields: Form) -> Response:
        """Ends one link, or all."""
        learner_id = self._learner(request)
        if learner_id is None:
            return self._page(request, None)
        number = first(fields, "share")
        if number == "all" or (number.isascii() and number.isdigit() and len(number) <= 9):
            chosen = None if number == "all" else int(number)
            self._records.links.reset(learner_id, chosen, at=self._site.clock())
        return RedirectResponse(f"{root_of(request)}/learner", 303, headers=BY_ORIGIN)

    def file(self, request: Request, code: str) -> Response:
        """A whole record, for its learner to keep."""
        learner_id = self._learner(request)
        if learner_id is None:
            raise HTTPException(404)
        try:
            return record_file(self._record(learner_id, code).bundle)
        except IssueError as error:
            raise HTTPException(404) from error

    def _learner(self, request: Request) -> str | None:
        return self._current_learner(request)

    def _record(self, learner_id: str, code: str) -> HeldRecord:
        for record in self._records.of(learner_id):
            if str(record.code) == code:
                return record
        raise IssueError("record-missing", "choose one of your records")

    def _page(
        self,
        request: Request,
        learner_id: str | None,
        status: int = 200,
        *,
        problem: str = "",
        typed: Fields | None = None,
        made: str = "",
        path: str = "",
    ) -> Response:
        if learner_id is None:
            return self._site.page(
                request, "signed_out.html", 401, headers=BY_ORIGIN, links=self._can_sign_out
            )
        now = format_time(self._site.clock())
        logs = self._records.links.shares(learner_id)
        records = [
            (record, [bar_of(result) for result in record.signed.results])
            for record in self._records.of(learner_id)
        ]
        return self._site.page(
            request,
            "learner.html",
            status,
            headers=BY_ORIGIN,
            records=records,
            live=[log for log in logs if _is_live(log.share, now)],
            over=[log for log in logs if not _is_live(log.share, now)],
            titles={record.code: record.signed for record, _ in records},
            expiries=EXPIRIES,
            problem=problem,
            typed=typed or {},
            made=made,
            path=path,
            can_sign_out=self._can_sign_out,
        )


def _is_live(share: ShareRow, now: str) -> bool:
    return share.ended is None and (share.expires is None or share.expires > now)


def _numbers(texts: list[str]) -> list[int]:
    if not all(text.isascii() and text.isdigit() and len(text) <= 3 for text in texts):
        raise MalformedError("wrong-value", "choose results by their numbers", where="results")
    return [int(text) for text in texts]


def _expiry(days: str, at: datetime) -> datetime | None:
    """Days from now, or no end."""
    if days == "never":
        return None
    if days not in map(str, EXPIRIES):
        raise MalformedError("wrong-value", "choose when the link ends", where="expires")
    return at + timedelta(days=int(days))


def _in_words(error: SignedCertError) -> str:
    field = {"label": "What the link is for: ", "results": "Results: "}.get(error.where, "")
    return f"{field}{error.message}."
