"""An institution whose issuing key is in a token from the first day, by command line alone."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from signedcert.custody.holders import HolderKeys
from signedcert.home import Home
from tests.cli.running import Done, spawn
from tests.cli.test_app import Terminal
from tests.cli.test_verify import unshare
from tests.custody.hardware import OFFICE, PIN, Hardware
from tests.institution.homes import NAME, URL
from tests.issue.test_graduation import cells, varied, write_roster
from tests.reference import course

Run = Callable[..., Done]


class Desk:
    """A directory with a course, a roster and the secrets, where commands run as users run them."""

    def __init__(self, directory: Path, machine: Hardware) -> None:
        self.directory, self.home = directory, directory / "home"
        self.pin = self.write("pin", PIN)
        self.asking = "pkcs11:" + machine.rest(OFFICE, object="issue")
        self.uri = f"{self.asking}&pin-source=file:{self.pin}"
        self.key_secret = self.write("key-secret", "of the keys in files")
        self.root_secret = self.write("root-secret", "of the root keys")
        self.course = self.write("course.json", course().text)
        self.roster = directory / "spring.csv"
        rows = [varied(line)._replace(course=course().id) for line in range(2, 6)]
        write_roster(self.roster, map(cells, rows))

    def write(self, name: str, text: str) -> Path:
        """A file."""
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    @property
    def secret(self) -> list[object]:
        """Where the passphrase of the log's keys is."""
        return ["--passphrase-file", self.key_secret]

    @property
    def settings(self) -> list[object]:
        """What ``init`` needs besides the root and a passphrase."""
        return [*self.place, "--signer", self.uri]

    @property
    def place(self) -> list[object]:
        """Which institution, and where."""
        return ["--home", self.home, "--name", NAME, "--url", URL]

    def issue_and_verify(self, pin: str) -> None:
        """Issues the roster, and verifies all of it with the network taken away."""
        out, trust = self.directory / "out", self.directory / "trust"
        steps: list[list[object]] = [
            ["course", "add", self.course, "--home", self.home],
            ["issue", self.roster, "--home", self.home, "--out", out, *self.secret],
            ["trust", "add", self.home / "manifests", "--pin", pin, "--trust", trust],
        ]
        for step in steps:
            done = spawn(*step)
            assert done.status == 0, (step, done.err)
        done = spawn("verify", out, "--trust", trust, prefix=unshare() or ())
        assert done.status == 0, done.err
        assert "4 files: 4 authentic." in done.out


@pytest.fixture
def desk(tmp_path: Path, machine: Hardware) -> Desk:
    """The desk of an office that has a token."""
    return Desk(tmp_path, machine)


def test_from_a_token_to_a_verified_certificate(desk: Desk) -> None:
    root = ["--root", desk.directory / "usb", "--root-passphrase-file", desk.root_secret]
    made = spawn("init", *desk.settings, *desk.secret, *root, "--holders", 1, "--json")
    assert made.status == 0, made.err
    assert Home.read(desk.home).configuration.signer == desk.uri
    names = [path.name for path in (desk.home / "keys").iterdir()]
    (other,) = (name for name in names if not name.startswith("log-"))
    assert other.endswith(".uri")
    assert len(names) == 3
    desk.issue_and_verify(made.json["pin"])


def test_the_root_holders_sign_for_the_token_s_key(desk: Desk) -> None:
    HolderKeys.generate("Ada Okafor").write(desk.directory / "ada", "of the root keys")
    made = spawn("init", *desk.settings, *desk.secret, "--holder", desk.directory / "ada", "--json")
    assert made.status == 0, made.err
    proposal, pin = made.json["proposal"], made.json["pin"]
    own = ["--key", desk.directory / "ada", "--trust", desk.directory / "ada-trust"]
    secret = ["--passphrase-file", desk.root_secret]
    signed = spawn("keys", "sign", proposal, *own, *secret, "--yes")
    assert signed.status == 0, signed.err
    done = spawn("keys", "assemble", proposal, "--home", desk.home, "--json")
    assert done.status == 0, done.err
    assert done.json["pin"] == pin
    desk.issue_and_verify(pin)


def test_a_pin_is_asked_for_once_and_what_is_chosen_twice(
    run: Run, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    answers = iter(["keys", "keys", PIN, "root", "root", PIN, "keys"])

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return next(answers)

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("click.termui.hidden_prompt_func", answer)
    root = ["--root", desk.directory / "usb", "--holders", 1]
    done = run("init", *desk.place, "--signer", desk.asking, *root)
    assert (done.status, done.err) == (0, "")
    assert asked[0] == "Passphrase of the institution's keys: "
    assert asked[2] == "PIN of the token: "
    assert len(asked) == 5
    assert run("course", "add", desk.course, "--home", desk.home).status == 0
    done = run("issue", desk.roster, "--home", desk.home, "--out", desk.directory / "out")
    assert done.status == 0
    assert asked[5:] == ["PIN of the token: ", "Passphrase of the institution's keys: "]


def test_where_nobody_can_type_the_uri_has_to_say_where_the_pin_is(run: Run, desk: Desk) -> None:
    root = ["--root", desk.directory / "usb", "--root-passphrase-file", desk.root_secret]
    done = run("init", *desk.place, "--signer", desk.asking, *desk.secret, *root)
    assert done.status == 2
    assert "which file has it: pin-source=file:/… [passphrase-missing]" in done.err
    assert not desk.home.exists()


#: Read by every interpreter that begins: each try of a PIN is written down, by whichever process.
SPY = """
import os
from signedcert.custody import tokenlogin
log_in = tokenlogin._log_in
def note(uri, token, pin):
    with open(os.environ["TRIES"], "a") as file:
        file.write(pin + chr(10))
    return log_in(uri, token, pin)
tokenlogin._log_in = note
"""


@pytest.fixture
def tries(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the PINs that were tried, one on a line."""
    (tmp_path / "spy").mkdir()
    (tmp_path / "spy" / "sitecustomize.py").write_text(SPY, encoding="utf-8")
    paths = filter(None, [str(tmp_path / "spy"), os.environ.get("PYTHONPATH")])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))
    monkeypatch.setenv("TRIES", str(tmp_path / "tries"))
    return tmp_path / "tries"


def test_a_wrong_pin_costs_one_try_of_all_processes_together(desk: Desk, tries: Path) -> None:
    root = ["--root", desk.directory / "usb", "--root-passphrase-file", desk.root_secret]
    made = spawn("init", *desk.settings, *desk.secret, *root, "--holders", 1)
    assert made.status == 0, made.err
    assert spawn("course", "add", desk.course, "--home", desk.home).status == 0
    rows = [varied(line)._replace(course=course().id) for line in range(2, 1502)]
    write_roster(desk.roster, map(cells, rows))
    options = ["--home", desk.home, "--jobs", 2, *desk.secret]
    desk.write("pin", "melon-1937")
    done = spawn("issue", desk.roster, *options)
    assert (done.status, done.err.count("\n")) == (2, 1)
    assert "[passphrase-wrong]" in done.err
    assert tries.read_text(encoding="utf-8").split() == [PIN, "melon-1937"]
    desk.write("pin", PIN)
    done = spawn("issue", desk.roster, *options)
    assert done.status == 0, done.err
    assert set(tries.read_text(encoding="utf-8").split()[2:]) == {PIN}


def test_another_algorithm_than_that_of_the_token_s_key_is_refused(run: Run, desk: Desk) -> None:
    root = ["--root", desk.directory / "usb", "--root-passphrase-file", desk.root_secret]
    done = run("init", *desk.settings, *desk.secret, *root, "--algorithm", "Ed25519")
    assert done.status == 2
    assert "error: algorithm: the signer has a key for ES256, not for Ed25519" in done.err
    assert not desk.home.exists()
    assert not (desk.directory / "usb").exists()
