"""What holds on every page, asked of the browser that shows it."""

from typing import TYPE_CHECKING

from tests.browser.chromium import axe_source

if TYPE_CHECKING:
    from playwright.sync_api import Page

#: What the reader can scroll to within a box, and what only screen readers are given, is no fault.
_WORDS = """
    const named = (element) => "<" + element.tagName.toLowerCase()
        + (element.id && "#" + element.id)
        + [...element.classList].map((name) => "." + name).join("") + ">";
    const scrolls = (element) => ["auto", "scroll"].includes(getComputedStyle(element).overflowX);
    const excused = (element) => {
        for (let at = element; at; at = at.parentElement) {
            if (getComputedStyle(at).clipPath !== "none") return true;
            if (at !== element && scrolls(at)) return true;
        }
        return false;
    };
    const elements = [...document.body.querySelectorAll("*")].filter((one) => !excused(one));
"""

#: Elements, and lines of text, that reach over an edge of the window.
_BEYOND = f"""() => {{ {_WORDS}
    const beyond = ({{left, right, width}}) => width && (left < -0.5 || right > innerWidth + 0.5);
    const lines = (element) => [...element.childNodes]
        .filter((node) => node.nodeType === Node.TEXT_NODE && !scrolls(element))
        .flatMap((node) => {{
            const range = document.createRange();
            range.selectNodeContents(node);
            return [...range.getClientRects()];
        }});
    const found = elements.flatMap((element) => {{
        const box = [element.getBoundingClientRect(), ...lines(element)].find(beyond);
        return box ? [`${{named(element)}} from ${{box.left}} to ${{box.right}}`] : [];
    }});
    return [document.scrollingElement.scrollWidth, innerWidth, found];
}}"""

#: Boxes whose content is wider than they are, wherever in the window they stand.
_BURST = f"""() => {{ {_WORDS}
    return elements.filter((element) => element.clientWidth && !scrolls(element)
        && element.scrollWidth > element.clientWidth + 1)
    .map((element) => `${{named(element)}} ${{element.scrollWidth}} in ${{element.clientWidth}}`);
}}"""

#: Without a choice of rules: every rule that is on by default, best practices among them, and the
#: size of what is touched (WCAG 2.2, 2.5.8).
_AXE = """async (only) => {
    const rules = only.length ? {runOnly: only} : {rules: {"target-size": {enabled: true}}};
    const {passes, violations} = await axe.run({resultTypes: ["violations"], ...rules});
    return [passes.map(({id}) => id), violations.map(({id, help, nodes}) => `${id}: ${help}\\n`
        + nodes.map(({target}) => `    ${target.join(" ")}`).join("\\n"))];
}"""

#: The rules whose outcome the colour scheme can change.
COLOURS = ("color-contrast", "link-in-text-block")


def no_sideways_scroll(page: "Page") -> None:
    """Everything is within the width of the window."""
    scrolled, width, found = page.evaluate(_BEYOND)
    assert found == [], _told(page, "beyond the window", found)
    assert scrolled <= width, f"{scrolled} px wide in a window of {width} px"


def nothing_bursts(page: "Page") -> None:
    """No box has content that is wider than it is."""
    found = page.evaluate(_BURST)
    assert found == [], _told(page, "wider than the box", found)


def axe_finds_nothing(page: "Page", *only: str) -> None:
    """No fault by axe's rules, all or some. What it cannot decide is not told."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(axe_source())
    passed, found = page.evaluate(_AXE, only)
    assert found == [], _told(page, "axe finds", found)
    assert "color-contrast" in passed, "axe has read no text"


def _told(page: "Page", problem: str, found: list[str]) -> str:
    dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    look = f"{page.viewport_size['width']} px, {'dark' if dark else 'light'}"
    return "\n".join([f"{problem} ({look}):", *found])
