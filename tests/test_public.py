"""What ``import signedcert`` offers."""

import importlib
import pickle
import sys
from types import ModuleType

import pytest

import signedcert
from signedcert.errors import (
    ConfigurationError,
    IssueError,
    MalformedError,
    RejectedError,
    SignedCertError,
    UndecidedError,
    VerificationError,
)
from tests.core.refusal import refused


@pytest.mark.parametrize("name", signedcert.__all__)
def test_every_public_name_is_there_and_described(name: str) -> None:
    value = getattr(signedcert, name)
    assert value.__name__ == name
    assert value.__module__.startswith("signedcert.")
    words = value.__doc__
    assert words
    assert len(words.split()) >= 4
    assert not words.startswith(f"{name}(")


def test_names_are_listed_in_order_once() -> None:
    assert len(set(signedcert.__all__)) == len(signedcert.__all__)
    assert set(signedcert._HOMES) < set(signedcert.__all__)


def test_dir_lists_every_public_name_before_it_was_used() -> None:
    names = dir(signedcert)
    assert names == sorted(names)
    assert set(signedcert.__all__) <= set(names)
    assert "__version__" in names


def test_a_star_import_brings_every_public_name() -> None:
    space: dict[str, object] = {}
    exec("from signedcert import *", space)  # noqa: S102 - the only way to say it
    assert set(signedcert.__all__) <= set(space)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'signedcert' has no attribute 'Diploma'"):
        signedcert.Diploma  # noqa: B018
    assert not hasattr(signedcert, "issue_certificate")


def test_a_name_is_looked_up_once() -> None:
    first = signedcert.Verifier
    assert vars(signedcert)["Verifier"] is first
    assert signedcert.Verifier is first


def broken(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, importing the institution fails for want of a module."""

    def fail(_: str) -> ModuleType:
        message = f"No module named {name!r}"
        raise ModuleNotFoundError(message, name=name)

    monkeypatch.setattr(signedcert, "import_module", fail)
    monkeypatch.delitem(vars(signedcert), "Institution", raising=False)


@pytest.mark.parametrize("package", ["sqlalchemy", "alembic"])
def test_a_name_whose_packages_are_missing_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    broken(package, monkeypatch)
    with refused("extra-missing", kind=ConfigurationError):
        signedcert.Institution  # noqa: B018
    with pytest.raises(ConfigurationError, match=r"pip install 'signedcert\[issue\]'"):
        signedcert.Institution  # noqa: B018


def test_any_other_missing_module_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    broken("signedcert.institutions", monkeypatch)
    with pytest.raises(ModuleNotFoundError, match="institutions"):
        signedcert.Institution  # noqa: B018


def test_the_families_of_errors_are_what_the_tree_says() -> None:
    assert issubclass(RejectedError, VerificationError)
    assert issubclass(UndecidedError, VerificationError)
    for family in (MalformedError, VerificationError, IssueError, ConfigurationError):
        assert issubclass(family, SignedCertError)
        others = {MalformedError, VerificationError, IssueError, ConfigurationError} - {family}
        assert not any(issubclass(family, other) for other in others)
    assert not issubclass(SignedCertError, ValueError | OSError)


def test_an_error_shows_place_words_and_slug() -> None:
    error = MalformedError("not-json", "this is no JSON", where="a.json")
    assert str(error) == "a.json: this is no JSON [not-json]"
    assert str(MalformedError("not-json", "this is no JSON")) == "this is no JSON [not-json]"


@pytest.mark.parametrize("kind", [MalformedError, RejectedError, UndecidedError, IssueError])
def test_an_error_travels_between_processes(kind: type[SignedCertError]) -> None:
    error = kind("bad-signature", "words", where="here")
    if isinstance(error, VerificationError):
        error.step, error.detail = 3, "high-s"
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
    assert type(again) is kind
    assert vars(again) == vars(error)
    assert str(again) == str(error)


def test_the_version_is_that_of_the_package() -> None:
    metadata = importlib.import_module("importlib.metadata")
    assert metadata.version("signedcert") == signedcert.__version__
    assert "signedcert" in sys.modules
