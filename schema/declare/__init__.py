"""The makers by which every element of the schema is declared, with who may see it."""
