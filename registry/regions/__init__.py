"""Official region lists and how they are loaded."""
