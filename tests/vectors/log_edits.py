"""Proofs, checkpoints and lists of landmarks with one defect each, as edits of good ones."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

from signedcert.core.encoding import MAX_INTEGER
from tests.verify.test_log import NEWEST, PLACE

Edit: TypeAlias = Callable[[str], str]

_INTEGER, _ALPHABET, _PADDING = "not-an-integer", "base64-alphabet", "base64-padding"
_PROOF, _NOTE, _CHECKPOINT, _VALUE = "proof-shape", "note-shape", "checkpoint-shape", "wrong-value"
_STRAY, _ROOT, _CONTROL = "base64-tail-bits", "root-mismatch", "text-control"
_DIGITS = "\u0661\u0660"
#: Characters of a line with a hash, and such lines.
_LINE = 45
_HASH_31, _HASH_33 = f"{'A' * 42}==\n", f"{'A' * 44}\n"
_HASH_HEX, _HASH_STRAY = f"{'0a' * 32}\n", f"{'A' * 42}B=\n"


class PartEdit(NamedTuple):
    """``part``, or all of it, is changed, and what comes of it is refused for ``reason``."""

    name: str
    description: str
    part: str
    change: Edit
    reason: str

    def apply(self, parts: Mapping[str, str]) -> str:
        """The text with this defect."""
        if self.part not in parts:
            return self.change("".join(parts.values()))
        return "".join({**parts, self.part: self.change(parts[self.part])}.values())


def becomes(text: str) -> Edit:
    """Something else in the place of a part."""
    return lambda _: text


def within(old: str, new: str) -> Edit:
    """An edit in the first place where ``old`` stands."""
    return lambda text: text.replace(old, new, 1)


def around(before: str = "", behind: str = "") -> Edit:
    """Something more."""
    return lambda text: before + text + behind


def _without_end(text: str) -> str:
    return text[:-1]


def _windows(text: str) -> str:
    return text.replace("\n", "\r\n")


def _first(line: str) -> Edit:
    """Another first hash."""
    return lambda path: line + path[_LINE:]


def _other_digit(path: str) -> str:
    return ("B" if path[0] == "A" else "A") + path[1:]


def _upwards(path: str) -> str:
    return "".join(re.findall(r".*\n", path)[::-1])


def _swapped(path: str) -> str:
    return path[_LINE : 2 * _LINE] + path[:_LINE] + path[2 * _LINE :]


#: Of ``first``, ``index``, ``path``, ``empty`` and ``checkpoint``, each with its last line feed.
PROOF_EDITS = (
    PartEdit("nothing", "nothing at all", "whole", becomes(""), _PROOF),
    PartEdit("no-first-line", "no first line", "first", becomes(""), _PROOF),
    PartEdit("version-2", "version 2", "first", within("v1", "v2"), _PROOF),
    PartEdit("first-line-capitals", "the first line in capitals", "first", str.upper, _PROOF),
    PartEdit("first-line-space", "a space behind it", "first", within("\n", " \n"), _PROOF),
    PartEdit("space-in-front", "a space in front", "whole", around(" "), _PROOF),
    PartEdit("line-in-front", "an empty line in front", "whole", around("\n"), _PROOF),
    PartEdit("byte-order-mark", "a byte-order mark", "whole", around("\ufeff"), _PROOF),
    PartEdit("carriage-returns", "carriage returns", "whole", _windows, _PROOF),
    PartEdit("no-empty-line", "no empty line", "empty", becomes(""), _ALPHABET),
    PartEdit("no-checkpoint", "no checkpoint", "checkpoint", becomes(""), _PROOF),
    PartEdit("extra", "extra data", "index", around("extra AAAA\n"), "proof-extra"),
    PartEdit(
        "extra-empty", "no extra data in its line", "index", around("extra \n"), "proof-extra"
    ),
    PartEdit("extra-behind", "extra data behind", "index", around("", "extra AAAA\n"), _ALPHABET),
    PartEdit("index-missing", "no index", "index", becomes(""), _PROOF),
    PartEdit("index-capitals", "the word in capitals", "index", str.upper, _PROOF),
    PartEdit("index-no-space", "no space", "index", within(" ", ""), _PROOF),
    PartEdit("index-tab", "a tab", "index", within(" ", "\t"), _PROOF),
    PartEdit("index-empty", "no number", "index", becomes("index \n"), _INTEGER),
    PartEdit("index-two-spaces", "two spaces", "index", within(" ", "  "), _INTEGER),
    PartEdit("index-space-behind", "a space behind it", "index", within("\n", " \n"), _INTEGER),
    PartEdit("index-leading-zero", "a leading zero", "index", within(" ", " 0"), _INTEGER),
    PartEdit("index-plus", "a plus sign", "index", within(" ", " +"), _INTEGER),
    PartEdit("index-negative", "a minus sign", "index", within(" ", " -"), _INTEGER),
    PartEdit("index-underscore", "an underscore", "index", within("10", "1_0"), _INTEGER),
    PartEdit("index-hex", "hexadecimal", "index", within("10", "0xa"), _INTEGER),
    PartEdit("index-other-digits", "other digits", "index", within("10", _DIGITS), _INTEGER),
    PartEdit("index-54-bits", "54 bits", "index", within("10", f"{2**53}"), _INTEGER),
    PartEdit("index-65-bits", "2^64 more", "index", within("10", f"{2**64 + PLACE}"), _INTEGER),
    PartEdit("index-twice", "a second one", "index", around("", "index 10\n"), _ALPHABET),
    PartEdit("hash-31", "31 bytes", "path", _first(_HASH_31), _PROOF),
    PartEdit("hash-33", "33 bytes", "path", _first(_HASH_33), _PROOF),
    PartEdit("hash-hex", "hexadecimal, which is base64 too", "path", _first(_HASH_HEX), _PROOF),
    PartEdit("hash-stray-bits", "bits behind the last byte", "path", _first(_HASH_STRAY), _STRAY),
    PartEdit("hash-no-padding", "no padding", "path", within("=", ""), _PADDING),
    PartEdit("hash-padding", "too much padding", "path", within("=", "=="), _PADDING),
    PartEdit("hash-base64url", "base64url", "path", lambda path: f"-{path[1:]}", _ALPHABET),
    PartEdit("hash-space", "a space behind a hash", "path", within("\n", " \n"), _ALPHABET),
    PartEdit("54-hashes", "54 hashes", "path", lambda path: path[:_LINE] * 54, "too-large"),
    PartEdit(
        "hash-missing", "the last hash is missing", "path", lambda path: path[:-_LINE], _PROOF
    ),
    PartEdit("hash-more", "a hash more", "path", lambda path: path + path[:_LINE], _PROOF),
    PartEdit("path-missing", "no hash", "path", becomes(""), _PROOF),
    # The shape is that of a path from this entry, and it leads elsewhere:
    PartEdit("path-downwards", "from the root down", "path", _upwards, _ROOT),
    PartEdit("path-swapped", "two hashes exchanged", "path", _swapped, _ROOT),
    PartEdit("path-changed", "another bit in a hash", "path", _other_digit, _ROOT),
    PartEdit("index-next", "the next entry's", "index", within("10", "11"), _ROOT),
    PartEdit("index-before", "the entry's before", "index", within("10", "9"), _ROOT),
    PartEdit("index-first", "the first entry's", "index", within("10", "0"), _ROOT),
    PartEdit("index-is-size", "the size", "index", within("10", f"{NEWEST}"), _PROOF),
    PartEdit("index-53-bits", "far beyond", "index", within("10", f"{MAX_INTEGER}"), _PROOF),
)

#: Of ``origin``, ``size`` and ``root``. The Ed25519 key signs what comes of it, and the ML-DSA-44
#: key what was meant.
CHECKPOINT_EDITS = (
    PartEdit("extension", "an extension line", "text", around("", "x\n"), "checkpoint-extension"),
    PartEdit("extension-empty", "an empty one", "text", around("", "\n"), "checkpoint-extension"),
    PartEdit("no-root", "no root hash", "root", becomes(""), _CHECKPOINT),
    PartEdit("no-size", "no size", "size", becomes(""), _CHECKPOINT),
    PartEdit(
        "line-in-front", "an empty line in front", "text", around("\n"), "checkpoint-extension"
    ),
    PartEdit("origin-empty", "an empty origin", "origin", becomes("\n"), "key-name"),
    PartEdit(
        "origin-space", "a space in the origin", "origin", within("/log", " /log"), "key-name"
    ),
    PartEdit("origin-plus", "a plus in the origin", "origin", within("/log", "+log"), "key-name"),
    PartEdit("origin-long", "256 bytes of origin", "origin", becomes("é" * 128 + "\n"), "key-name"),
    PartEdit("origin-scheme", "https in front", "origin", around("https://"), "log-unknown"),
    PartEdit("origin-slash", "a slash behind", "origin", within("\n", "/\n"), "log-unknown"),
    PartEdit("origin-capitals", "the origin in capitals", "origin", str.upper, "log-unknown"),
    PartEdit("origin-log-2", "a second log", "origin", within("\n", "-2\n"), "log-unknown"),
    PartEdit("size-empty", "an empty size", "size", becomes("\n"), _INTEGER),
    PartEdit("size-leading-zero", "a leading zero", "size", around("0"), _INTEGER),
    PartEdit("size-plus", "a plus sign", "size", around("+"), _INTEGER),
    PartEdit("size-negative", "a minus sign", "size", around("-"), _INTEGER),
    PartEdit("size-space", "a space in front", "size", around(" "), _INTEGER),
    PartEdit("size-space-behind", "a space behind", "size", within("\n", " \n"), _INTEGER),
    PartEdit("size-underscore", "an underscore", "size", within("30", "3_0"), _INTEGER),
    PartEdit("size-hex", "hexadecimal", "size", within("30", "0x1e"), _INTEGER),
    PartEdit("size-exponent", "an exponent", "size", within("30", "3e1"), _INTEGER),
    PartEdit("size-54-bits", "54 bits", "size", becomes(f"{2**53}\n"), _INTEGER),
    PartEdit("size-65-bits", "2^64 more", "size", becomes(f"{2**64 + NEWEST}\n"), _INTEGER),
    PartEdit("root-31", "31 bytes", "root", becomes(_HASH_31), _CHECKPOINT),
    PartEdit("root-33", "33 bytes", "root", becomes(_HASH_33), _CHECKPOINT),
    PartEdit("root-hex", "hexadecimal", "root", becomes(_HASH_HEX), _CHECKPOINT),
    PartEdit("root-empty", "an empty one", "root", becomes("\n"), _CHECKPOINT),
    PartEdit("root-no-padding", "no padding", "root", within("=", ""), _PADDING),
    PartEdit("root-base64url", "base64url", "root", lambda root: f"-{root[1:]}", _ALPHABET),
    PartEdit("root-stray-bits", "bits behind the last byte", "root", becomes(_HASH_STRAY), _STRAY),
    PartEdit("empty-tree", "a root of no entries", "size", becomes("0\n"), _VALUE),
)

#: Of ``text``, ``empty``, and the signature lines ``ed25519`` and ``mldsa``.
NOTE_EDITS = (
    PartEdit("no-empty-line", "no empty line", "empty", becomes(""), _NOTE),
    PartEdit("no-end", "no line feed at the end", "mldsa", _without_end, _NOTE),
    PartEdit("empty-line-behind", "an empty line behind", "mldsa", around("", "\n"), _NOTE),
    PartEdit(
        "two-empty-lines", "two empty lines", "empty", around("", "\n"), "checkpoint-extension"
    ),
    PartEdit("text-behind", "a text behind", "mldsa", around("", "text\n"), _NOTE),
    PartEdit("hyphen", "a hyphen for the dash", "ed25519", within("\u2014", "-"), _NOTE),
    PartEdit("en-dash", "an en dash for the dash", "ed25519", within("\u2014", "\u2013"), _NOTE),
    PartEdit("no-space", "no space behind the dash", "ed25519", within(" ", ""), _NOTE),
    PartEdit("two-spaces", "two spaces behind the dash", "ed25519", within(" ", "  "), "key-name"),
    PartEdit("name-space", "a space in a name", "ed25519", within("/log", "/ log"), _ALPHABET),
    PartEdit("name-plus", "a plus in a name", "ed25519", within("/log", "/+log"), "key-name"),
    PartEdit("no-padding", "no padding", "ed25519", within("=", ""), _PADDING),
    PartEdit("space-behind", "a space behind base64", "mldsa", within("\n", " \n"), _ALPHABET),
    PartEdit("tab", "a tab for a space", "ed25519", within(" ", "\t"), _CONTROL),
    PartEdit("carriage-returns", "carriage returns", "note", _windows, _CONTROL),
    PartEdit("nul", "a NUL at the end", "mldsa", around("", "\0"), _CONTROL),
    PartEdit("key-id-alone", "a key id alone", "ed25519", becomes("\u2014 a AAAAAA==\n"), _NOTE),
    PartEdit("17-lines", "17 lines", "mldsa", around("", "\u2014 a AAAAAAA=\n" * 15), "too-large"),
    PartEdit("bad-stranger", "a line of nobody's", "mldsa", around("", "\u2014 a AAAA\n"), _NOTE),
    PartEdit("ed25519-missing", "one line", "ed25519", becomes(""), "ed25519-missing"),
    PartEdit("mldsa-missing", "one line", "mldsa", becomes(""), "ml-dsa-44-missing"),
    PartEdit("ed25519-twice", "twice", "ed25519", lambda line: line * 2, "signature-twice"),
    PartEdit("mldsa-twice", "twice", "mldsa", lambda line: line * 2, "signature-twice"),
    PartEdit(
        "name-capitals",
        "a name in capitals",
        "ed25519",
        within("learn", "LEARN"),
        "ed25519-missing",
    ),
)

#: Of ``first``, a line, and ``size``, ``space`` and ``root`` of the second one.
LIST_EDITS = (
    PartEdit("twice", "a head stands twice", "first", lambda line: line * 2, _VALUE),
    PartEdit("size-twice", "two heads of one size", "size", becomes("16"), _VALUE),
    PartEdit("descending", "the second head is smaller", "size", becomes("15"), _VALUE),
    PartEdit("size-zero", "a head of no entries", "first", around(f"0 {'A' * 43}=\n"), _VALUE),
    PartEdit("no-end", "no line feed at the end", "list", _without_end, _VALUE),
    PartEdit("empty-line", "an empty line at the end", "list", around("", "\n"), _INTEGER),
    PartEdit("carriage-returns", "carriage returns", "list", _windows, _ALPHABET),
    PartEdit("byte-order-mark", "a byte-order mark", "list", around("\ufeff"), _INTEGER),
    PartEdit("size-empty", "no size", "size", becomes(""), _INTEGER),
    PartEdit("size-leading-zero", "a leading zero", "size", around("0"), _INTEGER),
    PartEdit("size-plus", "a plus sign", "size", around("+"), _INTEGER),
    PartEdit("size-hex", "hexadecimal", "size", around("0x"), _INTEGER),
    PartEdit("size-54-bits", "54 bits", "size", becomes(f"{2**53}"), _INTEGER),
    PartEdit("two-spaces", "two spaces", "space", around(" "), _ALPHABET),
    PartEdit("tab", "a tab for the space", "space", becomes("\t"), _INTEGER),
    PartEdit("root-empty", "no root hash", "root", becomes("\n"), _VALUE),
    PartEdit("root-31", "31 bytes", "root", becomes(_HASH_31), _VALUE),
    PartEdit("root-33", "33 bytes", "root", becomes(_HASH_33), _VALUE),
    PartEdit("root-hex", "hexadecimal", "root", becomes(_HASH_HEX), _VALUE),
    PartEdit("root-base64url", "base64url", "root", lambda root: f"-{root[1:]}", _ALPHABET),
    PartEdit("root-no-padding", "no padding", "root", within("=", ""), _PADDING),
    PartEdit("root-stray-bits", "bits behind the last byte", "root", becomes(_HASH_STRAY), _STRAY),
    PartEdit("word-behind", "a word behind", "root", within("\n", " head\n"), _ALPHABET),
)
