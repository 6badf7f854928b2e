"""What is handed out is a value: no part of it is assigned, and nothing is hung onto it."""

from dataclasses import FrozenInstanceError, fields
from typing import Any

import pytest

from signedcert.verify.policy import Policy
from signedcert.verify.verifier import Verifier
from tests.reference import AT, World


@pytest.mark.parametrize("model", [Policy, Verifier])
def test_no_member_can_be_assigned_and_none_be_added(model: type[Any]) -> None:
    blank = object.__new__(model)
    for member in fields(model):
        with pytest.raises(FrozenInstanceError):
            setattr(blank, member.name, None)
    assert not hasattr(blank, "__dict__")


def test_what_a_policy_asks_for_is_named() -> None:
    """A course in the place of an issuer would be compared with an issuer."""
    with pytest.raises(TypeError, match="positional"):
        Policy("operations-management")  # type: ignore[call-arg]


def test_what_a_verifier_has_seen_does_not_make_it_another(world: World) -> None:
    used = Verifier(world.trust)
    fresh = Verifier(used.trust)
    before = repr(used)
    assert used.report(world.document(), at=AT)
    assert used == fresh
    assert repr(used) == before
    with pytest.raises(TypeError, match="positional"):
        Verifier(used.trust, None, {})  # type: ignore[call-arg]
