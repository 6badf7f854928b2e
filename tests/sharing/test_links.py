"""Private links: what the learner chose, for whom holds the link, until it is over."""

from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from signedcert.batch import process_pool
from signedcert.core.encoding import b64url_decode
from signedcert.errors import ConfigurationError, Reason, SignedCertError
from signedcert.registry.engine import sqlite_url
from signedcert.registry.registry import Registry
from signedcert.registry.shares import Opening
from signedcert.registry.tables import metadata
from signedcert.sharing.links import NewShare, Sharing
from signedcert.sharing.tokens import new_token
from tests.core.refusal import refused
from tests.institution.homes import NOW
from tests.registry.test_registry import row
from tests.sharing.conftest import Desk

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
NAIVE = NOW.replace(tzinfo=None)


def share(desk: Desk, **changes: object) -> NewShare:
    """A link to two results, without an end."""
    values: dict[str, object] = {
        "learner_id": "ada",
        "results": (1, 3),
        "with_name": False,
        "label": "Acme",
        "expires": None,
        "at": NOW,
    }
    return desk.sharing.share(desk.record, **(values | changes))  # type: ignore[arg-type]


# sharing


def test_who_has_the_link_sees_what_the_learner_chose(desk: Desk) -> None:
    made = share(desk, expires=NOW + HOUR)
    seen = desk.sharing.open(made.token, NOW)
    assert seen is not None
    assert (seen.number, seen.document, seen.learner_id) == (made.number, desk.record, "ada")
    assert (seen.results, seen.with_name, seen.label) == ((1, 3), False, "Acme")
    assert (seen.created, seen.expires, seen.ended) == (
        "2026-07-01T10:30:00Z",
        "2026-07-01T11:30:00Z",
        None,
    )


def test_each_link_has_a_token_of_its_own(desk: Desk) -> None:
    tokens = {share(desk).token for _ in range(20)}
    assert len(tokens) == 20


def test_opening_a_link_is_seen_by_the_learner_and_peeking_is_not(desk: Desk) -> None:
    made = share(desk)
    assert desk.sharing.peek(made.token, NOW) == desk.sharing.open(made.token, NOW)
    desk.sharing.peek(made.token, NOW + HOUR)
    desk.sharing.open(made.token, NOW + 29 * SECOND)
    (log,) = desk.sharing.shares("ada")
    assert log.share.number == made.number
    assert log.openings == (Opening("2026-07-01T10:30:00Z", 2),)


def test_a_link_that_is_over_is_not_opened_and_not_counted(desk: Desk) -> None:
    ended, expired = share(desk), share(desk, expires=NOW + SECOND)
    assert desk.sharing.reset("ada", ended.number, at=NOW) == 1
    for token in (ended.token, expired.token, new_token(), "", "\ud800", ended.token + "="):
        assert desk.sharing.open(token, NOW + SECOND) is None
        assert desk.sharing.peek(token, NOW + SECOND) is None
    assert [log.openings for log in desk.sharing.shares("ada")] == [(), ()]


def test_a_learner_takes_back_one_link_or_all(desk: Desk) -> None:
    links = [share(desk) for _ in range(3)]
    others = share(desk, learner_id="bob")

    def live() -> list[bool]:
        found = [desk.sharing.peek(link.token, NOW) for link in (*links, others)]
        return [one is not None for one in found]

    assert desk.sharing.reset("bob", links[0].number, at=NOW) == 0
    assert live() == [True, True, True, True]
    assert desk.sharing.reset("ada", links[1].number, at=NOW) == 1
    assert live() == [True, False, True, True]
    assert desk.sharing.reset("ada", at=NOW) == 2
    assert live() == [False, False, False, True]


@pytest.mark.parametrize(
    ("changes", "reason", "where"),
    [
        ({"results": ()}, "wrong-value", "results"),
        ({"results": (0, 1)}, "wrong-value", "results"),
        ({"results": (-1,)}, "wrong-value", "results"),
        ({"results": (1, 1)}, "wrong-value", "results"),
        ({"results": (1, 3, 2)}, "wrong-value", "results"),
        ({"label": ""}, "text-blank", "label"),
        ({"label": "\u2800"}, "text-blank", "label"),
        ({"label": "a\nb"}, "text-control", "label"),
        ({"label": "a\u202eb"}, "text-bidi", "label"),
        ({"label": "a" * 201}, "text-too-long", "label"),
        ({"label": "é" * 101}, "text-too-long", "label"),
        ({"expires": NOW}, "validity-reversed", "expires"),
        ({"expires": NOW - SECOND}, "validity-reversed", "expires"),
        ({"expires": NOW + SECOND / 2}, "validity-reversed", "expires"),
    ],
)
def test_what_cannot_be_shared_is_refused_and_not_written(
    desk: Desk, changes: dict[str, object], reason: Reason, where: str
) -> None:
    with refused(reason, where):
        share(desk, **changes)
    assert desk.sharing.shares("ada") == []


@pytest.mark.parametrize(
    "changes",
    [{"results": (1,)}, {"results": (2, 9)}, {"label": "é" * 100}, {"expires": NOW + SECOND}],
)
def test_what_can_just_be_shared_is(desk: Desk, changes: dict[str, object]) -> None:
    made = share(desk, **changes)
    seen = desk.sharing.peek(made.token, NOW)
    assert seen is not None
    if "expires" not in changes:
        (name,) = changes
        assert getattr(seen, name) == changes[name]


def test_a_record_that_is_not_in_the_registry_is_not_shared(desk: Desk) -> None:
    with refused("wrong-value", "document"):
        share(desk._replace(record=row().code))


@pytest.mark.parametrize(
    "ask",
    [
        lambda desk: share(desk, at=NAIVE),
        lambda desk: share(desk, expires=NAIVE + HOUR),
        lambda desk: desk.sharing.open(new_token(), NAIVE),
        lambda desk: desk.sharing.peek(new_token(), NAIVE),
        lambda desk: desk.sharing.reset("ada", at=NAIVE),
        lambda desk: desk.sharing.sign_in_link("ada", NAIVE),
        lambda desk: desk.sharing.sign_in(new_token(), NAIVE),
        lambda desk: desk.sharing.learner_of(new_token(), NAIVE),
    ],
)
def test_a_time_without_a_zone_is_refused(desk: Desk, ask: Callable[[Desk], object]) -> None:
    with refused("time-naive", kind=ConfigurationError):
        ask(desk)


# signing in


def test_a_learner_signs_in_once_with_a_link(desk: Desk) -> None:
    link = desk.sharing.sign_in_link("ada", NOW)
    signed_in = desk.sharing.sign_in(link, NOW + SECOND)
    assert signed_in is not None
    assert signed_in.learner_id == "ada"
    assert signed_in.session != link
    assert desk.sharing.learner_of(signed_in.session, NOW + SECOND) == "ada"
    assert desk.sharing.sign_in(link, NOW + SECOND) is None


@pytest.mark.parametrize(
    ("lifetime", "after", "good"),
    [
        (None, timedelta(minutes=15) - SECOND, True),
        (None, timedelta(minutes=15), False),
        (HOUR, HOUR - SECOND, True),
        (HOUR, HOUR, False),
    ],
)
def test_a_link_to_sign_in_lasts_a_quarter_of_an_hour_or_as_long_as_is_said(
    desk: Desk, lifetime: timedelta | None, after: timedelta, *, good: bool
) -> None:
    named = {} if lifetime is None else {"lifetime": lifetime}
    link = desk.sharing.sign_in_link("ada", NOW, **named)
    assert (desk.sharing.sign_in(link, NOW + after) is not None) == good


def sign_in(desk: Desk, learner_id: str = "ada", at: datetime = NOW) -> str:
    """The session of a learner who has signed in."""
    signed_in = desk.sharing.sign_in(desk.sharing.sign_in_link(learner_id, at), at)
    assert signed_in is not None
    return signed_in.session


def test_a_session_lasts_eight_hours(desk: Desk) -> None:
    session = sign_in(desk)
    assert desk.sharing.learner_of(session, NOW + 8 * HOUR - SECOND) == "ada"
    assert desk.sharing.learner_of(session, NOW + 8 * HOUR) is None


def test_signing_out_ends_this_session_and_no_other(desk: Desk) -> None:
    sessions = [sign_in(desk), sign_in(desk), sign_in(desk, "bob")]
    desk.sharing.sign_out(sessions[0])
    desk.sharing.sign_out(sessions[0])
    found = [desk.sharing.learner_of(session, NOW) for session in sessions]
    assert found == [None, "ada", "bob"]


def test_a_token_of_one_kind_is_good_for_nothing_else(desk: Desk) -> None:
    link, session = desk.sharing.sign_in_link("ada", NOW), sign_in(desk)
    made = share(desk).token
    for token in (link, session):
        assert desk.sharing.open(token, NOW) is None
    for token in (link, made):
        assert desk.sharing.learner_of(token, NOW) is None
        desk.sharing.sign_out(token)
    for token in (session, made):
        assert desk.sharing.sign_in(token, NOW) is None
    assert desk.sharing.learner_of(session, NOW) == "ada"
    assert desk.sharing.sign_in(link, NOW) is not None


@pytest.mark.parametrize("token", ["", "=", "\ud800", "A" * 24, "A" * 10_000])
def test_a_text_that_is_no_token_signs_nobody_in(desk: Desk, token: str) -> None:
    assert desk.sharing.sign_in(token, NOW) is None
    assert desk.sharing.learner_of(token, NOW) is None
    desk.sharing.sign_out(token)


# tokens stay with those who have them


def test_no_token_is_in_the_database(desk: Desk) -> None:
    link = desk.sharing.sign_in_link("ada", NOW)
    made, session = share(desk), sign_in(desk)
    desk.sharing.open(made.token, NOW)
    with desk.registry._engine.connect() as connection:
        values = [
            value
            for table in metadata.sorted_tables
            for one in connection.execute(select(table))
            for value in one
        ]
    stored = [value if isinstance(value, bytes) else str(value).encode() for value in values]
    assert {b"Acme", b"session", b"link"} <= set(stored)
    desk.registry.close()
    stored += [path.read_bytes() for path in desk.directory.iterdir()]
    assert b"Acme" in stored[-1]
    for token in (link, made.token, session):
        raw = b64url_decode(token.encode())
        for hidden in (token.encode(), raw, raw.hex().encode(), raw.hex().upper().encode()):
            assert not [value for value in stored if hidden in value]


def test_no_token_is_in_a_repr(desk: Desk) -> None:
    made = share(desk)
    signed_in = desk.sharing.sign_in(desk.sharing.sign_in_link("ada", NOW), NOW)
    assert signed_in is not None
    assert made.token not in f"{made!r} {made}"
    assert signed_in.session not in f"{signed_in!r} {signed_in}"
    assert (str(made.number) in repr(made), "ada" in repr(signed_in)) == (True, True)


def test_no_token_is_in_an_error(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("signedcert.sharing.links.new_token", lambda: "known-token-of-24-charac")
    for ask in (
        lambda: share(desk._replace(record=row().code)),
        lambda: share(desk, label=""),
        lambda: desk.sharing.peek("known-token-of-24-charac", NAIVE),
    ):
        with pytest.raises(SignedCertError) as caught:
            ask()
        error: BaseException | None = caught.value
        while error is not None:
            assert "known-token" not in f"{error!r} {error}"
            error = error.__cause__ or error.__context__
    assert "known-token" not in "".join(capsys.readouterr())


# guessing

LOOKUPS = 1_000_000


def find(directory: Path, tokens: Iterable[str]) -> tuple[int, int]:
    """How many are asked for, and how many lead to a record."""
    with closing(Registry.open(sqlite_url(directory / "registry.sqlite"))) as registry:
        sharing = Sharing(registry.shares)
        found = [sharing.peek(token, NOW) is not None for token in tokens]
    return len(found), sum(found)


def guess(directory: Path, count: int) -> tuple[int, int]:
    """The same of tokens that nobody has."""
    return find(directory, (new_token() for _ in range(count)))


def test_a_million_guesses_find_nothing(desk: Desk) -> None:
    """In a process of its own, where nothing is traced: it asks the database, each time."""
    known = [share(desk, learner_id=f"s-{number}").token for number in range(200)]
    with process_pool(1) as pool:
        guesses = pool.submit(guess, desk.directory, LOOKUPS)
        assert pool.submit(find, desk.directory, known).result() == (200, 200)
        assert guesses.result() == (LOOKUPS, 0)
