"""Key ceremonies of a home: it is set up, its next manifest proposed, assembled and published."""
