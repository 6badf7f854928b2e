"""Programs in JavaScript, beside this file, that ask what npm's packages make of a document."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

_HERE = Path(__file__).parent


def ask(script: str, package: str, question: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON is any
    """What a script answers. Skips the test where there is no node, or not the package; in CI,
    fails it.
    """
    node = shutil.which("node")
    if node is None or not (_HERE / "node_modules" / package / "package.json").is_file():
        message = f"npm's {package} is not installed; run: npm install --prefix tests/peers"
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    done = subprocess.run(
        [node, str(_HERE / script)],
        input=json.dumps(question),
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    return json.loads(done.stdout)
