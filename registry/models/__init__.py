"""What a table is: one file for each noun, and what nouns are made of."""
