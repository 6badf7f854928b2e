"""What signedcert costs: ``make bench`` (see docs/benchmarks.md)."""
