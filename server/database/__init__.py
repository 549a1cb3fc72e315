"""The database from outside: its server, its version, and what must be true before serving."""
