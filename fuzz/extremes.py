"""Inputs of the full size that a parser reads, each the worst of its kind: too big to be kept,
so they are made for every run.
"""

from collections.abc import Callable, Iterator

_Maker = Callable[[int], bytes]


def _filled(before: bytes, repeated: bytes, after: bytes) -> _Maker:
    def make(limit: int) -> bytes:
        room = max(0, limit - len(before) - len(after))
        return before + repeated * (room // len(repeated)) + after

    return make


def _names(before: bytes, after: bytes) -> _Maker:
    """An object of very many members."""

    def make(limit: int) -> bytes:
        members: list[bytes] = []
        room = limit - len(before) - len(after)
        while room > 0:
            members.append(b'"%x":0' % len(members))
            room -= len(members[-1]) + 1
        return before + b",".join(members[:-1]) + after

    return make


_MAKERS: tuple[_Maker, ...] = (
    *(_filled(b"", one, b"") for one in (b"A", b".", b"[", b'"', b"\0", b",", b"\n", b"\xff")),
    *(_filled(b"[", one, b"0]") for one in (b"0,", b"[],", b"{},", b'"",', b"[[[]]],", b"-1,")),
    _filled(b'["', b"[", b'"]'),
    _filled(b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[', b'\\"', b'"]'),
    _filled(b'["', b"\\u0001", b'"]'),
    _filled(b'["', b"\\ud83c\\udf93", b'"]'),
    _filled(b"[", b"1" * 4000 + b",", b"0]"),
    _names(b"{", b"}"),
    _names(b"{", b',"1":0}'),
    _names(b'{"version":1,', b"}"),
    _names(b'{"iss":0,', b',"1":0}'),
    _filled(b'{"version":1,"document":"', b"A", b'"}'),
    _filled(b'{"version":1,"document":"', b"\xf0\x9f\x8e\x93", b'"}'),
    _filled(b'{"syllabus":[', b'{"title":"a","topics":["b","c"]},', b"{}]}"),
    _filled(b'{"syllabus":[', b"0,", b"0]}"),
    _filled(b'{"payload":"AAAA","signatures":[', b"{},", b"{}]}"),
    _filled(b'{"payload":"', b"A", b'","signatures":[]}'),
    _filled(b"ey.", b"A", b".AA"),
    _filled(b"ey", b"A", b".AA.AA"),
    _filled(b"learner_id,name,course,run,completed\n", b"a,b,c,d,2026-06-30\n", b""),
    _filled(b"learner_id,name,course,run,completed\n", b",", b""),
    _filled(b"learner_id,name,course,run,completed\n", b"\n", b""),
    _filled(b'learner_id,name,course,run,completed\n"', b'""', b""),
    _filled(b"learner_id,name,course,run,completed\n", "e\u0301\u0327".encode(), b""),
)


def extremes(limit: int) -> Iterator[bytes]:
    """The worst inputs of ``limit`` bytes, or a little less."""
    for make in _MAKERS:
        yield make(limit)
