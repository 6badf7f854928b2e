"""HTML, read strictly: what is not balanced or not labelled is an error."""

from html.parser import HTMLParser
from itertools import pairwise

VOID = frozenset({"br", "img", "input", "link", "meta", "hr"})
Attributes = dict[str, str]


class Page(HTMLParser):
    """The elements and the text of a page that passed the checks below."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, Attributes]] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self._within: list[Attributes] = []
        assert html.startswith("<!DOCTYPE html>\n<html lang=")
        self.feed(html)
        self.close()
        assert self._open == [], f"never closed: {self._open}"
        self._check()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Called for each start tag."""
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"<{tag}> has an attribute twice"
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if "label" in self._open:
            self._within.append(self.elements[-1][1])
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        """Called for each end tag."""
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1] == tag, f"</{tag}> closes <{self._open[-1]}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        """Called for the text between."""
        if self._open and self._open[-1] not in ("style", "script"):
            self.texts.append(data)

    @property
    def text(self) -> str:
        """What is read on the page, white space folded."""
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[Attributes]:
        """The attributes of every element with this name."""
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def fields(self) -> list[Attributes]:
        """The attributes of every field that is seen."""
        fields = self.all("input") + self.all("select") + self.all("textarea")
        return [one for one in fields if one.get("type") != "hidden"]

    def values(self, name: str) -> list[str]:
        """Every value of an attribute on the page."""
        return [attributes[name] for _, attributes in self.elements if name in attributes]

    def _check(self) -> None:
        assert len(self.all("h1")) == 1
        assert len(self.all("main")) == len(self.all("title")) == 1
        ids = self.values("id")
        assert len(set(ids)) == len(ids), "an id stands twice"
        labelled = {label["for"] for label in self.all("label") if "for" in label}
        for field in self.fields:
            assert field.get("id") in labelled or field in self._within, "a field without a label"
        for name in ("aria-labelledby", "aria-describedby", "for"):
            assert set(self.values(name)) <= set(ids), f"{name} points to nothing"
        levels = [int(tag[1]) for tag, _ in self.elements if tag in ("h1", "h2", "h3", "h4")]
        for before, after in pairwise(levels):
            assert after <= before + 1, f"h{after} follows h{before}"
        assert self.all("script") == []
        assert not any(name.startswith("on") for _, found in self.elements for name in found)
        assert self.values("style") == []
