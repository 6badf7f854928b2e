"""The group of commands about keys. Each is imported when it is run: a root holder's machine has
no need of the packages that an institution's has.
"""

import click

from signedcert.cli.app import load_command

#: Module and attribute of each command, in the order of the help page.
_COMMANDS = {
    "status": ("keys_home", "status"),
    "rotate": ("keys_propose", "rotate"),
    "compromise": ("keys_theft", "compromise"),
    "drill": ("keys_theft", "drill"),
    "propose": ("keys_propose", "propose"),
    "sign": ("keys_holder", "sign"),
    "assemble": ("keys_home", "assemble"),
    "holder": ("keys_holder", "holder"),
    "passphrase": ("passphrase", "passphrase"),
}


class _KeyCommands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """All names."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """The command, imported."""
        if cmd_name not in _COMMANDS:
            return None
        return load_command(f"keys {cmd_name}", *_COMMANDS[cmd_name])


@click.group(cls=_KeyCommands)
def keys() -> None:
    """See the institution's keys, rotate them, and change the root.

    What root has to decide is proposed in the home (propose, rotate), signed by the root holders
    on their own machines (sign), and published in the home (assemble).
    """
