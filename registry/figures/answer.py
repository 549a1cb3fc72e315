"""The rows of an answer to a question of figures: their keys with words, and their figures.

Nothing here shows more than the database has answered (registry/guard/statistics.py).  Tests: tests/test_statistics.py.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from auth.sensitivity import Sensitivity
from registry.codes import (
    AssistanceType,
    BusinessField,
    BusinessScale,
    CaregiverRelation,
    CaseStatus,
    CaseType,
    Code,
    CooperativeStatus,
    Dimension,
    EducationLevel,
    ExportReadiness,
    MigrationStage,
    OccupationGroup,
    OwnerCategory,
    ParentsAbroad,
    PlacementScheme,
    ProceduralStatus,
    ReturnReason,
    SchoolStatus,
    Sector,
    ServiceType,
    Sex,
    WorkflowState,
    list_name,
)
from registry.figures.catalogue import INDICATORS
from registry.models.fact import Derived, Fact, StatementContext
from registry.models.noun import C_TEXT, TableFunction, const
from registry.models.reference import in_language
from registry.models.region import PROGRAMME
from registry.read.grouping import PLACES, UNKNOWN, Words, label_of, month_in_words, section_in_words
from registry.values.bounds import Bounds

OPEN = Sensitivity.OPEN
TEXTS = ARRAY(sa.Text())


class Lines(TableFunction):
    """The rows of the parent answer."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # (SELECT e$.value AS line, t$1.question, t$1.area, CAST(md5(CAST(e$.value -> 1 AS TEXT)) AS UUID) AS id
        #  FROM jsonb_array_elements(t$1.lines) AS e$) AS t$2
        assert parent is not None
        element = sa.func.jsonb_array_elements(parent.c.lines).table_valued(
            sa.column("value", JSONB()), name=f"{name}e"
        )
        return _line(parent, element.c.value).select_from(element).correlate(parent).subquery(name)


class TotalLine(TableFunction):
    """One row: the parent answer without a breakdown."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        assert parent is not None
        return _line(parent, parent.c.total).correlate(parent).subquery(name)


def _line(parent: sa.FromClause, value: sa.ColumnElement[Any]) -> sa.Select[Any]:
    keys = value.op("->", return_type=JSONB())(const(1))
    return sa.select(
        value.op("->>")(const(0)).label("area"),
        keys.label("line"),
        value.op("->", return_type=JSONB())(const(2)).label("figures"),
        parent.c.question,
        sa.cast(sa.func.md5(sa.cast(keys, sa.Text())), sa.Uuid()).label("id"),
    )


class AskedIndicators(TableFunction):
    """The definitions of the indicators asked for, in that order; `n` is the place in the catalogue."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        # (SELECT array_position('{VILLAGES_ENROLLED,…}', i$.value) AS n, CAST(i$.n AS INTEGER) AS at
        #  FROM jsonb_array_elements_text(t$1.question -> 'indicators') WITH ORDINALITY AS i$(value, n)) AS t$2
        assert parent is not None
        asked = _asked_names(parent, f"{name}i")
        names = sa.cast(const("{" + ",".join(name.value for name in INDICATORS) + "}"), TEXTS)
        place = sa.func.array_position(names, asked.c.value, type_=sa.Integer())
        rows = sa.select(place.label("n"), sa.cast(asked.c.n, sa.Integer()).label("at"))
        return rows.select_from(asked).correlate(parent).subquery(name)


def _asked_names(row: sa.FromClause, name: str) -> Any:
    """The indicators asked for, as rows of `value` and `n`, which counts from 1."""
    names = sa.func.jsonb_array_elements_text(row.c.question.op("->", return_type=JSONB())(const("indicators")))
    return names.table_valued(sa.column("value", sa.Text()), with_ordinality="n", name=name).render_derived()


class Keys(TableFunction):
    """The keys of the parent row, in the order of the dimensions asked for."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        assert parent is not None
        dimension = sa.func.jsonb_array_elements_text(parent.c.question.op("->", return_type=JSONB())(const("by")))
        dimensions = dimension.table_valued(sa.column("value", sa.Text()), with_ordinality="n", name=f"{name}d")
        dimensions = dimensions.render_derived()
        number = sa.cast(dimensions.c.n, sa.Integer())
        key = sa.func.coalesce(sa.func.nullif(parent.c.line.op("->>")(number - const(1)), const("")), const(UNKNOWN))
        # The total has no keys.
        has_keys = parent.c.line != sa.cast(const("[]"), JSONB())
        rows = sa.select(number.label("n"), dimensions.c.value.label("dimension"), key.label("key"), parent.c.area)
        return rows.select_from(dimensions).where(has_keys).correlate(parent).subquery(name)


class Figures(TableFunction):
    """The figures of the parent row, in the order of the indicators asked for."""

    row_sensitivity = OPEN

    @staticmethod
    def rows(parent: sa.FromClause | None, name: str) -> sa.FromClause:
        assert parent is not None
        element = sa.func.jsonb_array_elements(parent.c.figures)
        figures = element.table_valued(
            sa.column("value", JSONB()), with_ordinality="n", name=f"{name}f"
        ).render_derived()
        rows = sa.select(sa.cast(figures.c.n, sa.Integer()).label("n"), figures.c.value, parent.c.area)
        return rows.select_from(figures).correlate(parent).subquery(name)


def of_answer(parent: sa.FromClause, child: sa.FromClause) -> sa.ColumnElement[bool]:
    """Link: always true, because the rows are made from the parent's."""
    return sa.true()


def shown_part(name: str, type_: Any, label_id: str, label_en: str, expression: Any, **more: Any) -> Derived[Any]:
    return Derived(name, Fact(OPEN, label_id, label_en, server=True, bounds=Bounds(200)), expression, type_, **more)


def column(name: str, type_: Any, label_id: str, label_en: str, **more: Any) -> Derived[Any]:
    return shown_part(name, type_, label_id, label_en, lambda row, ctx: row.c[name], **more)


# --- a row ------------------------------------------------------------------------------------------------------------

sort_key: Derived[str] = shown_part(
    "sort_key",
    C_TEXT,
    "Urutan",
    "The keys as text; what is not known comes last",
    lambda row, ctx: sa.func.replace(sa.cast(row.c.line, sa.Text()), const('""'), const('"~"')),
    nullable=False,
)


def value_of_indicator(name: str) -> Derived[float | None]:
    """The value of one of the indicators asked for; null if it is not among them."""

    def value(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
        # (SELECT CAST(t$2.figures -> CAST(i$.n - 1 AS INTEGER) ->> 0 AS DOUBLE PRECISION)
        #  FROM jsonb_array_elements_text(t$2.question -> 'indicators') WITH ORDINALITY AS i$(value, n)
        #  WHERE i$.value = 'BUSINESSES')
        asked = _asked_names(row, "i$")
        figure = row.c.figures.op("->", return_type=JSONB())(sa.cast(asked.c.n, sa.Integer()) - const(1))
        number: Any = sa.cast(figure.op("->>")(const(0)), sa.Double())
        select = sa.select(number).select_from(asked).where(asked.c.value == const(name))
        return select.correlate(row).scalar_subquery()

    return shown_part(f"value_of_{name}", sa.Double(), "Nilai", f"Value of {name}", value)


# --- a key ------------------------------------------------------------------------------------------------------------

_LISTS: dict[Dimension, type[Code]] = {
    Dimension.SEX: Sex,
    Dimension.EDUCATION: EducationLevel,
    Dimension.STAGE: MigrationStage,
    Dimension.SECTOR: Sector,
    Dimension.SCHEME: PlacementScheme,
    Dimension.OCCUPATION_GROUP: OccupationGroup,
    Dimension.RETURN_REASON: ReturnReason,
    Dimension.PROCEDURAL_STATUS: ProceduralStatus,
    Dimension.PARENTS_ABROAD: ParentsAbroad,
    Dimension.SCHOOL_STATUS: SchoolStatus,
    Dimension.CAREGIVER: CaregiverRelation,
    Dimension.BUSINESS_FIELD: BusinessField,
    Dimension.BUSINESS_SCALE: BusinessScale,
    Dimension.EXPORT_READINESS: ExportReadiness,
    Dimension.OWNER_CATEGORY: OwnerCategory,
    Dimension.ASSISTANCE_TYPE: AssistanceType,
    Dimension.CASE_TYPE: CaseType,
    Dimension.CASE_STATUS: CaseStatus,
    Dimension.SERVICE_TYPE: ServiceType,
    Dimension.COOPERATIVE_STATUS: CooperativeStatus,
    Dimension.WORKFLOW_STATE: WorkflowState,
}


def _programme_in_words(code: sa.ColumnElement[Any], ctx: StatementContext) -> sa.ColumnElement[Any]:
    programme = PROGRAMME.alias("n$")
    return sa.select(programme.c.name).where(programme.c.code == code).correlate_except(programme).scalar_subquery()


_WORDS: dict[Dimension, Words] = {
    **{Dimension[level]: place.words for level, place in PLACES.items()},
    **{dimension: label_of(list_name(codes.__name__)) for dimension, codes in _LISTS.items()},
    Dimension.COUNTRY: label_of("COUNTRY"),
    Dimension.SKILL: label_of("SKILL"),
    Dimension.KBLI_SECTION: section_in_words,
    Dimension.PROGRAMME: _programme_in_words,
    Dimension.MONTH: month_in_words,
}
"""How the keys of a dimension are said in words; the others need none."""


def _in_words(row: sa.FromClause, ctx: StatementContext) -> sa.ColumnElement[Any]:
    # CASE WHEN (t$3.key = 'UNKNOWN') THEN CASE WHEN ($language = 'en') THEN 'Not known' ELSE 'Tidak diketahui' END
    #      ELSE coalesce(CASE t$3.dimension WHEN 'PROVINCE' THEN (SELECT r$.name …) WHEN … END, t$3.key) END
    unknown = in_language(ctx, const("Tidak diketahui"), const("Not known"))
    words = {const(dimension.value): in_words(row.c.key, ctx) for dimension, in_words in _WORDS.items()}
    known = sa.func.coalesce(sa.case(words, value=row.c.dimension), row.c.key)
    return sa.case((row.c.key == const(UNKNOWN), unknown), else_=known)


asked_at: Derived[int] = column("at", sa.Integer(), "Urutan", "Place in the question", nullable=False)
place: Derived[int] = column("n", sa.Integer(), "Urutan", "Place", nullable=False)
dimension: Derived[Dimension] = column(
    "dimension", C_TEXT, "Rincian", "What is broken down", codes=Dimension, nullable=False
)
key: Derived[str] = column("key", C_TEXT, "Kunci", "Code of the part, UNKNOWN for what is not recorded")
label: Derived[str] = shown_part("label", sa.Text(), "Label", "The key in words", _in_words)

# --- a figure ---------------------------------------------------------------------------------------------------------


def _part(name: str, at: int, type_: Any, label_id: str, label_en: str) -> Derived[Any]:
    return shown_part(
        name, type_, label_id, label_en, lambda row, ctx: sa.cast(row.c.value.op("->>")(const(at)), type_)
    )


value: Derived[float | None] = _part(
    "value", 0, sa.Double(), "Nilai", "Null when suppressed, or when nothing could be counted"
)
suppressed: Derived[bool] = _part(
    "suppressed",
    1,
    sa.Boolean(),
    "Disembunyikan",
    "Too small or too fine to be published: the published number is 0, which stands for 0 to 4",
)
exact: Derived[bool] = _part(
    "exact", 2, sa.Boolean(), "Persis", "The true live count; else a published number: a multiple of `roundedTo`"
)
margin: Derived[int] = _part(
    "margin", 3, sa.Integer(), "Selisih", "How far a published number may be from the truth; 0 when exact"
)
