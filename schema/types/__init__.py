"""The faces: one file for each noun, named like the file of its table."""
