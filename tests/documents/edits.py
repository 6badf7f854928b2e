"""Payloads that were tampered with: members and elements gone, changed, added, in another order."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from tests.documents.credentials import parent, paths
from tests.reference import credential

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**17), 10**17),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    st.sampled_from(
        [
            [],
            {},
            "https://learn.example.edu",
            "https://evil.example",
            f"urn:uuid:{credential().id}",
            "2026-06-30T00:00:00Z",
            "2026-06-30T24:00:00Z",
            credential().title,
            "1",
            1782901800,
        ]
    ),
)
#: Any that a path can name.
names = st.text(
    st.characters(exclude_categories=["Cs", "Nd"], exclude_characters=".[]"), min_size=1
)


def remove(data: st.DataObject, changed: Any) -> None:  # noqa: ANN401
    """A member or element is gone."""
    holder, last = parent(changed, data.draw(st.sampled_from(paths(changed))))
    del holder[last]


def replace(data: st.DataObject, changed: Any) -> None:  # noqa: ANN401
    """A member or element has another value."""
    holder, last = parent(changed, data.draw(st.sampled_from(paths(changed))))
    holder[last] = data.draw(values)


def add(data: st.DataObject, changed: Any) -> None:  # noqa: ANN401
    """There is one more."""
    holder, last = parent(changed, data.draw(st.sampled_from(paths(changed))))
    if isinstance(holder, dict):
        holder[data.draw(st.sampled_from(["x", "name", "vc", "result", "exp"]) | names)] = 1
    else:
        holder.insert(last, data.draw(values))


def reorder(data: st.DataObject, changed: Any) -> None:  # noqa: ANN401
    """They stand in another order."""
    holder, _ = parent(changed, data.draw(st.sampled_from(paths(changed))))
    if isinstance(holder, dict):
        members = data.draw(st.permutations(list(holder.items())))
        holder.clear()
        holder.update(members)
    else:
        holder.reverse()


EDITS: list[Callable[[st.DataObject, Any], None]] = [remove, replace, add, reorder]


def rotate(value: dict[str, object]) -> None:
    """The first member becomes the last."""
    first = next(iter(value))
    value[first] = value.pop(first)
