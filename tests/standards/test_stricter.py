"""Each stricter rule is named in the specification, with the vectors that it refuses."""

import re
from collections import defaultdict
from pathlib import Path

from tests.standards.expected import EXPECTED
from tests.standards.outcomes import RULES

PAGE = Path(__file__).parents[2] / "docs" / "spec" / "stricter.md"
ROW = re.compile(r"^\| `([a-z0-9-]+)` \| .* \| ([^|]*) \|$", re.MULTILINE)
COUNT = re.compile(r"(\d+) in `([^`]+)`")


def test_every_rule_is_in_the_specification_with_its_counts() -> None:
    counts: dict[str, dict[str, int]] = defaultdict(dict)
    for name, expected in EXPECTED.items():
        for rule, number in expected.stricter.items():
            counts[rule][name] = number
    rows = dict(ROW.findall(PAGE.read_text(encoding="utf-8")))
    assert set(rows) == set(RULES.values())
    for rule, cell in rows.items():
        written = {name: int(number) for number, name in COUNT.findall(cell)}
        assert written == counts[rule], rule
        assert written or cell == "none", rule
