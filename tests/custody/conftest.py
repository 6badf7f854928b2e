"""What the tests of custody share."""

from tests.custody.guild import folders

__all__ = ["folders"]
