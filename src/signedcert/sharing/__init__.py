"""Private links, by which a learner shares a course record and takes it back."""
