"""Labels of every code list in both languages, for SQL; written by `migrate` from the declarations."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.models.fact import fact
from registry.models.noun import Noun, table_of

OPEN = Sensitivity.OPEN


class Label(Noun):
    """One code of one list."""

    __tablename__ = "label"
    row_sensitivity = OPEN
    list: Mapped[str] = fact(OPEN, "Daftar", "List", primary_key=True, longest=40)
    code: Mapped[str] = fact(OPEN, "Kode", "Code", primary_key=True, longest=40)
    id: Mapped[str] = fact(OPEN, "Indonesia", "Indonesian", longest=200)
    en: Mapped[str] = fact(OPEN, "Inggris", "English", longest=200)


LABEL = table_of(Label)
