"""What the ledgers must hold of a verified household, recounted naively from its document."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any

from registry.codes.kbli import SECTIONS
from registry.values import derived as derive

Document = Mapping[str, Mapping[str, Mapping[str, Any]]]
Row = dict[str, Any]
ABROAD = ("WORKING_ABROAD", "ON_HOME_LEAVE")
MIGRANT = ("PROSPECTIVE", *ABROAD, "RETURNED")
COUPLE = ("HUSBAND", "WIFE")


def first_day(partial: str | None) -> str | None:
    return None if partial is None else f"{partial}-01-01"[:10] if len(partial) == 4 else f"{partial}-01"[:10]


def newest(document: Document) -> dict[str, Mapping[str, Any]]:
    """Member → the newest episode."""
    episodes: dict[str, Mapping[str, Any]] = {}

    def begun(episode: Mapping[str, Any]) -> tuple[str, int]:
        dates = [episode.get(name) for name in ("departed_on", "registered_on", "contract_starts_on")]
        return next((date for date in dates if date), "9999"), episode["seq"]

    for episode in sorted(document["migration_episode"].values(), key=begun):
        episodes[episode["member_id"]] = episode
    return episodes


def parents(document: Document, child: str) -> Iterator[str]:
    """Those recorded; where none of the sex is, those of that sex whose relation to the head says so."""
    facts = document["member"][child]
    above = {"CHILD": ("HEAD", *COUPLE), "HEAD": ("PARENT",)} | dict.fromkeys(COUPLE, ("PARENT_IN_LAW",))
    for column, sex in (("mother_id", "FEMALE"), ("father_id", "MALE")):
        if facts.get(column):
            yield facts[column]
            continue
        for id_, other in document["member"].items():
            supposed = other.get("relation_to_head") in above.get(facts.get("relation_to_head") or "", ())
            if id_ != child and supposed and other.get("sex") == sex:
                yield id_


def are_spouses(document: Document, *pair: str) -> bool:
    relations = [document["member"][id_].get("relation_to_head") for id_ in pair]
    return "HEAD" in relations and any(relation in COUPLE for relation in relations)


def parents_abroad(document: Document, child: str) -> str:
    latest = newest(document)
    gone = {id_ for id_ in parents(document, child) if latest.get(id_, {}).get("stage") in ABROAD}
    facts = document["member"][child]
    # a recorded parent is the mother or the father by the column, whatever their sex
    mother = {facts["mother_id"]} if facts.get("mother_id") else {i for i in gone if sex_of(document, i) == "FEMALE"}
    father = {facts["father_id"]} if facts.get("father_id") else {i for i in gone if sex_of(document, i) == "MALE"}
    sides = (bool(gone & mother), bool(gone & father))
    return {(True, True): "BOTH", (True, False): "MOTHER", (False, True): "FATHER"}.get(sides, "NONE")


def sex_of(document: Document, member: str) -> Any:
    return document["member"][member].get("sex")


def sex_of_head(document: Document) -> Any:
    heads = [facts for facts in document["member"].values() if facts.get("relation_to_head") == "HEAD"]
    return heads[0].get("sex") if heads else None


def is_family(document: Document, member: str) -> bool:
    migrants = {e["member_id"] for e in document["migration_episode"].values() if e.get("stage") in MIGRANT}
    for other in migrants - {member}:
        kin = other in parents(document, member) or member in parents(document, other)
        if kin or are_spouses(document, member, other):
            return True
    return False


def remits(episode: Mapping[str, Any]) -> bool:
    """Something is known of money that comes, and not that none does."""
    if episode.get("remittance_frequency") == "NONE":
        return False
    columns = ("remittance_frequency", "remittance_band", "remittance_channel", "remittance_uses")
    return any(episode.get(column) for column in columns)


def running(document: Document) -> list[Mapping[str, Any]]:
    return [business for business in document["business"].values() if business["status"] == "RUNNING"]


UNIVERSAL = (
    ("member", ("birth_date", "education")),
    ("migration_episode", ("country", "sector", "scheme", "occupation_group")),
    ("business", ("kbli_code", "scale", "started_on")),
)


def is_known(name: str, answer: str | None) -> bool:
    if name in ("birth_date", "started_on"):
        return len(answer or "") == 10
    return answer not in (None, "", "UNKNOWN")


def households(document: Document) -> Iterator[tuple[str, Row]]:
    ((id_, _),) = document["household"].items()
    abroad = [episode for episode in newest(document).values() if episode.get("stage") in ABROAD]
    scaled = {id_: dict(business) | {"scale": _scale(business)} for id_, business in document["business"].items()}
    answers = [
        is_known(name, record.get(name))
        for noun, names in UNIVERSAL
        for record in (scaled if noun == "business" else document[noun]).values()
        for name in names
    ]
    yield (
        id_,
        {
            "pmi": bool(document["migration_episode"]),
            "has_business": bool(running(document)),
            "has_migrant_abroad": bool(abroad),
            "receives_remittances": any(remits(episode) for episode in abroad),
            "sex": sex_of_head(document),
            "answered": sum(answers),
            "answers": len(answers),
        },
    )


def persons(document: Document) -> Iterator[tuple[str, Row]]:
    for id_, facts in document["member"].items():
        care = [row.get("caregiver") for row in document.get("child_care", {}).values() if row["child_id"] == id_]
        row = {name: facts.get(name) for name in ("sex", "education", "residence", "life_status", "school_status")}
        row |= {"born": first_day(facts.get("birth_date")), "caregiver": next(iter(care), None)}
        attends = [r.get("attends_parenting") for r in document.get("child_care", {}).values() if r["child_id"] == id_]
        row |= {"attends_parenting": next(iter(attends), None)}
        yield id_, row | {"migrant_family": is_family(document, id_), "parents_abroad": parents_abroad(document, id_)}


def migrants(document: Document) -> Iterator[tuple[str, Row]]:
    of_newest = ("stage", "country", "sector", "scheme", "occupation_group", "procedural_status", "welfare")
    for id_, episode in newest(document).items():
        facts = document["member"][id_]
        early = [
            derive.underage_at_departure(facts.get("birth_date"), e.get("departed_on"))
            for e in document["migration_episode"].values()
            if e["member_id"] == id_
        ]
        row = {name: facts.get(name) for name in ("sex", "education", "life_status")}
        row |= {"born": first_day(facts.get("birth_date"))} | {name: episode.get(name) for name in of_newest}
        row |= {"contract_ends": first_day(episode.get("contract_ends_on")), "left_underage": any(early)}
        row |= {"insured": episode.get("social_security_jkk_jkm")}
        yield id_, row | {"has_business": any(business["owner_id"] == id_ for business in running(document))}


def episodes(document: Document) -> Iterator[tuple[str, Row]]:
    for id_, episode in document["migration_episode"].items():
        row = {name: episode.get(name) for name in ("country", "sector", "scheme", "occupation_group", "return_reason")}
        row |= {name: first_day(episode.get(name)) for name in ("departed_on", "returned_on")}
        yield id_, row | {"sex": sex_of(document, episode["member_id"])}


def _section(business: Mapping[str, Any]) -> str | None:
    code, version = business.get("kbli_code"), business.get("kbli_version")
    firsts = next((firsts for edition, firsts in SECTIONS.items() if edition.value == version), None)
    if firsts is None:
        return None
    begun = [letter for first, letter in firsts.items() if code is not None and first <= code[:2]]
    return f"{version} {begun[-1]}" if begun else None


def _scale(business: Mapping[str, Any]) -> str | None:
    rupiah = {
        name: Decimal(business[f"{name}_amount"]) if business.get(f"{name}_currency") == "IDR" else None
        for name in ("annual_sales", "capital")
    }
    return derive.scale(rupiah["annual_sales"], rupiah["capital"])


def survived(business: Mapping[str, Any]) -> bool | None:
    if business["status"] != "CLOSED":
        return True
    began, ended = first_day(business.get("started_on")), first_day(business.get("closed_on"))
    if began is None or ended is None:
        return None
    return ended >= f"{int(began[:4]) + 1}{began[4:]}".replace("-02-29", "-03-01")


def businesses(document: Document) -> Iterator[tuple[str, Row]]:
    for id_, business in document["business"].items():
        row = {name: business.get(name) for name in ("status", "field", "export_readiness", "owner_category")}
        row |= {name: first_day(business.get(name)) for name in ("started_on", "closed_on")}
        paid = (business.get("workers_paid_male") or 0) + (business.get("workers_paid_female") or 0)
        row |= {"workers_family": business.get("workers_family") or 0, "workers_paid": paid}
        row |= {"survived": survived(business)}
        row |= {"kbli_section": _section(business), "scale": _scale(business)}
        yield id_, row | {"has_nib": business.get("nib") is not None}


UNITS: dict[str, Callable[[Document], Iterator[tuple[str, Row]]]] = {
    "ledger_household": households,
    "ledger_person": persons,
    "ledger_migrant": migrants,
    "ledger_episode": episodes,
    "ledger_business": businesses,
}
"""Ledger → the id and the facts of each row that a household has in it."""
