"""Equations that no test can hold, as they only name something."""

# Labels, each with the reason why no test can fail.
DEFINITIONS = {}
