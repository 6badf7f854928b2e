"""The command line, thin: parse, call, print."""

from signedcert.cli.app import main

__all__ = ["main"]
