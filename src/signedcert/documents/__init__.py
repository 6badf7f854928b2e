"""What is said: courses and certificates as frozen models, and their form on the wire."""
