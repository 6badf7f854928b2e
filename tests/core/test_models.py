"""What is read is a value: no part of it is assigned, and nothing is hung onto it."""

import dataclasses
from types import ModuleType
from typing import Any

import pytest

from signedcert.core import checkpoint, code, jws, keys, logproof, merkle, note

MODULES = (checkpoint, code, jws, keys, logproof, merkle, note)


def models(module: ModuleType) -> list[type[Any]]:
    """The dataclasses that a module defines."""
    found = [value for value in vars(module).values() if isinstance(value, type)]
    own = [value for value in found if value.__module__ == module.__name__]
    return [value for value in own if dataclasses.is_dataclass(value)]


def test_there_are_models_in_each_module() -> None:
    assert all(models(module) for module in MODULES)


@pytest.mark.parametrize("model", [model for m in MODULES for model in models(m)])
def test_no_member_of_a_model_can_be_assigned_and_none_be_added(model: type[Any]) -> None:
    blank = object.__new__(model)
    for member in dataclasses.fields(model):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(blank, member.name, None)
    assert not hasattr(blank, "__dict__")
