"""What is said to a PostgreSQL server, and what becomes of what it says."""

import ipaddress
import os
import shutil
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from pwd import getpwuid
from threading import Thread

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import URL, event, make_url

from signedcert.errors import ConfigurationError
from signedcert.registry.engine import open_engine
from signedcert.registry.errors import ConflictError
from signedcert.registry.passfile import Server, find_password
from signedcert.registry.postgresql import connect_arguments, plain
from signedcert.registry.registry import REVISION, DocumentRow, Registry
from signedcert.registry.statuses import StatusChange
from signedcert.trust.statuslist import REVOKED
from tests.core.refusal import refused
from tests.institution.homes import NOW
from tests.postgres import PASSWORD, ROLE, PostgreSQL
from tests.registry.databases import ON_POSTGRESQL, execute
from tests.registry.test_registry import row
from tests.registry.test_shares import at_once, digest, make_first_revision

#: Longer than it takes to see that somebody waits.
PATIENCE = "700ms"


# the URL


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of a user who has no password file yet."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("PGPASSFILE", raising=False)
    return tmp_path


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+pg8000"])
def test_the_driver_need_not_be_named(scheme: str) -> None:
    engine = open_engine(f"{scheme}://ada@db.example.edu/registry")
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "pg8000")


@pytest.mark.parametrize("driver", ["psycopg2", "psycopg", "asyncpg", "unknown"])
def test_another_driver_is_refused_with_what_to_write(driver: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite and postgresql are") as caught:
        open_engine(f"postgresql+{driver}://host/registry")
    assert caught.value.reason == "setting-invalid"


def test_without_the_driver_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pg8000", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'signedcert\[postgres\]'") as caught:
        open_engine("postgresql://host/registry")
    assert caught.value.reason == "setting-invalid"


def told(url: str) -> dict[str, object]:
    """What the driver is told, but for what it is told always."""
    arguments = connect_arguments(make_url(url))
    assert arguments.pop("startup_params")
    return arguments


@pytest.mark.usefixtures("home")
def test_what_is_not_named_is_as_for_psql() -> None:
    url = plain(make_url("postgresql:///registry?host=/run/pg"))
    assert (url.username, dict(url.query)) == (getpwuid(os.geteuid()).pw_name, {})
    assert plain(make_url("postgresql://ada@db/registry")).username == "ada"
    socket = told("postgresql:///registry?host=/run/pg")
    assert socket == {
        "unix_sock": "/run/pg/.s.PGSQL.5432",
        "ssl_context": False,
        "password": "",
    }
    assert told("postgresql://:5433/r?host=/run/pg")["unix_sock"] == "/run/pg/.s.PGSQL.5433"
    assert told("postgresql://ada:secret@db/registry") == {}
    assert told("postgresql://a:b@db/registry?sslmode=disable") == {"ssl_context": False}


@pytest.mark.parametrize(
    "rest",
    [
        "db/registry?sslmode=require",
        "db/registry?sslmode=verify-full&sslrootcert=/nowhere/ca.pem",
        "db/registry?sslmode=verify-full&sslmode=disable",
        "db/registry?connect_timeout=3",
        "db/registry?host=/run/pg",
        "/registry?host=db.example.edu",
    ],
)
def test_a_url_that_says_something_else_is_refused(rest: str) -> None:
    with refused("setting-invalid", "registry", ConfigurationError):
        open_engine(f"postgresql://{rest}")


# the password file

SERVER = Server(frozenset({"db.example.edu"}), 5432, "registry", "ada")


def write_passfile(path: Path, text: str, mode: int = 0o600) -> Path:
    """A password file."""
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@pytest.mark.parametrize(
    ("line", "password"),
    [
        ("db.example.edu:5432:registry:ada:secret", "secret"),
        ("*:*:*:*:secret", "secret"),
        (r"*:*:*:*:a\:b\\c", r"a:b\c"),
        ("*:*:*:*:secret:and what follows", "secret"),
        ("*:*:*:*:secret\r", "secret"),
        ("*:*:*:*:two\u2028lines", "two\u2028lines"),
        ("*:*:*:*:secret\\", "secret\\"),
        ("db.example.org:5432:registry:ada:secret", None),
        ("*:5433:*:*:secret", None),
        ("*:*:other:*:secret", None),
        ("*:*:*:bob:secret", None),
        ("#*:*:*:*:secret", None),
        ("*:*:*:*", None),
        ("", None),
    ],
)
def test_a_line_is_about_a_server_or_not(home: Path, line: str, password: str | None) -> None:
    write_passfile(home / ".pgpass", f"nobody:1:x:y:z\n{line}\n")
    assert find_password(SERVER) == password


def test_the_first_line_that_fits_counts_in_the_file_that_is_named(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert find_password(SERVER) is None
    write_passfile(home / ".pgpass", "*:*:*:*:mine")
    named = write_passfile(home / "another", "*:*:registry:*:first\n*:*:*:*:second\n")
    assert find_password(SERVER) == "mine"
    monkeypatch.setenv("PGPASSFILE", str(named))
    assert find_password(SERVER) == "first"
    assert told("postgresql://ada@db/registry") == {"password": "first"}
    assert told("postgresql://ada@db/other") == {"password": "second"}


@pytest.mark.parametrize(("text", "mode"), [("*:*:*:*:x", 0o640), ("*:*:*:*:x", 0o604)])
def test_passwords_that_others_may_read_are_refused(home: Path, text: str, mode: int) -> None:
    path = write_passfile(home / ".pgpass", text, mode)
    with refused("setting-invalid", str(path), ConfigurationError):
        find_password(SERVER)


def test_a_password_file_that_is_none_is_refused(home: Path) -> None:
    path = home / ".pgpass"
    path.write_bytes(b"\xff")
    path.chmod(0o600)
    with refused("setting-invalid", str(path), ConfigurationError):
        find_password(SERVER)


# the server refuses, or is not there


def refusal(url: URL) -> str:
    """The words in which a registry is refused."""
    with pytest.raises(ConfigurationError) as caught:
        Registry.open(url)
    assert (caught.value.reason, caught.value.where) == ("registry-unreachable", "registry")
    assert "keeper" not in str(caught.value)
    return caught.value.message


@ON_POSTGRESQL
def test_a_password_opens_the_port_and_another_one_does_not(
    registry: Registry, url: URL, postgres: PostgreSQL, home: Path
) -> None:
    assert registry.count() == 0
    name = str(url.database)
    Registry.open(postgres.by_port(name)).close()
    assert "password authentication failed" in refusal(postgres.by_port(name, f"{PASSWORD}?"))
    without = postgres.by_port(name, None)
    assert "password" in refusal(without)
    write_passfile(home / ".pgpass", f"127.0.0.1:*:{name}:{ROLE}:{PASSWORD}\n")
    Registry.open(without).close()


@ON_POSTGRESQL
def test_an_empty_database_is_named_without_its_password(url: URL, postgres: PostgreSQL) -> None:
    address = postgres.by_port(str(url.database))
    with pytest.raises(ConfigurationError, match="run: signedcert migrate") as caught:
        Registry.open(address)
    assert caught.value.reason == "registry-version"
    assert str(url.database) in caught.value.where
    assert "keeper" not in str(caught.value)


@ON_POSTGRESQL
def test_what_is_not_there_is_said(url: URL, postgres: PostgreSQL, tmp_path: Path) -> None:
    assert 'database "nowhere" does not exist' in refusal(postgres.by_port("nowhere"))
    assert "Connection refused" in refusal(postgres.by_port("x").set(port=1))
    assert "No such file" in refusal(url.set(query={"host": str(tmp_path)}))
    assert "no.example" in refusal(url.set(host="host.no.example", query={}))


@ON_POSTGRESQL
def test_a_role_that_may_not_is_told_so(url: URL, postgres: PostgreSQL) -> None:
    name = str(url.database)
    postgres.run(f"ALTER DATABASE {name} OWNER TO postgres")  # who makes tables, since version 15
    with pytest.raises(ConfigurationError, match="permission denied") as caught:
        Registry.create(url)
    assert caught.value.reason == "registry-unreachable"
    postgres.run(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    postgres.run(f"ALTER DATABASE {name} OWNER TO {ROLE}")
    with pytest.raises(ConfigurationError, match="read-only"):
        Registry.create(url)


@ON_POSTGRESQL
def test_what_the_columns_do_not_hold_is_refused(registry: Registry) -> None:
    for wrong in (row("x" * 129), row("a\0b"), row(status_list=2**31)):
        with refused("wrong-value"):
            registry.add([wrong])
    with refused("wrong-value"):
        registry.shares.end("ada", 2**31, NOW)
    assert registry.count() == 0


def break_off(url: URL, postgres: PostgreSQL) -> None:
    """Ends every connection to a database, as a server does that is restarted."""
    postgres.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "  # noqa: S608
        f"WHERE datname = '{url.database}' AND pid <> pg_backend_pid()"
    )


@ON_POSTGRESQL
@pytest.mark.parametrize("way", ["socket", "port"])
def test_a_server_that_was_restarted_is_asked_again(
    registry: Registry, url: URL, postgres: PostgreSQL, way: str
) -> None:
    other = Registry.open(url if way == "socket" else postgres.by_port(str(url.database)))
    break_off(url, postgres)
    assert other.shares.find(digest("token"), NOW) is None
    break_off(url, postgres)
    other.add([row()])
    other.close()
    assert registry.count() == 1


@ON_POSTGRESQL
@pytest.mark.parametrize("way", ["socket", "port"])
@pytest.mark.parametrize("moment", ["before_cursor_execute", "commit"])
def test_a_connection_that_is_lost_in_a_transaction_writes_nothing(
    url: URL, postgres: PostgreSQL, moment: str, way: str
) -> None:
    Registry.create(url).close()
    registry = Registry.open(url if way == "socket" else postgres.by_port(str(url.database)))
    document = row()

    def lose(*_: object) -> None:
        break_off(url, postgres)

    event.listen(registry._engine, moment, lose)
    with refused("registry-unreachable", "registry", ConfigurationError):
        registry.add([document])
    event.remove(registry._engine, moment, lose)
    assert registry.count() == 0
    registry.add([document])
    assert registry.count() == 1
    registry.close()


@ON_POSTGRESQL
def test_a_connection_that_is_reset_is_lost_as_well(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver does not say it in its own words then."""

    def reset(*_: object) -> None:
        raise ConnectionResetError(104, "Connection reset by peer")

    def cut(*_: object) -> None:
        monkeypatch.setattr("pg8000.core._read", reset)

    event.listen(registry._engine, "before_cursor_execute", cut)
    with pytest.raises(ConfigurationError, match="Connection reset by peer") as caught:
        registry.add([row()])
    event.remove(registry._engine, "before_cursor_execute", cut)
    monkeypatch.undo()
    assert caught.value.reason == "registry-unreachable"
    assert registry.count() == 0


@ON_POSTGRESQL
def test_a_conflict_names_nobody(registry: Registry) -> None:
    registry.add([row("ada-lovelace")])
    with pytest.raises(ConflictError) as caught:
        registry.add([row("ada-lovelace")])
    error: BaseException | None = caught.value
    while error is not None:
        assert "ada-lovelace" not in f"{error} {error!r}"
        error = error.__cause__


# two who wait for each other


def wait_until_blocked(postgres: PostgreSQL, url: URL) -> None:
    """Returns as soon as somebody waits in this database."""
    blocked = (
        "SELECT 1 FROM pg_stat_activity "  # noqa: S608
        f"WHERE datname = '{url.database}' AND wait_event_type = 'Lock'"
    )
    while not postgres.run(blocked):
        time.sleep(0.01)


@pytest.fixture
def patient(url: URL, postgres: PostgreSQL) -> str:
    """What another one begins with, so that it is not the one who gives way."""
    postgres.run(f"ALTER DATABASE {url.database} SET deadlock_timeout = '{PATIENCE}'")
    return "SET deadlock_timeout = '1min'; BEGIN"


@ON_POSTGRESQL
def test_of_two_who_wait_for_each_other_the_one_who_gives_way_does_it_again(
    url: URL, patient: str, postgres: PostgreSQL
) -> None:
    registry = Registry.create(url)
    first, second = sorted((row(), row()), key=lambda one: one.code.symbols)
    registry.add([first, second])
    changes = [StatusChange(one.code, REVOKED, "other") for one in (first, second)]
    failures: list[BaseException] = []

    def change() -> None:
        try:
            registry.statuses.change(changes, NOW)
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    touch = "UPDATE documents SET issued = issued WHERE code = '{}'"
    with postgres.connected(str(url.database)) as other:
        other.run(patient)
        other.run(touch.format(second.code.symbols))
        thread = Thread(target=change)
        thread.start()
        wait_until_blocked(postgres, url)
        other.run(touch.format(first.code.symbols))
        other.run("COMMIT")
        thread.join()
    assert failures == []
    assert len(registry.statuses.not_valid()) == 2
    registry.close()


@ON_POSTGRESQL
def test_two_batches_in_other_orders_are_a_conflict(
    url: URL, patient: str, postgres: PostgreSQL
) -> None:
    registry = Registry.create(url)
    mine = [row("a"), row("b")]
    failures: list[BaseException] = []

    def add() -> None:
        try:
            registry.add(mine)
        except BaseException as error:  # noqa: BLE001 - reported by the test
            failures.append(error)

    with postgres.connected(str(url.database)) as other:
        other.run(patient)
        other.run(_insert(row("b")))
        thread = Thread(target=add)
        thread.start()
        wait_until_blocked(postgres, url)
        other.run(_insert(row("a")))
        other.run("COMMIT")
        thread.join()
    assert [type(failure) for failure in failures] == [ConflictError]
    assert registry.count() == 2
    registry.close()


def _insert(document: DocumentRow) -> str:
    key = document.key
    return (
        "INSERT INTO documents (kind, learner_id, course_id, run, code, document_id, "  # noqa: S608
        "course_version, claims, document, issued, entry, status_list, status_index) VALUES "
        f"('{key.kind}', '{key.learner_id}', '{key.course_id}', '{key.run}', "
        f"'{document.code.symbols}', '{document.document_id}', 1, '', '', '', '', 1, "
        f"{document.status_index})"
    )


# several who migrate


@ON_POSTGRESQL
def test_of_several_who_migrate_at_once_one_does(url: URL) -> None:
    make_first_revision(url).close()

    def migrate(_: int) -> str:
        registry = Registry.attach(url)
        try:
            return registry.migrate()[1]
        finally:
            registry.close()

    assert at_once(3, migrate) == [REVISION] * 3
    assert execute(url, "SELECT version_num FROM alembic_version") == [(REVISION,)]


# TLS


@pytest.fixture
def authority(postgres: PostgreSQL, tmp_path: Path) -> Iterator[Path]:
    """The certificate of the server, which has one as long as the test runs."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "registry")])
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(NOW - timedelta(days=3650))
        .not_valid_after(NOW + timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    owner = postgres.directory.stat()
    for file, data in (("server.crt", certificate), ("server.key", private)):
        path = postgres.directory / file
        path.write_bytes(data)
        path.chmod(0o600)
        shutil.chown(path, owner.st_uid, owner.st_gid)
    (tmp_path / "ca.pem").write_bytes(certificate)
    _set_tls(postgres, "on")
    yield tmp_path / "ca.pem"
    _set_tls(postgres, "off")


def _set_tls(postgres: PostgreSQL, setting: str) -> None:
    postgres.run(f"ALTER SYSTEM SET ssl = {setting}")
    postgres.run("SELECT pg_reload_conf()")
    while postgres.run("SHOW ssl") != [(setting,)]:
        time.sleep(0.01)


@ON_POSTGRESQL
def test_the_certificate_of_a_server_elsewhere_is_checked(
    registry: Registry, url: URL, postgres: PostgreSQL, authority: Path
) -> None:
    checked = {"sslmode": "verify-full", "sslrootcert": str(authority)}
    address = postgres.by_port(str(url.database))
    opened = Registry.open(address.set(query=checked))
    with opened._engine.connect() as connection:
        used = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        assert connection.exec_driver_sql(used).scalar() is True
    opened.close()
    assert "certificate" in refusal(address.set(query={"sslmode": "verify-full"}))
    assert "Hostname mismatch" in refusal(address.set(host="localhost", query=checked))
    assert registry.count() == 0


@ON_POSTGRESQL
def test_without_tls_a_server_that_should_have_it_is_refused(
    registry: Registry, url: URL, postgres: PostgreSQL
) -> None:
    address = postgres.by_port(str(url.database)).set(query={"sslmode": "verify-full"})
    assert "refuses SSL" in refusal(address)
    assert registry.count() == 0
