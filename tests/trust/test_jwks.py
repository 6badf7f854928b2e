"""What clients that know only the standards are told, and that they accept what we sign."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import jwt
import pytest
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet

from signedcert.errors import MalformedError, UndecidedError
from signedcert.trust.entries import Role
from signedcert.trust.jwks import jwks, pyjwk, served, standard_jwk
from signedcert.trust.states import State
from tests.reference import ISSUED, ISSUER, World, credential
from tests.trust.house import signed


def test_only_issuing_keys_that_are_active_or_retired_are_served(world: World) -> None:
    entry = world.manifest.keys[0]
    expected = {("issue", "active"), ("issue", "retired")}
    found = {
        (role, state)
        for role in get_args(Role)
        for state in get_args(State)
        if served(replace(entry, role=role, state=state))
    }
    assert found == expected


def test_a_key_set_holds_the_served_keys_in_the_order_of_the_manifest() -> None:
    keys = "k:active,v:void,m:retired@7,c:compromised,p:pre-published,s:active/snapshot"
    manifest = signed(f"1 keys={keys}").unverified
    assert [one["kid"] for one in jwks(manifest)["keys"]] == [
        manifest.keys[0].url,
        manifest.keys[2].url,
    ]


def test_a_jwk_has_its_url_as_kid_and_nothing_private(world: World) -> None:
    entry = world.manifest.keys[0]
    one = standard_jwk(entry)
    assert one == {**entry.key.to_jwk(), "kid": entry.url}
    assert sorted(one) == ["alg", "crv", "kid", "kty", "use", "x", "y"]


def test_pyjwt_accepts_a_certificate_with_the_key_of_its_header(world: World) -> None:
    token = world.document().decode()
    claims = jwt.decode(
        token, pyjwk(world.trust, token), algorithms=["ES256"], options={"verify_nbf": False}
    )
    assert claims["iss"] == ISSUER
    assert claims["jti"] == f"urn:uuid:{credential().id}"


def test_pyjwt_refuses_a_changed_certificate(world: World) -> None:
    token = world.document().decode()
    head, payload, _ = token.split(".")
    other = world.sign(credential()._replace(learner="Ada").encode()).decode()
    forged = f"{head}.{payload}.{other.rpartition('.')[2]}"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(forged, pyjwk(world.trust, forged), algorithms=["ES256"])


@pytest.mark.parametrize("state", ["pre-published", "compromised", "void"])
def test_pyjwt_gets_no_key_that_is_not_served(world: World, state: State) -> None:
    with pytest.raises(UndecidedError) as caught:
        pyjwk(world.with_state(state), world.document().decode())
    assert (caught.value.reason, caught.value.step) == ("unknown-key", 2)


def test_pyjwt_gets_no_key_that_is_not_known(world: World, ed25519_world: World) -> None:
    for token in (
        ed25519_world.document().decode(),
        world.sign(b"{}", world.header(kid=None)).decode(),
    ):
        with pytest.raises(UndecidedError, match="unknown-key"):
            pyjwk(world.trust, token)


def test_pyjwt_gets_no_ed25519_key(ed25519_world: World) -> None:
    with pytest.raises(MalformedError, match="RFC 9864") as caught:
        pyjwk(ed25519_world.trust, ed25519_world.document().decode())
    assert caught.value.reason == "key-type"


@pytest.mark.parametrize("token", ["", "a.b", "\ud800.e30.", "é.e30.", "e30.e30."])
def test_pyjwk_refuses_what_is_no_certificate(world: World, token: str) -> None:
    with pytest.raises(MalformedError) as caught:
        pyjwk(world.trust, token)
    assert caught.value.reason in ("not-three-parts", "base64-alphabet", "member-missing")


@pytest.mark.parametrize("name", ["world", "ed25519_world"])
def test_joserfc_accepts_a_certificate_with_the_key_set(
    name: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(name)
    keys = KeySet.import_key_set({"keys": [dict(one) for one in jwks(world.manifest)["keys"]]})
    token = joserfc_jwt.decode(world.document().decode(), keys, algorithms=["ES256", "Ed25519"])
    assert token.claims["iss"] == ISSUER
    assert datetime.fromtimestamp(token.claims["nbf"], UTC) == ISSUED
