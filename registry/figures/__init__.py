"""The verified ledger, and what is counted from it."""
