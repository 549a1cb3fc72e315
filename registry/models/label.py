"""Labels of every code list in both languages, for SQL; written by `migrate` from the declarations."""

from __future__ import annotations

from sqlalchemy.orm import Mapped

from auth.sensitivity import Sensitivity
from registry.codes.catalogue import LONGEST
from registry.models.fact import fact
from registry.models.noun import Noun, table_of

OPEN = Sensitivity.OPEN


class Label(Noun):
    """One code of one list."""

    __tablename__ = "label"
    row_sensitivity = OPEN
    list: Mapped[str] = fact(OPEN, "Daftar", "List", primary_key=True, longest=40)
    code: Mapped[str] = fact(OPEN, "Kode", "Code", primary_key=True, longest=40)
    id: Mapped[str] = fact(OPEN, "Indonesia", "Indonesian", longest=LONGEST)
    en: Mapped[str] = fact(OPEN, "Inggris", "English", longest=LONGEST)


LABEL = table_of(Label)
