"""The folder that a template is compiled in: a copy of it, and the images beside it."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from signedcert.errors import ConfigurationError
from signedcert.files import read_at_most
from signedcert.render.press import MAIN
from signedcert.render.sheet import Branding

TEMPLATE = Path(__file__).with_name("template")
#: What a folder with a template may hold: images, parts of it, words in other languages.
MAX_TEMPLATE = 16 * 1024 * 1024
MAX_FILES = 200
#: A logo or a signature; each goes into every PDF.
MAX_IMAGE = 2 * 1024 * 1024
_KINDS = (".svg", ".png", ".jpg", ".jpeg")
#: Where images are put; a template has no such folder.
_IMAGES = "_images"


class Images(NamedTuple):
    """Images as the template finds them; signatures by the name of an instructor."""

    logo: str | None
    signatures: tuple[tuple[str, str], ...]


def furnish(root: Path, template: Path | None, branding: Branding) -> Images:
    """Fills ``root`` with a copy of the template's folder and the images of the branding.

    Raises ConfigurationError: ``template-invalid`` (no ``certificate.typ``, a link, too much),
    ``setting-invalid`` (an image that is missing, too large, of no kind that is read).
    """
    copy_template(template or TEMPLATE, root)
    (root / _IMAGES).mkdir()
    logo = None if branding.logo is None else _image(root, branding.logo, "logo")
    signatures = tuple(
        (name, _image(root, path, f"signature-{number}"))
        for number, (name, path) in enumerate(branding.signatures.items(), 1)
    )
    return Images(logo, signatures)


def copy_template(source: Path, target: Path) -> None:
    """Copies a template's folder into one that is there. Raises ConfigurationError
    ``template-invalid``.
    """
    if not (source / MAIN).is_file():
        message = f"there is no {MAIN} in this folder; copy ours with: render --copy-template"
        raise ConfigurationError("template-invalid", message, where=str(source))
    for path in _files(source):
        place = target / path.relative_to(source)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)


def _files(source: Path) -> Iterator[Path]:
    """Its files, all of them looked at before the first one is copied."""
    found = [path for path in sorted(source.rglob("*")) if not path.is_dir() or path.is_symlink()]
    links = [path for path in found if path.is_symlink() or not path.is_file()]
    if links:
        message = "a template's folder has files only, and no links"
        raise ConfigurationError("template-invalid", message, where=str(links[0]))
    size = sum(path.stat().st_size for path in found)
    if len(found) > MAX_FILES or size > MAX_TEMPLATE:
        message = (
            f"{len(found)} files of {size} bytes; at most {MAX_FILES} of {MAX_TEMPLATE} are read"
        )
        raise ConfigurationError("template-invalid", message, where=str(source))
    if (source / _IMAGES).exists():
        message = "this name is taken: images of the branding are put there"
        raise ConfigurationError("template-invalid", message, where=str(source / _IMAGES))
    return iter(found)


def _image(root: Path, path: Path, name: str) -> str:
    kind = path.suffix.lower()
    if kind not in _KINDS:
        message = f"an image is one of {', '.join(_KINDS)}"
        raise ConfigurationError("setting-invalid", message, where=str(path))
    try:
        data = read_at_most(path, MAX_IMAGE + 1)
    except OSError as error:
        message = error.strerror or "cannot be read"
        raise ConfigurationError("setting-invalid", message, where=str(path)) from error
    if len(data) > MAX_IMAGE:
        message = f"larger than the {MAX_IMAGE} bytes that an image may have"
        raise ConfigurationError("setting-invalid", message, where=str(path))
    (root / _IMAGES / f"{name}{kind}").write_bytes(data)
    return f"/{_IMAGES}/{name}{kind}"
