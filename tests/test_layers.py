"""The rooms of the house, and what a verifier has to carry."""

import json
import os
import pkgutil
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import signedcert
from signedcert.carriers.bundle import Bundle
from tests.carriers import pictures, rawpdf
from tests.reference import AT, World
from tests.reference import course as reference_course

ROOT = Path(__file__).parents[1]
ABOVE = (
    "errors",
    "batch",
    "childprocess",
    "files",
    "core",
    "documents",
    "trust",
    "carriers",
    "verify",
)
BELOW = (
    *("registry", "custody", "log", "publish", "issue", "sharing", "render", "home"),
    *("ceremonies", "institution", "web", "cli"),
)
HEAVY = ("sqlalchemy", "alembic", "fastapi", "starlette", "jinja2", "uvicorn", "rich")


def loaded(program: str, *arguments: str) -> set[str]:
    """The modules in a fresh interpreter after a program."""
    report = f"{program}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", report, *arguments],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


def above() -> list[str]:
    """Every module above the line."""
    found = [info.name for info in pkgutil.walk_packages(signedcert.__path__, "signedcert.")]
    return [name for name in found if name.split(".")[1] in ABOVE]


def tops(modules: set[str]) -> set[str]:
    """The packages of modules; of our own, the rooms."""
    return {name.split(".")[0] for name in modules} | {
        name.split(".")[1] for name in modules if name.startswith("signedcert.")
    }


# above the line


def test_every_room_is_above_or_below_the_line() -> None:
    rooms = {info.name for info in pkgutil.iter_modules(signedcert.__path__)} - {"__main__"}
    assert rooms == {*ABOVE, *BELOW}
    assert len(above()) >= 25


def test_importing_the_package_loads_hardly_anything() -> None:
    modules = loaded("import signedcert")
    own = {name for name in modules if name.startswith("signedcert")}
    assert own == {"signedcert", "signedcert.errors"}
    assert not {*HEAVY, "pydantic", "cryptography", "jwt"} & tops(modules)


def test_no_module_above_the_line_loads_anything_below_it() -> None:
    modules = loaded("\n".join(f"import {name}" for name in above()))
    assert set(above()) <= modules
    assert not {*BELOW, *HEAVY} & tops(modules)


def test_the_whole_public_half_above_the_line_loads_nothing_below_it() -> None:
    names = [name for name in signedcert.__all__ if name not in ("Institution", "Issued")]
    modules = loaded(f"from signedcert import {', '.join(names)}")
    assert {"verify", "trust", "carriers", "pydantic"} <= tops(modules)
    assert not {*BELOW, *HEAVY} & tops(modules)


VERIFY = """
import sys
from datetime import datetime
from pathlib import Path
from signedcert import TrustStore, Verifier
document, trust, at = sys.argv[1:]
verifier = Verifier(TrustStore.read(trust))
verify = verifier.verify_record if Path(document).stem == "record" else verifier.verify
found = verify(Path(document).read_bytes(), at=datetime.fromisoformat(at))
assert found.learner
"""
#: What takes time to load, and only records need.
FOR_RECORDS = {"signedcert.documents.record", "signedcert.documents.recordbadge"}


#: What only other carriers than bundles need, and what only pictures do.
FOR_CARRIERS = {f"signedcert.carriers.{name}" for name in ("pdf", "pdffile", "png", "svg")}
FOR_CARRIERS |= {"pyexpat"}
FOR_PICTURES = {"PIL", "zxingcpp", "numpy"}


@pytest.fixture
def handed_in(world: World, tmp_path: Path) -> Path:
    """What somebody who verifies has: bundles, bare documents, and a trust store."""
    document = world.document()
    (tmp_path / "bare.jwt").write_bytes(document)
    Bundle(document.decode(), reference_course().text).write(tmp_path / "ada.signedcert")
    (tmp_path / "record.sd-jwt").write_bytes(world.record())
    Bundle(world.record().decode(), reference_course().text).write(tmp_path / "record.signedcert")
    world.trust.write(tmp_path / "trust")
    return tmp_path


DOCUMENTS = ["bare.jwt", "ada.signedcert", "record.sd-jwt", "record.signedcert"]


@pytest.mark.parametrize("name", DOCUMENTS)
def test_verifying_loads_no_package_that_it_can_do_without(handed_in: Path, name: str) -> None:
    arguments = str(handed_in / name), str(handed_in / "trust"), AT.isoformat()
    modules = loaded(VERIFY, *arguments)
    assert "cryptography" in modules
    unwanted = {"jwt", "pydantic", "pypdf", "click", "urllib3", "asyncio"}
    assert not {*BELOW, *HEAVY, *FOR_PICTURES, *unwanted} & tops(modules)
    assert not FOR_CARRIERS & modules
    assert modules & FOR_RECORDS == (FOR_RECORDS if "record" in name else set())


@pytest.mark.parametrize("name", ["ada.signedcert", "record.signedcert"])
def test_the_command_that_verifies_loads_nothing_that_issues(handed_in: Path, name: str) -> None:
    program = """
import sys
from signedcert.cli.app import main
try:
    main(sys.argv[1:])
except SystemExit as stopped:
    assert stopped.code == 0
"""
    trust = ("--trust", str(handed_in / "trust"), "--at", AT.isoformat())
    modules = loaded(program, "verify", str(handed_in / name), *trust)
    assert not {*HEAVY, *BELOW, *FOR_PICTURES, "jwt", "pydantic"} - {"cli"} & tops(modules)
    assert not FOR_CARRIERS & modules


def _carriers(handed_in: Path) -> list[str]:
    """The certificate in each of them."""
    bundle = Bundle.read(handed_in / "ada.signedcert")
    files = {
        "ada.pdf": rawpdf.pdf(rawpdf.objects(bundle.encode())),
        "ada.png": pictures.honest_png(bundle),
        "ada.svg": pictures.honest_svg(bundle),
    }
    for name, data in files.items():
        (handed_in / name).write_bytes(data)
    return list(files)


@pytest.mark.parametrize("name", ["ada.pdf", "ada.png", "ada.svg"])
def test_a_carrier_takes_no_other_package(handed_in: Path, name: str) -> None:
    assert name in _carriers(handed_in)
    program = VERIFY.replace("Path(document).read_bytes()", "Bundle.read(document)")
    program = program.replace("import TrustStore", "import Bundle, TrustStore")
    arguments = str(handed_in / name), str(handed_in / "trust"), AT.isoformat()
    modules = loaded(program, *arguments)
    assert not {*BELOW, *HEAVY, *FOR_PICTURES, "pydantic", "pypdf"} & tops(modules)
    assert len(FOR_CARRIERS & modules) == {"ada.pdf": 2, "ada.png": 1, "ada.svg": 2}[name]


def test_import_linter_holds_the_layers() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists():
        message = "import-linter is not installed (it is in the group check)"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    done = subprocess.run(
        [program, "--no-cache"], check=False, capture_output=True, encoding="utf-8", cwd=ROOT
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "The rooms, from the top down KEPT" in done.stdout
    assert " 0 broken" in done.stdout


# with the base dependencies alone


def run(*command: str | Path, **settings: str) -> subprocess.CompletedProcess[str]:
    """Runs a program that knows nothing of this checkout."""
    hidden = ("PYTHONPATH", "VIRTUAL_ENV", "PYTHONHOME")
    environment = {name: value for name, value in os.environ.items() if name not in hidden}
    return subprocess.run(
        list(map(str, command)),
        check=False,
        capture_output=True,
        encoding="utf-8",
        env=environment | settings,
        cwd=Path(sys.executable).anchor,
    )


def install(directory: Path) -> Path:
    """The programs of a new environment, in which the package has no extras."""
    source = directory / "source"
    shutil.copytree(ROOT / "src", source / "src", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source / name)
    made = run(sys.executable, "-m", "venv", directory / "venv")
    assert made.returncode == 0, made.stderr
    programs = directory / "venv" / ("Scripts" if os.name == "nt" else "bin")
    installed = run(programs / "python", "-m", "pip", "install", "--quiet", source)
    if installed.returncode:
        message = f"pip cannot install here, perhaps without a network: {installed.stderr[-300:]}"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return programs


def test_the_base_installation_verifies_and_says_what_the_rest_needs(handed_in: Path) -> None:
    """One test, since the environment takes a while to make."""
    base = install(handed_in / "base")
    _check_packages(base)
    for name in (*DOCUMENTS, *_carriers(handed_in)):
        _check_verification(base, handed_in, name)
    for command, extra in (
        ("issue", "issue"),
        ("demo", "issue"),
        ("serve", "web"),
        ("render", "render"),
    ):
        _check_missing_command(base, command, extra)
    _check_missing_class(base)


def _check_packages(base: Path) -> None:
    listed = run(base / "python", "-m", "pip", "list", "--format", "json")
    names = {package["name"].lower() for package in json.loads(listed.stdout)}
    assert "signedcert" in names
    assert not {*HEAVY, "pypdf", "httpx"} & names


def _check_verification(base: Path, handed_in: Path, name: str) -> None:
    command = (base / "signedcert", "verify", handed_in / name, "--trust", handed_in / "trust")
    done = run(*command, "--at", AT.isoformat(), "--json")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads(done.stdout)["results"]
    assert result["verdict"] == "authentic"


def _check_missing_command(base: Path, command: str, extra: str) -> None:
    done = run(base / "signedcert", command)
    assert done.returncode == 2
    assert "[extra-missing]" in done.stderr
    assert f"pip install 'signedcert[{extra}]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert f"pip install 'signedcert[{extra}]'" in run(base / "signedcert", "--help").stdout


def _check_missing_class(base: Path) -> None:
    program = "from signedcert.errors import ConfigurationError\ntry:\n"
    program += "    from signedcert import Institution\nexcept ConfigurationError as error:\n"
    program += "    print(error.reason, error.message)\n"
    done = run(base / "python", "-c", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("extra-missing Institution needs more packages")
    assert "pip install 'signedcert[issue]'" in done.stdout
