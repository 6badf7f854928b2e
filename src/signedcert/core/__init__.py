"""Pure functions over bytes: no input or output, no clock, no randomness."""
