"""Pictures of papers, looked up among the files that were given along with them."""

from collections.abc import Generator, Iterable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from signedcert.carriers.bundle import Bundle
from signedcert.cli.checking import Checked, Checking
from signedcert.cli.sources import Source
from signedcert.core.code import VerificationCode
from signedcert.errors import MalformedError

if TYPE_CHECKING:
    from signedcert.carriers.scan import PaperCode


def tied(
    checking: Checking, checked: Iterable[Checked], sources: Iterable[Source]
) -> Generator[Checked, None, None]:
    """All that was checked, pictures of papers last: each as what its code belongs to among
    ``sources``, which are looked through once more if there is such a picture.
    """
    pictures: list[tuple[str, PaperCode]] = []
    for one in checked:
        if one.paper is None:
            yield one
        else:
            pictures.append((one.name, one.paper))
    documents = _find(sources, {paper.code for _, paper in pictures}) if pictures else {}
    for name, paper in pictures:
        yield checking.check_paper(name, paper, documents.get(paper.code))


def _find(
    sources: Iterable[Source], wanted: set[VerificationCode]
) -> dict[VerificationCode, tuple[str, Bundle]]:
    """The first document with each code that is wanted, and the name of its file."""
    found: dict[VerificationCode, tuple[str, Bundle]] = {}
    for name, bundle in _bundles(sources):
        with suppress(MalformedError):
            if bundle.code in wanted:
                found.setdefault(bundle.code, (name, bundle))
    return found


def _bundles(sources: Iterable[Source]) -> Iterator[tuple[str, Bundle]]:
    """What can be read; what cannot has been reported already."""
    for source in sources:
        with suppress(OSError, MalformedError):
            yield source.name, Bundle.unpack(source.read())
