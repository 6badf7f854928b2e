"""The pages behind the verify URL, and what the institution publishes."""
