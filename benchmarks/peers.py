"""Other people's JWT libraries, each set up as its documentation says and as favourably as can be:
the key is read once, in the form that is quickest; dates are checked if they are there.
"""

import importlib
import json
import sys
import warnings
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import jwt as pyjwt
from jose import jwk as jose_jwk
from jose import jwt as jose_jwt
from joserfc import jwk as joserfc_jwk
from joserfc import jwt as joserfc_jwt
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jwt as jwcrypto_jwt

from benchmarks.measure import Call

with warnings.catch_warnings(record=True):  # it recommends joserfc, a contender as well
    from authlib.jose import JsonWebKey, JsonWebToken

#: Where ``make bench`` puts the older PyJWT.
OLD_PYJWT = Path("build/bench/pyjwt-2.10")
_ES256 = ["ES256"]


def verifying(text: str, key: dict[str, str]) -> dict[str, Call]:
    """Contenders that check signature and dates of a JWS and return its claims, by name."""
    old = import_apart("jwt", OLD_PYJWT)
    return {
        _name("PyJWT"): _pyjwt(pyjwt, text, key),
        f"PyJWT {old.__version__}": _pyjwt(old, text, key),
        _name("joserfc"): _joserfc(text, key),
        _name("Authlib"): _authlib(text, key),
        _name("jwcrypto"): _jwcrypto(text, key),
        _name("python-jose"): _jose(text, key),
    }


def signing(claims: dict[str, Any], header: dict[str, str], secret: Any) -> dict[str, Call]:  # noqa: ANN401 - a key of cryptography
    """Contenders that sign ready claims, and check nothing, by name."""
    key, whole = joserfc_jwk.ECKey.import_key(secret), {"alg": "ES256", **header}
    return {
        f"{_name('PyJWT')}, encode": lambda: pyjwt.encode(claims, secret, "ES256", header),
        f"{_name('joserfc')}, encode": lambda: joserfc_jwt.encode(whole, claims, key, _ES256),
    }


def _name(package: str) -> str:
    return f"{package} {version(package)}"


def _pyjwt(package: Any, text: str, key: dict[str, str]) -> Call:  # noqa: ANN401 - either version
    imported = package.PyJWK.from_dict(key).key
    return lambda: package.decode(text, imported, algorithms=_ES256)


def _joserfc(text: str, key: dict[str, str]) -> Call:
    imported = joserfc_jwk.ECKey.import_key(dict(key))
    claims = joserfc_jwt.JWTClaimsRegistry()

    def verify() -> object:
        token = joserfc_jwt.decode(text, imported, algorithms=_ES256)
        claims.validate(token.claims)
        return token

    return verify


def _authlib(text: str, key: dict[str, str]) -> Call:
    imported, tokens = JsonWebKey.import_key(key), JsonWebToken(_ES256)

    def verify() -> object:
        claims = tokens.decode(text, imported)
        claims.validate()
        return claims

    return verify


def _jwcrypto(text: str, key: dict[str, str]) -> Call:
    imported = jwcrypto_jwk.JWK(**key)

    def verify() -> object:
        token = jwcrypto_jwt.JWT(jwt=text, key=imported, algs=_ES256, expected_type="JWS")
        return json.loads(token.claims)

    return verify


def _jose(text: str, key: dict[str, str]) -> Call:
    imported = jose_jwk.construct(key, "ES256")
    return lambda: jose_jwt.decode(text, imported, algorithms=_ES256)


def import_apart(name: str, directory: Path) -> Any:  # noqa: ANN401 - a module
    """Another version of a package than ``import`` finds, which goes on finding the same one."""
    found = _take_modules(name)
    sys.path.insert(0, str(directory))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(directory))
        _take_modules(name)
        sys.modules.update(found)


def _take_modules(name: str) -> dict[str, ModuleType]:
    """What ``import`` has found of a package, which it then has to find anew."""
    mine = [one for one in sys.modules if one.partition(".")[0] == name]
    return {one: sys.modules.pop(one) for one in mine}
