"""A child process: whatever becomes of it costs an answer, takes so long, and says what it was."""

import sys
import time
from pathlib import Path

import pytest

from signedcert import childprocess
from signedcert.childprocess import ChildProcess, NoAnswerError

MEBIBYTE = 1024 * 1024
#: Answers each question with what is behind it.
MODULE = """
import os, sys, time
from signedcert.childprocess import answer
answer(lambda question: {body})
"""


def child(
    monkeypatch: pytest.MonkeyPatch, body: str, *, seconds: float = 30, memory: int = 512 * MEBIBYTE
) -> ChildProcess:
    command = [sys.executable, "-c", MODULE.format(body=body)]
    monkeypatch.setattr(childprocess, "python", lambda _: command)
    return ChildProcess("none", "first", "second", seconds=seconds, memory=memory)


def test_one_process_answers_one_question_after_the_other(monkeypatch: pytest.MonkeyPatch) -> None:
    body = 'b"%d %b" % (os.getpid(), question[::-1])'
    with child(monkeypatch, body) as made:
        process = made.running()
        for question in (b"", b"abc", bytes(range(256)) * 8192):
            assert made.ask(question) == b"%d %b" % (process.pid, question[::-1])
    assert process.poll() is not None


def test_it_has_its_arguments_behind_its_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    with child(monkeypatch, '" ".join(sys.argv[1:]).encode()') as made:
        assert made.ask(b"") == b"%d first second" % (512 * MEBIBYTE)


@pytest.mark.parametrize(
    ("body", "late"),
    [
        ("time.sleep(60)", True),
        ("os.abort()", False),
        ("sys.exit(3)", False),
        ("1 / 0", False),
        ('os.write(1, b"abc") and os._exit(0)', False),
        ("os.write(1, bytes([255]) * 8) and time.sleep(60)", False),
        ("os.write(1, (9).to_bytes(8) + b'short') and os._exit(0)", False),
        ("bytearray(600 * 1024 * 1024)", False),
    ],
)
def test_without_an_answer_it_is_ended_and_the_next_one_is_asked(
    monkeypatch: pytest.MonkeyPatch, body: str, *, late: bool
) -> None:
    body = f'({body}) if question == b"bad" else question'
    begun = time.monotonic()
    with child(monkeypatch, body, seconds=5 if late else 50) as made:
        process = made.running()
        with pytest.raises(NoAnswerError) as caught:
            made.ask(b"bad")
        assert (caught.value.late, process.poll() is None) == (late, False)
        assert made.ask(b"good") == b"good"
    assert time.monotonic() - begun < 40


def test_what_interrupts_a_question_leaves_no_answer_for_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with child(monkeypatch, "question") as made:
        with monkeypatch.context() as patched:
            patched.setattr(childprocess, "_receive", interrupt)
            with pytest.raises(KeyboardInterrupt):
                made.ask(b"first")
        assert made.ask(b"second") == b"second"


def interrupt(*_: object) -> bytes:
    raise KeyboardInterrupt


def test_what_does_not_read_its_question_is_ended_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        childprocess, "python", lambda _: [sys.executable, "-c", "import time; time.sleep(60)"]
    )
    with ChildProcess("none", seconds=1, memory=MEBIBYTE) as made:
        with pytest.raises(NoAnswerError) as caught:
            made.ask(bytes(8 * MEBIBYTE))
        assert caught.value.late


def test_its_module_does_not_come_from_where_one_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit(7)", "utf-8")
    monkeypatch.chdir(tmp_path)
    with ChildProcess("signedcert.carriers.pagereader", seconds=30, memory=2**30) as made:
        assert made.ask(b"no PDF").startswith(b"{")
