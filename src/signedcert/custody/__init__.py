"""Private keys: made, kept in encrypted files, and used to sign."""
