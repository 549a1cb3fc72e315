"""Code lists: closed, with a stable English code and a label in each language.

The API, the database and exports use the code; the labels are for people. A code is never renamed or reused.
"""

import re

from auth.labelled import Labelled

_WORDS = re.compile("(?<=[a-z0-9])(?=[A-Z])")


def list_name(enum: str) -> str:
    """The name of the list of an enum's codes: `MigrationStage` is MIGRATION_STAGE, and stays so."""
    return _WORDS.sub("_", enum).upper()


class Code(str, Labelled):
    """One closed list; each member is its own text, with an Indonesian and an English label.

    `Sex["MALE"]` is a member by its code; it raises KeyError for an unknown code.
    """

    __str__ = str.__str__
    __format__ = str.__format__  # type: ignore[assignment]  # as in enum.StrEnum
