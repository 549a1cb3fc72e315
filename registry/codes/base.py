"""Code lists: closed, with a stable English code and a label in each language.

The API, the database and exports use the code; the labels are for people. A code is never renamed or reused.
"""

from auth.labelled import Labelled


class Code(str, Labelled):
    """One closed list; each member is its own text, with an Indonesian and an English label.

    `Sex["MALE"]` is a member by its code; it raises KeyError for an unknown code.
    """

    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]  # as in enum.StrEnum

    @property
    def description(self) -> str:
        """Both labels, Indonesian first, as the schema describes the value."""
        return f"{self.label_id} / {self.label_en}"
