"""``python -m signedcert`` is the command line."""

from signedcert.cli import main

main()
