"""Coverage-guided fuzzing of every parser: ``python -m fuzz.run`` (see docs/fuzzing.md)."""
