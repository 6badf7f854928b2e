"""The claims of a certificate, as an institution states them."""

from dataclasses import FrozenInstanceError
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from signedcert.core.encoding import whole_seconds
from signedcert.documents.certificate import Certificate
from signedcert.errors import ConfigurationError, Malformed, MalformedError
from tests.core.refusal import refused
from tests.reference import course

COMPLETED = date(2026, 6, 30)


def make(learner: str = "Ada", started: date | None = None) -> Certificate:
    """A certificate of the reference course."""
    return Certificate(learner=learner, course=course(), completed=COMPLETED, started=started)


def test_a_name_is_kept_in_normal_form_c_without_space_around_it() -> None:
    assert make("  Jose\u0301 \n").learner == "Jos\u00e9"


@pytest.mark.parametrize(
    ("learner", "reason"),
    [
        ("", "text-blank"),
        (" \u200b ", "text-blank"),
        ("A\nB", "text-control"),
        ("A\u202eB", "text-bidi"),
        ("A" * 513, "text-too-long"),
        ("A\udcff", "lone-surrogate"),
    ],
)
def test_a_name_is_refused(learner: str, reason: Malformed) -> None:
    with refused(reason, "name"):
        make(learner)


def test_a_name_has_up_to_512_bytes() -> None:
    assert len(make("A" * 512).learner) == 512


def test_a_course_does_not_end_before_it_starts() -> None:
    assert make(started=COMPLETED).started == COMPLETED
    with refused("dates-reversed", "started"):
        make(started=COMPLETED + timedelta(days=1))


def test_validity_is_kept_in_whole_seconds_of_utc() -> None:
    zone = timezone(timedelta(hours=2))
    until = datetime(2030, 1, 1, 1, 30, 15, 999_999, tzinfo=zone)
    certificate = Certificate(
        learner="Ada", course=course(), completed=COMPLETED, valid_until=until
    )
    assert certificate.valid_until == datetime(2029, 12, 31, 23, 30, 15, tzinfo=UTC)
    assert certificate.valid_until.tzinfo is UTC


def test_a_time_without_zone_is_refused() -> None:
    naive = datetime(2030, 1, 1)  # noqa: DTZ001 - that is the point
    with refused("time-naive", kind=ConfigurationError):
        Certificate(learner="Ada", course=course(), completed=COMPLETED, valid_until=naive)
    with pytest.raises(ConfigurationError, match=r"^at needs a time zone"):
        whole_seconds(naive, "at")


def test_a_certificate_does_not_change() -> None:
    certificate = make()
    with pytest.raises(FrozenInstanceError):
        certificate.learner = "Eve"  # type: ignore[misc]
    assert certificate.learner == "Ada"


@pytest.mark.parametrize("field", ["completed", "started"])
def test_a_day_with_a_time_is_refused(field: str) -> None:
    days: dict[str, Any] = {"completed": date(2026, 6, 30), field: datetime(2026, 6, 1, tzinfo=UTC)}
    with pytest.raises(MalformedError, match="a date, not a datetime") as caught:
        Certificate(learner="Ada", course=course(), **days)
    assert (caught.value.reason, caught.value.where) == ("wrong-type", field)
