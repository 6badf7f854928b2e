"""What verifiers fetch, written as static files."""
