"""``keys``, as security staff and root holders run it, each on a machine of their own."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from signedcert.core.encoding import dump_json
from signedcert.custody import keyfile
from signedcert.custody.holders import HOLDER_FILE, Holder, HolderKeys
from signedcert.custody.private import PrivateKey
from signedcert.custody.proposal import Proposal
from signedcert.home import Home
from signedcert.institution import Institution
from signedcert.trust.changes import rename
from tests.cli.running import Done, spawn
from tests.cli.test_app import Terminal
from tests.institution.homes import NAME, PASSPHRASE, URL, Place, issue_one, root_keys
from tests.test_layers import loaded, tops

Run = Callable[..., Done]
PEOPLE = ("Ada Okafor", "Ben Zhou", "Cleo Dubois")


@pytest.fixture(autouse=True)
def _cheap_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyfile, "SCRYPT_N", 2**15)


class Person(NamedTuple):
    """A root holder: a medium with keys, and a machine with a trust store."""

    keys: Path
    trust: Path


class School(NamedTuple):
    """An institution with three root holders."""

    run: Run
    directory: Path
    home: Path
    people: tuple[Person, ...]
    secret: Path
    root_secret: Path

    def sign(self, number: int, proposal: Path, *more: object) -> Done:
        """One holder signs."""
        person = self.people[number]
        where = ["--key", person.keys, "--trust", person.trust, "--yes"]
        return self.run(
            "keys", "sign", proposal, *where, "--passphrase-file", self.root_secret, *more
        )

    def assemble(self, proposal: Path, *more: object) -> Done:
        """The home brings the signatures together."""
        return self.run("keys", "assemble", proposal, "--home", self.home, *more)

    def propose(self, name: str, *more: object) -> Path:
        """A proposal; nobody has signed it."""
        out = self.directory / name
        done = self.run(
            "keys", "propose", out, "--home", self.home, "--passphrase-file", self.secret, *more
        )
        assert done.status == 0, done.err
        return out

    @property
    def pin(self) -> str:
        """The pin of manifest 1."""
        return str(Home.read(self.home).history().pin)


@pytest.fixture(scope="module")
def founded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home and a signed first version, by commands in processes of their own."""
    directory = tmp_path_factory.mktemp("school")
    (directory / "secret").write_text(f"{PASSPHRASE}\n", encoding="utf-8")
    (directory / "root-secret").write_text("of the root keys\n", encoding="utf-8")
    secrets = ["--passphrase-file", directory / "root-secret"]
    holders: list[object] = []
    for number, name in enumerate(PEOPLE):
        done = spawn("keys", "holder", directory / f"keys-{number}", "--name", name, *secrets)
        assert done.status == 0, done.err
        holders += ["--holder", directory / f"keys-{number}" / HOLDER_FILE]
    done = spawn(
        *("init", "--home", directory / "home", "--name", NAME, "--url", URL, *holders),
        *("--passphrase-file", directory / "secret", "--json"),
    )
    assert done.status == 0, done.err
    assert (done.json["holders"], done.json["threshold"]) == (3, 2)
    proposal = Path(done.json["proposal"])
    assert proposal == directory / "home-version-1"
    blocked = spawn("keys", "status", "--home", directory / "home")
    assert (blocked.status, "[home-unsigned]" in blocked.err) == (2, True)
    for number in (0, 2):
        where = ["--key", directory / f"keys-{number}", "--trust", directory / f"trust-{number}"]
        signed = spawn("keys", "sign", proposal, *where, *secrets, "--yes")
        assert signed.status == 0, signed.err
        assert (
            f"Write the pin down, and keep it with your keys:\n  {done.json['pin']}" in signed.out
        )
    published = spawn("keys", "assemble", proposal, "--home", directory / "home", "--json")
    assert published.status == 0, published.err
    assert published.json["pin"] == done.json["pin"]
    return directory


@pytest.fixture
def school(run: Run, founded: Path, tmp_path: Path) -> School:
    """The same, of this test's own."""
    directory = tmp_path / "school"
    shutil.copytree(founded, directory)
    people = tuple(Person(directory / f"keys-{n}", directory / f"trust-{n}") for n in range(3))
    secrets = directory / "secret", directory / "root-secret"
    return School(run, directory, directory / "home", people, *secrets)


# the ceremony


def test_two_of_three_holders_rename_the_institution(school: School) -> None:
    proposal = school.propose("version-2", "--name", "New Name", "--fresh-for", "100")
    assert school.assemble(proposal).status == 1
    first = school.sign(0, proposal)
    assert first.status == 0, first.err
    assert "to “New Name”" in first.out
    waiting = school.assemble(proposal)
    assert waiting.status == 1
    assert "signed by Ada Okafor; 1 more of: Ben Zhou, Cleo Dubois" in waiting.out
    assert "Not published" in waiting.out
    unknown = school.sign(1, proposal)
    assert (unknown.status, "[unknown-issuer]" in unknown.err) == (4, True)
    assert school.sign(1, proposal, "--pin", school.pin).status == 0
    done = school.assemble(proposal)
    assert (done.status, done.err) == (0, "")
    assert "Published: version 2" in done.out
    with Institution.open(school.home) as institution:
        assert institution.name == "New Name"


def test_signing_is_told_in_json(school: School) -> None:
    proposal = school.propose("version-2")
    told = school.sign(0, proposal, "--json").json
    assert told["version"] == 2
    assert len(told["signatures"]) == 2
    assert told["warnings"] == []
    assert "fresh until" in told["changes"][0]["what"]
    waiting = school.assemble(proposal, "--json")
    assert (waiting.status, waiting.json["published"]) == (1, None)
    assert [group["lacking"] for group in waiting.json["groups"]] == [1, 1]
    assert waiting.json["groups"][0]["signed"] == ["Ada Okafor"]


def test_a_holder_who_was_away_for_two_versions_signs_the_fourth(school: School) -> None:
    for version in (2, 3):
        proposal = school.propose(f"version-{version}", "--name", f"Name {version}")
        for number in (0, 1):
            pin = ["--pin", school.pin] if (number, version) == (1, 2) else []
            assert school.sign(number, proposal, *pin).status == 0
        assert school.assemble(proposal).status == 0
    fourth = school.propose("version-4")
    assert school.sign(2, fourth).status == 0  # Cleo has signed version 1, and seen none since
    assert school.sign(1, fourth).status == 0
    assert school.assemble(fourth).status == 0
    old = school.sign(2, school.directory / "version-2")
    assert (old.status, "[manifest-version]" in old.err) == (1, True)


def test_a_second_proposal_of_a_version_is_not_signed_in_passing(school: School) -> None:
    one = school.propose("one", "--name", "One")
    two = school.propose("two", "--name", "Two")
    assert school.sign(0, one).status == 0
    refused = school.sign(0, two)
    assert (refused.status, "[trust-fork]" in refused.err) == (4, True)
    assert not list((two / "signatures").iterdir())
    assert school.sign(0, two, "--instead").status == 0


def test_what_is_signed_is_worked_out_again(school: School) -> None:
    proposal = school.propose("version-2", "--name", "Mallory University")
    page = proposal / "CHANGES.md"
    page.write_text("# Nothing changes\n", encoding="utf-8")
    done = school.sign(0, proposal)
    assert done.status == 0
    assert "WARNING: CHANGES.md in this folder says something else" in done.err
    assert "to “Mallory University”" in done.out


def test_a_date_far_from_this_machines_clock_is_warned_of(school: School) -> None:
    proposal = school.propose("version-2")
    read = Proposal.read(proposal)
    late = read.manifest.issued.replace(year=read.manifest.issued.year - 1)
    (proposal / "payload.json").write_bytes(
        rename(read.manifest, NAME)
        .encode()
        .replace(read.manifest.issued.isoformat()[:19].encode(), late.isoformat()[:19].encode())
    )
    assert "days from what this machine's clock says" in school.sign(0, proposal).err


def test_keys_of_two_holders_on_one_medium_are_warned_of(school: School) -> None:
    proposal = school.propose("version-2")
    done = school.sign(0, proposal, "--key", school.people[1].keys)
    assert done.status == 0
    assert "one medium" in done.err
    assert school.assemble(proposal).status == 0


@pytest.mark.parametrize("answer", [True, False])
def test_at_a_terminal_the_holder_is_asked(
    school: School,
    monkeypatch: pytest.MonkeyPatch,
    answer: bool,  # noqa: FBT001
) -> None:
    proposal = school.propose("version-2")
    person = school.people[0]
    where = ["--key", person.keys, "--trust", person.trust]
    arguments = ["keys", "sign", proposal, *where, "--passphrase-file", school.root_secret]
    silent = school.run(*arguments)
    assert silent.status == 2
    assert "say --yes" in silent.err
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.confirm", lambda *_, **__: answer)
    done = school.run(*arguments)
    assert done.status == (0 if answer else 130)
    assert len(list((proposal / "signatures").iterdir())) == (2 if answer else 0)


def test_keys_that_are_no_root_keys_are_refused(school: School, tmp_path: Path) -> None:
    proposal = school.propose("version-2")
    HolderKeys.generate("Mallory").write(tmp_path / "mallory", "of the root keys")
    stranger = Person(tmp_path / "mallory", school.people[0].trust)
    done = school._replace(people=(stranger,)).sign(0, proposal)
    assert (done.status, "[key-not-authorised]" in done.err) == (1, True)
    wrong = school._replace(root_secret=school.secret).sign(0, proposal)
    assert (wrong.status, "[passphrase-wrong]" in wrong.err) == (2, True)
    nothing = school.sign(0, tmp_path)
    assert (nothing.status, "[proposal-invalid]" in nothing.err) == (2, True)
    assert not list((proposal / "signatures").iterdir())


def test_a_damaged_signature_is_named_and_a_strangers_is_not_counted(school: School) -> None:
    proposal = school.propose("version-2")
    for number in (0, 2):
        assert school.sign(number, proposal).status == 0
    (proposal / "signatures" / "notes.json").write_bytes(b"not one")
    done = school.assemble(proposal)
    assert done.status == 0
    assert "Not used: notes.json: damaged" in done.out


# root rotation, at the command line


def test_the_root_rotates_twice(school: School) -> None:
    people = [one.keys for one in school.people]
    for version in (2, 3):
        followers = []
        for number, keys in enumerate(people):
            new = school.directory / f"keys-{number}-{version}"
            made = school.run(
                *("keys", "holder", new, "--following", keys / HOLDER_FILE),
                *("--passphrase-file", school.root_secret),
            )
            assert made.status == 0, made.err
            followers.append(new)
        holders = [word for new in followers for word in ("--holder", new / HOLDER_FILE)]
        proposal = school.propose(f"version-{version}", "--rotate-root", *holders)
        for number in (0, 2):
            # At the second rotation the present keys are on the first medium, the new root's on
            # the one that the first rotation made.
            before = school.people[number].keys
            person = school.people[number]._replace(keys=people[number])
            signer = school._replace(people=(person,))
            done = signer.sign(0, proposal, "--key", before)
            assert done.status == 0, done.err
            assert "nobody has compared the announced next keys" in done.err
            done = signer.sign(0, proposal, "--key", before, "--key", followers[number])
            assert done.status == 0, done.err
            assert "nobody has compared" not in done.err
            assert "NEW ROOT" in done.out
        done = school.assemble(proposal)
        assert done.status == 0, done.out + done.err
        assert len(done.out.split("Root group")) == 5
        people = followers
    manifest = Home.read(school.home).history().newest
    holders_now = Home.read(school.home).holders(3)
    assert [holder.name for holder in holders_now] == list(PEOPLE)
    assert manifest.root[0].keys == tuple(holder.root[0] for holder in holders_now)
    assert manifest.root[0].keys == tuple(
        Holder.read(school.directory / f"keys-{n}-2").next[0] for n in range(3)
    )


# proposing


@pytest.mark.parametrize(
    ("options", "status", "part"),
    [
        (["--rotate-root"], 2, "need the new holder.json"),
        (["--settle", "nothing"], 2, "need the new holder.json"),
        (["--threshold", 2], 2, "change with --rotate-root or --settle only"),
        (["--activate", "xxxxxxxx"], 1, "[manifest-key-missing]"),
        (["--add-key", "nothing"], 2, "[signer-unknown]"),
        (["--name", " "], 1, "[text-blank]"),
    ],
)
def test_what_cannot_be_is_not_proposed(  # noqa: PLR0917
    run: Run, place: Place, tmp_path: Path, options: list[object], status: int, part: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE, encoding="utf-8")
    out = tmp_path / "out"
    common = ["--home", place.home, "--passphrase-file", secret]
    done = run("keys", "propose", out, *common, *options)
    assert (done.status, part in done.err) == (status, True), done.err
    assert not out.exists()


def test_every_change_may_be_proposed_at_once(run: Run, place: Place, tmp_path: Path) -> None:
    secret, jwk = tmp_path / "secret", tmp_path / "token.jwk"
    secret.write_text(PASSPHRASE, encoding="utf-8")
    jwk.write_bytes(dump_json(PrivateKey.generate("ES256").public_key.to_jwk()))
    kid = Home.read(place.home).history().newest.keys[0].key.thumbprint
    done = run(
        *("keys", "propose", tmp_path / "out", "--home", place.home, "--json", "--add-key", jwk),
        *("--retire", kid, "--add-snapshot-key", "--status-max-age", 7, "--name", "New"),
        *("--passphrase-file", secret),
    )
    assert done.status == 0, done.err
    told = " ".join(change["what"] for change in done.json["changes"])
    for part in ("“New”", "pre-published", "retired", "snapshot key", "7 days", "NO ACTIVE"):
        assert part in told
    assert (done.json["version"], done.json["pin"][:2]) == (2, "2:")


# rotation and status


def sign_all(run: Run, place: Place, proposal: Path) -> str:
    """The only holder signs, and it is published; what is told then."""
    secret = place.home.parent / "secret"
    secret.write_text(PASSPHRASE, encoding="utf-8")
    pin = Home.read(place.home).history().pin
    where = ["--key", place.root / "holder-1", "--trust", place.home.parent / "trust"]
    done = run("keys", "sign", proposal, *where, "--passphrase-file", secret, "--pin", pin, "--yes")
    assert done.status == 0, done.err
    published = run("keys", "assemble", proposal, "--home", place.home)
    assert published.status == 0, published.err
    return published.out


def test_what_a_version_gives_up_is_said(run: Run, place: Place, tmp_path: Path) -> None:
    with place.open() as institution:
        issue_one(institution)
        kid = institution.manifest.keys[0].key.thumbprint
    key, jwk = PrivateKey.generate("ES256").public_key, tmp_path / "token.jwk"
    jwk.write_bytes(dump_json(key.to_jwk()))
    common = ["--home", place.home]
    assert run("keys", "propose", tmp_path / "2", *common, "--add-key", jwk).status == 0
    sign_all(run, place, tmp_path / "2")
    change = ["--activate", key.thumbprint, "--void", kid, "--fresh-for", 20]
    assert run("keys", "propose", tmp_path / "3", *common, *change).status == 0
    told = sign_all(run, place, tmp_path / "3")
    assert "1 recent documents were verified." in told
    assert f"1 of them do not stand any more: this version gives up {kid}" in told
    assert f"SET THE SIGNER: nobody told this home where the key {key.thumbprint} is" in told
    assert "Due: Manifest 3 is fresh only until" in run("keys", "status", *common).out


def test_a_rotation_is_planned_and_done_step_by_step(
    run: Run, place: Place, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSPHRASE, encoding="utf-8")
    common = ["keys", "rotate", "--home", place.home]
    first = run(*common)
    assert (first.status, "There is no successor" in first.out) == (0, True)
    assert f"signedcert keys rotate --home {place.home} --propose version-2" in first.out
    assert run(*common, "--json").json["step"] == "pre-publish"
    done = run(*common, "--propose", tmp_path / "two", "--passphrase-file", secret)
    assert done.status == 0, done.err
    sign_all(run, place, tmp_path / "two")
    assert "Nothing to do until then" in run(*common).out
    early = run(*common, "--propose", tmp_path / "three")
    assert (early.status, "see --wait" in early.err) == (2, True)
    told = run(*common, "--wait", 0, "--json").json
    assert (told["step"], len(told["active"])) == ("activate", 1)
    assert run(*common, "--wait", 0, "--propose", tmp_path / "three").status == 0
    sign_all(run, place, tmp_path / "three")
    keys = run("keys", "status", "--home", place.home, "--json").json["keys"]
    assert [key["state"] for key in keys] == ["retired", "active"]


def test_the_state_of_the_keys_is_shown(run: Run, place: Place) -> None:
    with place.open() as institution:
        issue_one(institution)
        manifest, pin = institution.manifest, institution.pin
    done = run("keys", "status", "--home", place.home)
    assert (done.status, done.err) == (0, "")
    assert f"Pin: {pin}" in done.out
    thumbprints = [key.public_key.thumbprint for key in root_keys(place)]
    for shown in (NAME, URL, *thumbprints, manifest.keys[0].key.thumbprint, "active since"):
        assert shown in done.out
    assert "1 certificates issued" in done.out
    assert ", 1 signed" in done.out
    assert "with post-quantum cover" in done.out
    assert "Manifest 1, fresh until 2027-06-01" in done.out


def test_the_state_of_the_keys_is_told_in_json(run: Run, place: Place) -> None:
    with place.open() as institution:
        issue_one(institution)
        manifest, pin = institution.manifest, institution.pin
    told = run("keys", "status", "--home", place.home, "--json").json
    assert (told["name"], told["url"], told["pin"]) == (NAME, URL, pin)
    assert (told["version"], told["certificates"]) == (1, 1)
    assert told["post_quantum"] is True
    (key,) = told["keys"]
    assert key.pop("age_days") >= 0
    assert key == {
        "role": "issue",
        "algorithm": "ES256",
        "state": "active",
        "since": "2026-06-01T08:00:00Z",
        "uses": 1,
        "thumbprint": manifest.keys[0].key.thumbprint,
        "url": manifest.keys[0].url,
    }
    assert [group["threshold"] for group in told["root"]] == [1, 1]
    assert isinstance(told["due"], list)


# holders


def test_a_holder_is_told_in_json_and_never_overwritten(
    run: Run, school: School, tmp_path: Path
) -> None:
    options = ["--name", "Ada", "--passphrase-file", school.root_secret]
    done = run("keys", "holder", tmp_path / "ada", *options, "--json")
    assert done.status == 0
    assert done.json["holder"] == str(tmp_path / "ada" / HOLDER_FILE)
    assert len(done.json["files"]) == 5
    again = run("keys", "holder", tmp_path / "ada", *options)
    assert (again.status, "[key-file]" in again.err) == (2, True)
    for wrong in ([], ["--name", "A", "--following", "x"]):
        both = run("keys", "holder", tmp_path / "b", *wrong)
        assert (both.status, "give either --name" in both.err) == (2, True)
    assert not (tmp_path / "b").exists()


def test_the_group_lists_its_commands(run: Run) -> None:
    done = run("keys", "--help")
    assert done.status == 0
    for name in ("status", "rotate", "propose", "sign", "assemble", "holder"):
        assert f"\n  {name} " in done.out
    assert run("keys", "nothing").status == 2


def test_a_root_holder_needs_none_of_the_packages_that_issuing_needs() -> None:
    program = "import signedcert.cli.keys, signedcert.cli.keys_holder"
    assert not {"sqlalchemy", "alembic", "pydantic"} & tops(loaded(program))
