"""Documents in the shapes in which they travel."""
