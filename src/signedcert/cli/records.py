"""Commands for links to course records: share, shares, reset, sign-in."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from signedcert.cli.app import home_option, json_option, print_json
from signedcert.cli.choice import choose, result_option
from signedcert.documents.text import visible
from signedcert.errors import IssueError
from signedcert.institution import Institution
from signedcert.registry.shares import ShareLog

_DAYS = 30
_MINUTES = 15


def _require_unicode(_: click.Context, __: click.Parameter, text: str) -> str:
    """Bytes of the command line that are no text stand for nobody, and no database takes them."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("not a text in Unicode") from error
    return text


_learner_argument = click.argument("learner_id", callback=_require_unicode)


@click.command()
@_learner_argument
@click.option("--course", required=True, help="The id of the course.")
@click.option("--run", help="The run of the course.  [default: the learner's latest]")
@click.option("--label", required=True, help="What the link is for; only the learner sees it.")
@result_option
@click.option(
    "--with-name/--without-name",
    default=True,
    show_default=True,
    help="Whether to show the learner's name.",
)
@click.option(
    "--days",
    type=click.IntRange(1, 3650),
    help=f"In how many days the link ends by itself.  [default: {_DAYS}]",
)
@click.option("--no-end", is_flag=True, help="The link does not end by itself.")
@home_option
@json_option
def share(
    learner_id: str,
    course: str,
    run: str | None,
    label: str,
    results: tuple[str, ...],
    with_name: bool,
    days: int | None,
    no_end: bool,
    home: Path,
    as_json: bool,
) -> None:
    """Make a private link to a learner's course record.

    Whoever has the link sees the results that were chosen, until it ends. It is printed this
    once: the registry keeps a digest of it only.

    \b
    Examples:
      signedcert share s-1042 --course operations --label "Application to Acme"
      signedcert share s-1042 --course operations --label Acme --result "final score" --days 7
    """
    if no_end and days is not None:
        message = "--days and --no-end contradict each other"
        raise click.UsageError(message)
    now = datetime.now(UTC)
    expires = None if no_end else now + timedelta(days=days or _DAYS)
    with Institution.open(home) as institution:
        records = institution.records
        record = records.one_of(learner_id, course, run)
        chosen = choose(record.signed, results)
        made = records.share(
            record,
            learner_id,
            results=chosen,
            with_name=with_name,
            label=label,
            expires=expires,
            at=now,
        )
        url = records.url(made)
    if as_json:
        until = expires and expires.replace(microsecond=0).isoformat()
        print_json({"share": made.number, "url": url, "results": list(chosen), "expires": until})
        return
    click.echo(url)
    name = "with the name" if with_name else "without the name"
    ends = f"until {expires:%Y-%m-%d}" if expires else "until it is ended"
    click.echo(
        f"Share {made.number} shows {len(chosen)} of {len(record.signed.results)} results, {name}, "
        f"{ends}. Copy the link now: it is not kept.",
        err=True,
    )


@click.command()
@_learner_argument
@home_option
@json_option
def shares(learner_id: str, home: Path, as_json: bool) -> None:
    """List a learner's links, and when each was opened.

    \b
    Example:
      signedcert shares s-1042
    """
    now = datetime.now(UTC)
    with Institution.open(home) as institution:
        logs = institution.records.links.shares(learner_id)
    if as_json:
        print_json({"learner_id": learner_id, "shares": [_json(log, now) for log in logs]})
        return
    if not logs:
        click.echo("No links were made to this learner's records.")
    for log in logs:
        click.echo(_line(log, now))
        for opening in log.openings:
            times = f", {opening.times} times" if opening.times > 1 else ""
            click.echo(f"      opened {opening.minute[:10]} {opening.minute[11:16]} UTC{times}")


@click.command()
@_learner_argument
@click.option("--share", "number", type=click.IntRange(1), help="The number of one link.")
@click.option("--all", "everything", is_flag=True, help="All links of the learner.")
@home_option
@json_option
def reset(learner_id: str, number: int | None, everything: bool, home: Path, as_json: bool) -> None:
    """End one of a learner's links, or all of them.

    Who opens a link that has ended is told that it has ended, and nothing else.

    \b
    Examples:
      signedcert reset s-1042 --share 3
      signedcert reset s-1042 --all
    """
    if (number is None) is not everything:
        message = "say which: --share NUMBER for one link, or --all"
        raise click.UsageError(message)
    with Institution.open(home) as institution:
        ended = institution.records.links.reset(learner_id, number, at=datetime.now(UTC))
    if number is not None and not ended:
        message = "this learner has no such link that is live; see: signedcert shares"
        raise IssueError("share-unknown", message, where=f"share {number}")
    if as_json:
        print_json({"ended": ended})
    else:
        click.echo(f"Ended: {ended} {'link' if ended == 1 else 'links'}.")


@click.command("sign-in")
@_learner_argument
@click.option("--address", help="Where the pages are served.  [default: the institution's address]")
@click.option(
    "--minutes",
    type=click.IntRange(1, 60 * 24),
    default=_MINUTES,
    show_default=True,
    help="For how long the link is good.",
)
@home_option
@json_option
def sign_in(learner_id: str, address: str | None, minutes: int, home: Path, as_json: bool) -> None:
    """Make a link with which a learner signs in, once.

    Signed in, learners see and share their course records. Give the link to that learner and to
    nobody else. It is for institutions that serve the pages with signedcert serve; those that
    mount the pages use their own login.

    \b
    Example:
      signedcert sign-in s-1042 --address http://127.0.0.1:8000
    """
    now = datetime.now(UTC)
    with Institution.open(home) as institution:
        if not institution.records.of(learner_id):
            message = "this learner has no course record; see: signedcert issue-records"
            raise IssueError("record-missing", message, where=learner_id)
        lifetime = timedelta(minutes=minutes)
        token = institution.records.links.sign_in_link(learner_id, now, lifetime)
        url = f"{(address or institution.url).rstrip('/')}/sign-in/{token}"
    if as_json:
        print_json({"url": url, "minutes": minutes})
        return
    click.echo(url)
    click.echo(f"Good once, within {minutes} minutes.", err=True)


def _state(log: ShareLog, now: datetime) -> str:
    share = log.share
    if share.ended is not None:
        return f"ended {share.ended[:10]}"
    if share.expires is not None and datetime.fromisoformat(share.expires) <= now:
        return f"ended {share.expires[:10]}"
    return f"ends {share.expires[:10]}" if share.expires else "no end"


def _line(log: ShareLog, now: datetime) -> str:
    share = log.share
    numbers = ", ".join(map(str, share.results))
    name = "with the name" if share.with_name else "without the name"
    return (
        f"  {share.number:3}  {visible(share.label)}: results {numbers}, {name}, of record "
        f"{share.document}; made {share.created[:10]}, {_state(log, now)}"
    )


def _json(log: ShareLog, now: datetime) -> dict[str, object]:
    share = log.share
    return {
        "share": share.number,
        "record": str(share.document),
        "label": share.label,
        "results": list(share.results),
        "with_name": share.with_name,
        "created": share.created,
        "expires": share.expires,
        "ended": share.ended,
        "live": _state(log, now).split()[0] != "ended",
        "opened": [{"minute": one.minute, "times": one.times} for one in log.openings],
    }
