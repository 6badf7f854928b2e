"""What can go wrong, as a caller sees it."""

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

import signedcert
from signedcert import errors
from signedcert.errors import (
    Configuration,
    ConfigurationError,
    IssueError,
    Issuing,
    Malformed,
    MalformedError,
    RejectedError,
    RenderError,
    Rendering,
    SignedCertError,
    UndecidedError,
    Verdicts,
    VerificationError,
)

SOURCE = Path(signedcert.__file__).parent
KINDS: list[type[SignedCertError]] = [
    SignedCertError,
    MalformedError,
    VerificationError,
    RejectedError,
    UndecidedError,
    IssueError,
    RenderError,
    ConfigurationError,
]
every_kind = pytest.mark.parametrize("kind", KINDS)


def slugs(group: Any) -> set[str]:  # noqa: ANN401 - a Literal has no type of its own
    """The members of a Literal."""
    return set(get_args(group))


# the tree


def drawn() -> dict[str, str]:
    """The parent of each class in the drawing at the top of the module."""
    parents: dict[str, str] = {}
    outer: list[tuple[int, str]] = []
    for line in str(errors.__doc__).splitlines():
        if found := re.match(r"(    [\u2502\u251c\u2514\u2500 ]*)(\w+Error)\b", line):
            column, name = len(found.group(1)), found.group(2)
            outer = [(left, parent) for left, parent in outer if left < column]
            parents[name] = outer[-1][1] if outer else "Exception"
            outer.append((column, name))
    return parents


def test_the_tree_is_the_one_that_is_drawn() -> None:
    assert drawn() == {kind.__name__: kind.__bases__[0].__name__ for kind in KINDS}
    assert [kind.__bases__[1:] for kind in KINDS] == [()] * len(KINDS)


def test_the_tree_has_no_other_member() -> None:
    found = {
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, BaseException)
    }
    assert found == set(KINDS)


def test_careless_code_fails_closed_when_undecided() -> None:
    with pytest.raises(VerificationError):
        raise UndecidedError("unknown-issuer", "not in the trust store")


# one error


@every_kind
def test_str_says_where_what_and_why(kind: type[SignedCertError]) -> None:
    error = kind("not-json", "nothing here", where="row 7")
    assert str(error) == "row 7: nothing here [not-json]"
    assert str(kind("not-json", "nothing here")) == "nothing here [not-json]"
    assert (error.reason, error.message, error.where) == ("not-json", "nothing here", "row 7")


@every_kind
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_error_travels_between_processes(kind: type[SignedCertError], protocol: int) -> None:
    error = kind("not-json", "nothing here", where="row 7")
    for twin in (
        pickle.loads(pickle.dumps(error, protocol)),  # noqa: S301 - our own
        copy.copy(error),
        copy.deepcopy(error),
    ):
        assert type(twin) is kind
        assert vars(twin) == vars(error)
        assert twin.args == error.args == ("not-json", "nothing here", "row 7")
        assert str(twin) == str(error)


@pytest.mark.parametrize("kind", [VerificationError, RejectedError, UndecidedError])
def test_step_and_detail_travel_with_it(kind: type[VerificationError]) -> None:
    error = kind("bad-signature", "it does not hold", step=3, detail="signature-high-s")
    twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert (twin.step, twin.detail) == (error.step, error.detail) == (3, "signature-high-s")
    bare = kind("bad-signature", "it does not hold")
    assert (bare.step, bare.detail) == (0, "")


def test_notes_travel_with_it() -> None:
    error = MalformedError("not-json", "nothing here")
    error.add_note("in the second file")
    assert copy.copy(error).__notes__ == ["in the second file"]


# reasons


@cache
def trees() -> dict[Path, ast.Module]:
    """All modules of the package."""
    return {path: ast.parse(path.read_text("utf-8")) for path in sorted(SOURCE.rglob("*.py"))}


@cache
def raised() -> frozenset[tuple[str, str]]:
    """The class and the reason of each of our errors that is made with a literal."""
    return frozenset(_raised())


def _raised() -> Iterator[tuple[str, str]]:
    names = {kind.__name__ for kind in KINDS}
    for tree in trees().values():
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Name(id=name) | ast.Attribute(attr=name),
                    args=[ast.Constant(value=str(reason)), *_],
                ) if name in names:
                    yield name, reason


@cache
def mentioned() -> set[str]:
    """Every text in the package that is not in the list of reasons itself."""
    return {
        node.value
        for path, tree in trees().items()
        if path.name != "errors.py"
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }


def test_every_reason_is_a_slug() -> None:
    reasons = {reason for _, reason in raised()}
    assert len(reasons) > 50
    declared = set().union(*map(slugs, (Malformed, Verdicts, Issuing, Rendering, Configuration)))
    for reason in reasons | declared:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", reason), reason
    assert reasons <= declared


@pytest.mark.parametrize(
    ("kind", "groups"),
    [
        (MalformedError, (Malformed,)),
        (ConfigurationError, (Configuration,)),
        (IssueError, (Issuing, Malformed)),
        (RenderError, (Rendering, Verdicts)),
        (RejectedError, (Verdicts,)),
        (UndecidedError, (Verdicts,)),
    ],
)
def test_every_reason_is_raised_in_its_family(
    kind: type[SignedCertError], groups: tuple[Any, ...]
) -> None:
    allowed = set().union(*map(slugs, groups))
    assert {reason for name, reason in raised() if name == kind.__name__} <= allowed


def test_only_the_families_are_raised_not_their_roots() -> None:
    assert {name for name, _ in raised()} <= {
        "MalformedError",
        "RejectedError",
        "UndecidedError",
        "IssueError",
        "RenderError",
        "ConfigurationError",
    }


@pytest.mark.parametrize("group", [Malformed, Issuing, Rendering, Configuration])
def test_every_declared_reason_is_used(group: Any) -> None:  # noqa: ANN401 - see slugs
    assert sorted(slugs(group) - mentioned()) == []


def test_no_reason_is_declared_twice() -> None:
    for group in (Malformed, Verdicts, Issuing, Rendering, Configuration):
        names = re.findall(r"\[(.*)\]", str(group))[0].split(", ")
        assert len(names) == len(set(names))
    assert slugs(Malformed) & slugs(Verdicts) == {"no-document"}
    assert not slugs(Issuing) & slugs(Configuration)
    assert not (slugs(Issuing) | slugs(Configuration)) & (slugs(Malformed) | slugs(Verdicts))
