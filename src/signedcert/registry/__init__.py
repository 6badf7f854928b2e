"""What was issued, in SQL; the only place that holds the host's own identifiers."""
