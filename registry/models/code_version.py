"""The program versions that the database serves: the one that made its tables, and older ones whose code works on them.

Rule: `migrate` writes them (server/database/migrate.py), and a server is ready only if its version is among them.
Tests: tests/test_migrations.py, tests/test_http.py.
"""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import fact
from registry.models.noun import Noun


class CodeVersion(Noun):
    """A version whose code works on the tables as they are."""

    __tablename__ = "code_version"
    named = False
    row_sensitivity = Sensitivity.OPEN
    version: Mapped[str] = fact(Sensitivity.OPEN, "Versi", "Version", primary_key=True, longest=32)
