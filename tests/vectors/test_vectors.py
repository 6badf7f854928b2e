"""The vectors: what they expect comes true, and the generator still makes them."""

import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest

from signedcert.carriers.bundle import Bundle
from signedcert.core.encoding import b64url_decode
from signedcert.core.jws import CompactJWS, GeneralJWS
from signedcert.core.keys import BadSignatureError, PublicKey
from signedcert.core.note import NoteSignature
from signedcert.errors import Verdicts
from signedcert.trust.statuslist import MAX_STATUS_LIST
from signedcert.verify.report import Outcome
from tests.reference import ISSUER, credential
from tests.vectors.generate import generate, write
from tests.vectors.model import FOLDERS, HERE, Expect, Statuses, Vector, read_vectors
from tests.vectors.workshop import high_s, holds_with_cofactor

TRUST = HERE / "trust"
FILES = [file for folder in FOLDERS for file in sorted((HERE / folder).iterdir())]
NAMES = sorted(f"{file.parent.name}/{file.stem}" for file in FILES)

#: Reasons that a document alone cannot lead to: they take a page or a picture of one.
OF_PAPER = {"document-missing", "printed-text-differs"}
#: Reasons that only status files are refused for.
OF_STATUS_FILES = {
    *("digest-mismatch", "not-zlib", "reasons-order", "snapshot-in-future", "snapshot-manifest"),
    *("snapshot-older", "status-incomplete"),
}


@cache
def committed() -> dict[str, Vector]:
    return read_vectors(HERE)


def _label(name: str) -> str:
    return name.partition("/")[2]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("vectors")
    write(directory)
    return directory


@pytest.mark.parametrize("name", NAMES)
def test_committed_vector_gives_what_it_expects(name: str) -> None:
    vector = committed()[name]
    assert vector.outcome(TRUST) == vector.expect


def test_generator_still_makes_the_same_vectors(generated: Path) -> None:
    made = {name: one.promise for name, one in read_vectors(generated).items()}
    assert made == {name: one.promise for name, one in committed().items()}


def test_generated_vectors_give_what_they_expect_with_other_keys(generated: Path) -> None:
    made = read_vectors(generated)
    outcomes = {name: vector.outcome(generated / "trust") for name, vector in made.items()}
    assert outcomes == {name: vector.expect for name, vector in committed().items()}
    for name in ("certificate/valid-es256", "record/valid-es256"):
        assert made[name].document != committed()[name].document


def test_generator_asks_the_same_of_the_same_names(generated: Path) -> None:
    """``at``, ``kind`` and ``policy`` do not depend on keys, nor does what there is beside them."""

    def question(vector: Vector) -> tuple[object, ...]:
        lists = [one and len(one.lists) for one in (vector.known, vector.status)]
        logs = sorted(vector.landmarks or ())
        given = vector.code is None, vector.other is None, len(vector.later), *lists, *logs
        return vector.at, vector.fetched, vector.kind, vector.policy, *given

    made = read_vectors(generated)
    assert {name: question(one) for name, one in made.items()} == {
        name: question(one) for name, one in committed().items()
    }


def test_generator_never_overwrites_what_is_committed() -> None:
    before = {file: file.read_bytes() for file in [*FILES, *TRUST.iterdir()]}
    with pytest.raises(FileExistsError):
        write(HERE)
    assert {file: file.read_bytes() for file in [*FILES, *TRUST.iterdir()]} == before


def test_no_private_key_is_in_any_file() -> None:
    for file in [*FILES, *TRUST.iterdir()]:
        text = file.read_text("utf-8")
        assert '"d":' not in text
        assert '"priv":' not in text
    for file in TRUST.iterdir():
        payload = GeneralJWS.parse(file.read_bytes()).payload
        assert b'"d":' not in payload
        assert b'"priv":' not in payload


def test_refusals_are_several_times_as_many_as_acceptances() -> None:
    accepted = [name for name, one in committed().items() if one.expect.verdict == "authentic"]
    assert len(accepted) >= 6
    assert len(NAMES) - len(accepted) >= 70
    assert len(NAMES) - len(accepted) >= 10 * len(accepted)
    assert all(_label(name).startswith("valid-") for name in accepted)


def test_every_reason_that_can_occur_has_a_vector() -> None:
    reasons = {vector.expect.reason for vector in committed().values()} - {None}
    assert reasons == set(get_args(Verdicts)) - OF_PAPER


def test_every_vector_is_another_defect() -> None:
    descriptions = [(name.split("/")[0], one.description) for name, one in committed().items()]
    assert len(set(descriptions)) == len(descriptions)
    questions = [
        replace(one, description="", policy=None, expect=Expect("")).encode() + str(one.policy)
        for one in committed().values()
    ]
    assert len(set(questions)) == len(questions)


def test_every_trust_file_is_named_by_a_vector_and_the_other_way_round() -> None:
    institutions = [
        institution
        for vector in committed().values()
        for institution in (vector.institution, vector.other)
        if institution is not None
    ]
    named = {name for institution in institutions for name in institution.trust}
    named |= {name for vector in committed().values() for name in vector.later}
    assert named == {file.stem for file in TRUST.iterdir()}


def test_files_are_in_the_spelling_of_the_generator() -> None:
    for name, vector in committed().items():
        assert (HERE / f"{name}.json").read_text("utf-8") == vector.encode()


def test_a_vector_with_wrong_claims_has_a_good_signature() -> None:
    """Otherwise it would show nothing about claims."""
    wrong = {
        name: vector.report(TRUST).checks
        for name, vector in committed().items()
        if vector.expect.reason == "claims-inconsistent"
    }
    assert len(wrong) > 50
    assert {name for name, checks in wrong.items() if checks[2].outcome is not Outcome.PASSED} == (
        set()
    )


@pytest.mark.parametrize(
    "prefix",
    ["code-", "policy-", "trust-stale", "not-yet-valid", "expired", "learner-withheld", "kind-"],
)
def test_a_vector_about_circumstances_is_authentic_without_them(prefix: str) -> None:
    vectors = [vector for name, vector in committed().items() if _label(name).startswith(prefix)]
    for vector in vectors:
        plain = replace(vector, at=None, kind=None, code=None, policy=None)
        assert plain.outcome(TRUST).verdict == "authentic"
    assert vectors


def _jws(name: str) -> CompactJWS:
    return CompactJWS.parse(committed()[name].document.encode())


def _key(name: str) -> PublicKey:
    (institution,) = committed()[name].store(TRUST).institutions.values()
    return institution.newest.keys[0].key


def test_high_s_vector_is_the_twin_of_a_good_signature() -> None:
    jws, key = _jws("certificate/es256-high-s"), _key("certificate/es256-high-s")
    key.verify(high_s(jws.signature), jws.signing_input)
    with pytest.raises(BadSignatureError):
        key.verify(jws.signature, jws.signing_input)


def test_cofactored_vector_holds_with_the_cofactor_and_not_without() -> None:
    jws, key = _jws("certificate/ed25519-cofactored"), _key("certificate/ed25519-cofactored")
    assert holds_with_cofactor(key, jws.signature, jws.signing_input)
    with pytest.raises(BadSignatureError):
        key.verify(jws.signature, jws.signing_input)


def test_s_plus_order_vector_holds_modulo_the_order() -> None:
    jws, key = _jws("certificate/ed25519-s-plus-order"), _key("certificate/ed25519-s-plus-order")
    assert holds_with_cofactor(key, jws.signature, jws.signing_input)


def _without_disclosures(vector: Vector) -> Vector:
    return replace(vector, document=vector.document.partition("~")[0] + "~")


def test_a_vector_with_a_wrong_disclosure_is_authentic_without_all_of_them() -> None:
    """Otherwise it would show nothing about disclosures."""
    wrong = {
        name: _without_disclosures(vector).outcome(TRUST).verdict
        for name, vector in committed().items()
        if name.startswith("record/disclos")
    }
    assert len(wrong) > 60
    assert set(wrong.values()) == {"authentic"}


def test_a_partial_vector_has_the_signature_of_the_whole() -> None:
    wholes = {name: committed()[f"record/{name}"] for name in ("valid-every-member", "valid-kind")}
    (signed,) = {_without_disclosures(vector).document for vector in wholes.values()}
    for name in ("name-withheld", "final-score", "name-only", "some-results", "nothing-disclosed"):
        partial = committed()[f"record/valid-{name}"]
        assert _without_disclosures(partial).document == signed
        assert len(partial.document) < len(wholes["valid-kind"].document)


def test_129_disclosures_are_one_more_than_are_read() -> None:
    vector = committed()["record/disclosures-129"]
    jwt, *segments, end = vector.document.split("~")
    assert (len(segments), end) == (129, "")
    fewer = replace(vector, document="~".join([jwt, *segments[:128], ""]))
    assert fewer.outcome(TRUST).detail == "disclosure-unknown"


def test_size_vector_is_one_byte_or_little_more_over_the_limit() -> None:
    for name in ("certificate/over-64-kib", "record/disclosures-over-64-kib"):
        assert 64 * 1024 < len(committed()[name].document) <= 64 * 1024 + 4, name


def test_bundle_vectors_hold_a_good_certificate() -> None:
    vector = committed()["certificate/valid-bundle-with-course"]
    bundle = Bundle.parse(vector.document.encode())
    assert replace(vector, document=bundle.document).outcome(TRUST).verdict == "authentic"
    assert bundle.course is not None


# Status


def refused(folder: str = "status") -> dict[str, Vector]:
    """The vectors of which the status files are not taken, or the landmarks."""
    return {
        name: one
        for name, one in committed().items()
        if one.expect.refused and name.startswith(f"{folder}/")
    }


def test_files_that_are_refused_change_nothing() -> None:
    for name, vector in refused().items():
        without = replace(vector, status=None).outcome(TRUST)
        assert without == vector.expect._replace(refused=None), name
    assert len(refused()) > 150
    assert {vector.expect.reason for vector in refused().values()} == {"status-unknown", "revoked"}


def test_every_reason_of_status_files_has_a_vector() -> None:
    reasons = {one.expect.refused.reason for one in refused().values() if one.expect.refused}
    assert reasons >= OF_STATUS_FILES


def test_an_updated_store_has_exactly_the_files_that_came() -> None:
    for name, vector in committed().items():
        if vector.status is not None and not vector.later and name not in refused():
            store, _ = vector.updated(TRUST)
            assert [one.files for one in store.statuses.values()] == [vector.status.files], name


def _unsigned(vector: Vector, statuses: Statuses | None) -> int:
    """How many of these files were not signed by the key that their header names."""
    (institution,) = vector.store(TRUST).institutions.values()
    keys = {entry.url: entry.key for entry in institution.newest.keys}
    files = None if statuses is None else statuses.files
    tokens = [] if files is None else [files.snapshot, *files.lists, files.reasons or b""]
    count = 0
    for jws in (CompactJWS.parse(token, MAX_STATUS_LIST) for token in tokens if token):
        kid = json.loads(b64url_decode(jws.header_segment)).get("kid")
        try:
            keys[kid].verify(jws.signature, jws.signing_input)
        except (KeyError, BadSignatureError):
            count += 1
    return count


def test_a_defect_in_a_status_file_is_signed() -> None:
    """Otherwise it would show nothing but that nobody has signed it."""
    elsewhere = re.compile(".*-(signature-.*|bad-signature|key-stranger|header-kid-.*|list-empty)")
    counted = 0
    for name, vector in committed().items():
        if name.startswith("status/") and not elsewhere.fullmatch(name):
            assert (_unsigned(vector, vector.status), _unsigned(vector, vector.known)) == (0, 0), (
                name
            )
            counted += 1
    assert counted > 190


def test_status_of_the_neighbours_is_not_that_of_the_document() -> None:
    """A verifier that reads bits in another order fails on most vectors."""
    vector = committed()["status/valid-fresh"]
    store, _ = vector.updated(TRUST)
    (data,) = store.statuses.values()
    place = credential().status_index
    found = [data.find(1, index) for index in (place - 1, place, place + 1)]
    assert [one and one.status for one in found] == ["suspended", "valid", "revoked"]


# The log


def test_landmarks_that_are_refused_change_nothing() -> None:
    for name, vector in refused("log").items():
        without = replace(vector, landmarks=None).outcome(TRUST)
        assert without == vector.expect._replace(refused=None), name
    assert len(refused("log")) > 20


def _of_proofs() -> dict[str, Vector]:
    """The vectors of proofs and checkpoints with one defect."""
    return {
        name: vector
        for name, vector in committed().items()
        if re.match("log/(proof|checkpoint|note|signature)-", name)
    }


def test_a_defect_in_a_proof_is_all_that_is_wrong() -> None:
    """Its institution, its landmarks and its document are those of a proof that shows a place."""
    good = committed()["log/valid-note-order"]
    for name, vector in _of_proofs().items():
        same = replace(
            vector, description=good.description, document=good.document, expect=good.expect
        )
        assert same == good, name
        bundles = [Bundle.parse(one.document.encode()) for one in (vector, good)]
        assert bundles[0].document == bundles[1].document, name
        assert bundles[0].proof != bundles[1].proof, name
    assert len(_of_proofs()) > 120


def test_a_proof_with_a_defect_is_neither_taken_nor_passed_over() -> None:
    """Without it the document is authentic, so that is what who passes it over says."""
    for name, vector in _of_proofs().items():
        assert vector.expect.reason == "proof-invalid", name
        bare = Bundle.parse(vector.document.encode()).document
        assert replace(vector, document=bare).outcome(TRUST).verdict == "authentic", name


def test_a_checkpoint_with_a_defect_is_signed() -> None:
    """By the Ed25519 key of its log, over the text with the defect."""
    for name, vector in _of_proofs().items():
        if name.startswith("log/checkpoint-"):
            proof = Bundle.parse(vector.document.encode()).proof or ""
            text, _, lines = proof.partition("\n\n")[2].rpartition("\n\n")
            line = NoteSignature.parse(lines.split("\n")[0])
            key = vector.store(TRUST).institutions[ISSUER].newest.logs[0].keys[0]
            key.verify(line.signature, f"{text}\n".encode())


# The files themselves


def _members(name: str = "certificate/key-of-another-institution") -> dict[str, Any]:
    members: dict[str, Any] = json.loads((HERE / f"{name}.json").read_text("utf-8"))
    members["policy"] = {"issuer": "https://learn.example.edu"}
    return members


@pytest.mark.parametrize("place", ["", "expect", "other", "policy"])
def test_an_unknown_field_in_a_vector_fails(place: str) -> None:
    _refuses_unknown(_members(), [place] if place else [])


@pytest.mark.parametrize("places", [["status"], ["known"], ["expect", "refused"]])
def test_an_unknown_field_about_status_files_fails(places: list[str]) -> None:
    _refuses_unknown(_members("status/back-a-second"), places)


def _refuses_unknown(members: dict[str, Any], places: list[str]) -> None:
    assert Vector.parse(json.dumps(members)).policy is not None
    target = members
    for place in places:
        target = target[place]
    target["comment"] = ""
    with pytest.raises(ValueError, match="unknown: \\['comment'\\]"):
        Vector.parse(json.dumps(members))


def test_landmarks_in_a_vector_are_texts_by_origin() -> None:
    members = _members("log/valid-note-order")
    wrongs: tuple[object, ...] = ([], "", {"origin": 1})
    for wrong in wrongs:
        with pytest.raises(ValueError, match="landmarks are texts by origin"):
            Vector.parse(json.dumps(members | {"landmarks": wrong}))


@pytest.mark.parametrize("field", ["snapshot", "lists", "reasons"])
def test_a_missing_field_about_status_files_fails(field: str) -> None:
    members = _members("status/back-a-second")
    del members["status"][field]
    with pytest.raises(ValueError, match=f"missing: \\['{field}'\\]"):
        Vector.parse(json.dumps(members))


def test_an_unknown_kind_in_a_vector_fails() -> None:
    assert Vector.parse(json.dumps(_members() | {"kind": "record"})).kind == "record"
    with pytest.raises(ValueError, match="no kind of document: diploma"):
        Vector.parse(json.dumps(_members() | {"kind": "diploma"}))


@pytest.mark.parametrize("field", ["description", "document", "trust", "pin", "expect"])
def test_a_missing_field_in_a_vector_fails(field: str) -> None:
    members = _members()
    del members[field]
    with pytest.raises(ValueError, match=f"missing: \\['{field}'\\]"):
        Vector.parse(json.dumps(members))


def test_readme_counts_what_is_there() -> None:
    counts = re.search(r"(\d+) vectors: (\d+) .* (\d+) ", (HERE / "README.md").read_text("utf-8"))
    assert counts is not None
    accepted = sum(one.expect.verdict == "authentic" for one in committed().values())
    assert [int(count) for count in counts.groups()] == [
        len(NAMES),
        accepted,
        len(NAMES) - accepted,
    ]


def test_names_do_not_repeat_across_sections() -> None:
    vectors, files = generate()
    assert sorted(vectors) == NAMES
    assert {name.rpartition("-")[0] for name in files} == {
        file.stem.rpartition("-")[0] for file in TRUST.iterdir()
    }
