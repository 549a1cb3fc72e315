"""Plain values and their rules: texts, numbers, dates.  Nothing here knows a table."""
