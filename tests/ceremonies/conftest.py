"""What the tests of ceremonies share."""

import pytest

from tests.institution.homes import place, template

__all__ = ["place", "template"]


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("signedcert.custody.keyfile.SCRYPT_N", 2**15)
