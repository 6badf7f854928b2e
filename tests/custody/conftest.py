"""What the tests of custody share."""

from tests.custody.guild import folders
from tests.custody.hardware import everything, hardware, machine

__all__ = ["everything", "folders", "hardware", "machine"]
