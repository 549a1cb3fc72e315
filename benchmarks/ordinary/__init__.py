"""The ordinary server: Strawberry, SQLAlchemy's async ORM and DataLoader, as a good team writes it.

Types with a resolver for each relation, one batch query a relation and level, entities loaded whole, parse and
validation cached, tokens verified, grants read for every request and applied in WHERE.  No row security, no masks.
It answers the documents of W1 to W5 with the same data and offers nothing else.
"""
