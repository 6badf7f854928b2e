"""The figures as tables, and the page of the documentation that holds them."""

import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import cryptography
from cryptography.hazmat.backends.openssl import backend

from benchmarks.measure import Figure, Scale, Section

PAGE = Path("docs/benchmarks.md")
_PROCESSORS = Path("/proc/cpuinfo")
_TEXT = """\
# Benchmarks

`make bench` measures all of this in one run and writes this page; do not edit it.

{machine}

{tables}

## How it is measured

- **Calls.** The contenders take turns in blocks of {scale.block} calls, in an order drawn anew
  for each of {scale.rounds} rounds. A ratio is the median of the ratios of the rounds, each to
  the yardstick of the same round, so that a machine that is busy for a while is busy for all. The
  time is that of the quickest run.
- **Commands.** Each is timed as a whole, in a process of its own, from start to exit. `issue`
  gets a fresh copy of a home each time, and every certificate is durable in the registry when it
  ends. `verify` reads the folder that was just written, writes a report, and finds everything
  authentic. `issue-records` gets a home in which all learners of the gradebook have certificates.
- **The log** is filled with entries of no document first. Then 10,000 certificates are issued, on
  one process and without their files, and logged: places in the registry, tiles written and synced,
  the head signed with both keys, written down and published.
- **Pictures.** Typst finds its inputs prepared, as `Renderer` prepares them from a bundle; it lays
  out and writes each page. `render` makes PDFs of one in five of the roster's certificates, and
  of one in 25 on one process. Its memory is looked at twice a second: what is resident, of the
  command and of all processes that it has begun.
- **Pages.** PDFium reads a page in a process of its own, as for `signedcert verify`; it is there
  already.
- **Starts** take turns as calls do, one at a time, in {scale.starts} rounds.
- Everything is measured {runs} times. The lowest value stands beside all of them: the best one
  where less is better, the worst one where more is better.
- The garbage collector and all other settings are as Python has them, and modules are compiled, as
  pip leaves them.

The yardstick finds everything prepared: the key, the bytes, the signature in OpenSSL's form. Ours
is whole. `Verifier.verify` makes all ten steps from bytes to a `VerifiedCertificate`, with the
key found in the trust store and the printed code compared. `Issuer.sign` goes from a
`Certificate` to the row that the registry takes, the request checked, the signature verified, the
code derived; what `Institution.issue` does beyond that is the registry's look-up and transaction,
which are part of the roster's figures. For a record it goes from a `CourseRecord`, with the course
and the certificate read, through a salt and a disclosure for each result; to find and read the
certificate is part of the gradebook's figures.

The peers check signature and dates and return the claims, and no more. Their key was read before,
in the form that is quickest for each; when they sign, they find the claims ready and check
nothing. Authlib's module is the one that it had before it recommended joserfc.

## Running it

```text
make bench                                        everything, and writes this page
python -m benchmarks verify start                 some of them
python -m benchmarks roster folder --rows 5000    with a smaller roster
python -m benchmarks --quick                      only to see that everything works
```

Parts and quick runs print their tables and leave this page alone. A whole run takes some minutes,
and wants a machine with two processors or more that has nothing else to do.
"""


def text(sections: Sequence[Section], scale: Scale) -> str:
    """The whole page."""
    runs = {1: "one", 2: "two", 3: "three"}.get(scale.runs, str(scale.runs))
    tables = "\n".join(table(section) for section in sections).rstrip()
    return _TEXT.format(machine=machine(), tables=tables, scale=scale, runs=runs)


def table(section: Section) -> str:
    """One section, to be read as it is, and as Markdown."""
    head = ["", "lowest", "all runs", "time", "bar", "met"]
    lines = [head, *(_cells(figure) for figure in section.figures)]
    used = [column for column in range(len(head)) if any(line[column] for line in lines[1:])]
    widths = [max(len(line[column]) for line in lines) for column in used]
    rows = [
        "| "
        + " | ".join(line[column].ljust(width) for column, width in zip(used, widths, strict=True))
        + " |"
        for line in lines
    ]
    rule = "| " + " | ".join("-" * max(width, 3) for width in widths) + " |"
    return "\n".join([f"## {section.title}\n\n{section.unit}\n", rows[0], rule, *rows[1:], ""])


def _cells(figure: Figure) -> list[str]:
    return [
        figure.what,
        figure.value.format(figure.lowest),
        ", ".join(figure.value.format(value) for value in figure.values),
        "" if figure.each is None else _time(figure.each),
        "" if figure.bar is None else figure.bar.words,
        "" if figure.bar is None else "yes" if figure.bar.met else "no",
    ]


def _time(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs" if seconds < 1e-2 else f"{seconds * 1e3:.0f} ms"


def machine() -> str:
    """The machine and what else the figures depend on, with the date."""
    facts = (
        f"{_processor()}, {os.cpu_count()} processors",
        f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}",
        f"cryptography {cryptography.__version__}, {backend.openssl_version_text()}",
        f"{datetime.now(UTC):%Y-%m-%d}",
    )
    return "\n".join(f"- {fact}" for fact in facts)


def _processor() -> str:
    """The model, as Linux has it; elsewhere the architecture."""
    lines = _PROCESSORS.read_text(encoding="utf-8").splitlines() if _PROCESSORS.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
