"""Homes for the tests of this room."""

from tests.institution.homes import place, template, university

__all__ = ["place", "template", "university"]
