"""The states that keys and logs go through, in one direction only."""

from typing import Literal, TypeAlias, get_args

State: TypeAlias = Literal["pre-published", "active", "retired", "compromised", "void"]
STATES: tuple[str, ...] = get_args(State)
