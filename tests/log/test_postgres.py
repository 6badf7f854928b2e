"""The log on PostgreSQL, with which several machines write one log, each with files of its own."""

import os
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text

from signedcert.registry.registry import Registry
from tests.institution.homes import NOW
from tests.log.scribe import Scribe

#: The URL of a server on which databases may be made, as postgresql+psycopg://user@host/postgres
SERVER = os.environ.get("SIGNEDCERT_POSTGRES", "")


@pytest.fixture
def url() -> str:
    """A new database."""
    if not SERVER:
        pytest.skip("no PostgreSQL: set SIGNEDCERT_POSTGRES to the URL of a server")
    name = f"signedcert_{uuid4().hex}"
    engine = create_engine(SERVER, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return make_url(SERVER).set(database=name).render_as_string(hide_password=False)


def test_machines_that_share_a_registry_write_one_log(url: str, tmp_path: Path) -> None:
    first = Scribe(tmp_path / "first")
    first._registry = Registry.create(url)
    first.log(300)
    failures: list[BaseException] = []

    def work(number: int) -> None:
        machine = Scribe(tmp_path / f"machine-{number}", first.keys)
        machine._registry = Registry.open(url)
        try:
            for _ in range(10):
                machine.log_any(3)
        except BaseException as error:  # noqa: BLE001 - reported below
            failures.append(error)
        finally:
            first.rows += machine.rows
            machine.close()

    threads = [Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert first.writer.append(NOW) == 0
    first.check(420)
    first.close()
