"""Key ids as arguments: one in 64 begins with a hyphen, and is no option for that."""

import re
from itertools import pairwise

import click

#: A whole thumbprint (RFC 7638), or the beginning of one behind a single hyphen. Two hyphens and
#: less than a whole one may be a mistyped option, and are read as that.
_HYPHENATED = re.compile(r"-[A-Za-z0-9_-]{42}|-[A-Za-z0-9_][A-Za-z0-9_-]{6,41}")


class TakesKids(click.Command):
    """A command whose arguments are key ids."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, but for key ids that look like options."""
        if "--" not in args:
            valued = {
                name
                for option in self.params
                if isinstance(option, click.Option) and not option.is_flag
                for name in option.opts
            }
            kids = [
                index
                for index, (before, one) in enumerate(pairwise(["", *args]))
                if before not in valued and _HYPHENATED.fullmatch(one)
            ]
            if kids:
                rest = [one for index, one in enumerate(args) if index not in kids]
                args = [*rest, "--", *(args[index] for index in kids)]
        return super().parse_args(ctx, args)
