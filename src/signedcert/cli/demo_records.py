"""What the demo does with course records: issued, shown in part, shared."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from signedcert.carriers.bundle import SUFFIX
from signedcert.cli.choice import choose
from signedcert.cli.offline import verify_offline
from signedcert.institution import Institution
from signedcert.sharing.records import HeldRecord
from signedcert.verify.show import partial_in_words

#: Has failed a quiz, and need not show it to everybody.
LEARNER = "s-1001"
SERVED = "http://127.0.0.1:8000"
_COURSE = "operations-management"
_SHOWN = ("final score", "final exam")
_LABEL = "Application to Acme"
_LIFETIME = timedelta(days=30)


def verify_whole(institution: Institution, directory: Path) -> HeldRecord:
    """A record in its file, checked as an employer would check it."""
    record = institution.records.one_of(LEARNER, _COURSE)
    _say(verify_offline(directory, str(_file(record, directory))))
    return record


def present(record: HeldRecord, directory: Path) -> None:
    """A part of it in another file, as ``signedcert present`` writes it, and checked likewise."""
    target = directory / f"part{SUFFIX}"
    part = record.bundle.present(choose(record.signed, _SHOWN), with_name=True)
    part.write(target)
    wanted = " ".join(f'--result "{one}"' for one in _SHOWN)
    click.echo(f"  signedcert present {_file(record, directory)} {wanted} --out {target}")
    click.echo(f"  {target.name} {partial_in_words(part.unverified_record())}")
    _say(verify_offline(directory, str(target)))


def share(institution: Institution, record: HeldRecord) -> None:
    """The same part by a link that can be taken back."""
    now = datetime.now(UTC)
    records = institution.records
    made = records.share(
        record,
        LEARNER,
        results=choose(record.signed, _SHOWN),
        label=_LABEL,
        expires=now + _LIFETIME,
        at=now,
    )
    url = records.url(made)
    click.echo(f"  For {_LABEL!r}, for {_LIFETIME.days} days: {url}")
    click.echo(f"  Here, once the pages are served: {SERVED}{url.removeprefix(institution.url)}")


def _file(record: HeldRecord, directory: Path) -> Path:
    return directory / "records" / f"{record.code}{SUFFIX}"


def _say(results: list[dict[str, Any]]) -> None:
    """What a record shows, in a line."""
    for result in results:
        record = result["record"]
        shown = [_in_words(one) for one in record["results"] if one["shown"]]
        click.echo(f"  {record['learner']}: {'; '.join(shown)}")


def _in_words(result: dict[str, Any]) -> str:
    failed = " (failed)" if result["status"] == "Failed" else ""
    return f"{result['title'] or result['kind']} {result['value']} of {result['maximum']}{failed}"
