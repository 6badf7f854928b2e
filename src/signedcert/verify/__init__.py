"""The numbered procedure that decides whether a document is authentic."""
