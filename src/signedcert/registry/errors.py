"""What stands in the way of a write."""


class ConflictError(Exception):
    """Another process has taken a key, a code, a status index or a place in a log; or each of two
    processes waited for the other, and this one gave way. Nothing was written.
    """
