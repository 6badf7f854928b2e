"""From claims and rosters to signed documents in the registry."""
