"""The transparency log: its files, the one who writes it, and proofs of a document's place."""
