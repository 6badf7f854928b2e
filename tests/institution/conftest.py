"""Homes for the tests of this room."""

from tests.custody.hardware import machine
from tests.institution.homes import place, template, university

__all__ = ["machine", "place", "template", "university"]
