"""The process that reads pages for ``PageReader``: one after the other, until there are no more."""

import json
import sys
from contextlib import suppress

from signedcert.carriers.carrier import MAX_CARRIER
from signedcert.carriers.pagereader import page_to_json, read_page, receive, send


def main(memory: int) -> None:
    """Answers each file on standard input with its page on standard output."""
    _limit(memory)
    while True:
        try:
            pdf = receive(sys.stdin.buffer, MAX_CARRIER)
        except EOFError:
            return
        send(sys.stdout.buffer, json.dumps(page_to_json(read_page(pdf))).encode())


def _limit(memory: int) -> None:
    """As far as the system lets itself be told."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    main(int(sys.argv[1]))
