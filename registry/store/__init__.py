"""The database as a service: connections, turns, transactions, memories.  Nothing here knows a noun."""
