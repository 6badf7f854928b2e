"""``make bench``, or ``python -m benchmarks [PART...] [--quick] [--rows N]`` for parts of it."""

import argparse
import sys
from collections.abc import Iterator, Sequence

from benchmarks import commands, page
from benchmarks.carriers import carriers, pages
from benchmarks.ground import new_ground
from benchmarks.issuing import issuing
from benchmarks.logs import log_places
from benchmarks.logwriting import log_writing
from benchmarks.measure import FULL, QUICK, Scale, Section
from benchmarks.records import records
from benchmarks.rendering import rendering
from benchmarks.statuslists import status_lists
from benchmarks.verifying import verification

_CALLS = {
    "verify": verification,
    "issue": issuing,
    "records": records,
    "carriers": carriers,
    "pages": pages,
    "log": log_places,
    "logging": log_writing,
    "lists": status_lists,
    "rendering": rendering,
}
_COMMANDS = {
    "roster": commands.roster,
    "folder": commands.folder,
    "gradebook": commands.gradebook,
    "render": commands.pictures,
    "start": commands.start,
}
_PARTS = (*_CALLS, *_COMMANDS)


def main() -> None:
    """Prints a table for each part; writes the page if all of them were measured in full."""
    asked = _arguments()
    parts = asked.parts or _PARTS
    scale = QUICK if asked.quick else FULL
    if asked.rows is not None:
        scale = scale._replace(rows=asked.rows)
    print(f"{page.machine()}\n", flush=True)
    sections = []
    for section in _measure(parts, scale):
        print(page.table(section), flush=True)
        sections.append(section)
    if asked.quick or len(sections) < len(_PARTS):
        print("This was not a whole run: the page is as it was.", file=sys.stderr)
    else:
        page.PAGE.write_text(page.text(sections, scale), encoding="utf-8")
        print(f"Written: {page.PAGE}")


def _measure(parts: Sequence[str], scale: Scale) -> Iterator[Section]:
    for part, calls in _CALLS.items():
        if part in parts:
            yield calls(scale)
    asked = [run for part, run in _COMMANDS.items() if part in parts]
    if asked:
        with new_ground(scale.rows) as ground:
            for run in asked:
                yield run(scale, ground)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=main.__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(_PARTS))
    parser.add_argument("--quick", action="store_true", help="only to see that everything works")
    parser.add_argument(
        "--rows", type=int, metavar="N", help="of the roster and the folder, ten of the gradebook's"
    )
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(_PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}")
    return asked


if __name__ == "__main__":
    main()
