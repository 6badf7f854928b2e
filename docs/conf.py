"""How the documentation is built. Nothing is fetched from anywhere."""
# ruff: noqa: INP001 - a configuration is no package

from typing import TYPE_CHECKING

import signedcert
from signedcert import errors

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "signedcert"
author = "The signedcert authors"
project_copyright = author
release = version = signedcert.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
smartquotes = False
myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
autodoc_default_options = {"members": True}

html_theme = "furo"
html_title = f"signedcert {release}"
html_show_sourcelink = False
html_copy_source = False

# Signatures name the type of a reason; its hundred slugs have a page of their own.
errors.Reason = type("Reason", (str,), {"__module__": "signedcert.errors"})


def leave_out_field_numbers(
    _app: "Sphinx", _what: str, _name: str, _object: object, _options: object, lines: list[str]
) -> None:
    """A named tuple's fields are explained by its class."""
    if lines and lines[0].startswith("Alias for field number"):
        lines.clear()


def setup(app: "Sphinx") -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", leave_out_field_numbers)
