"""Schooling, work and card numbers of the demo's people, by age and sex.

Rule: a NIK encodes the birth date and the sex, begins with 99, which is no province, and is unique in the country.
Test: tests/test_demo_households.py.
"""

import datetime as dt
import random

from registry.codes import EducationLevel, Sex
from server.demo.episodes import pick

SERIALS, BLOCKS = 9_999, 24
ROOM = SERIALS * BLOCKS
"""How many numbers a village has for its people; ten are reserved for each household."""
SCHOOLING = {
    30: {"PRIMARY": 6, "LOWER_SECONDARY": 31, "UPPER_SECONDARY": 53, "DIPLOMA_3": 4, "BACHELOR": 6},
    45: {"SOME_PRIMARY": 4, "PRIMARY": 31, "LOWER_SECONDARY": 34, "UPPER_SECONDARY": 27, "BACHELOR": 4},
    120: {"NONE": 8, "SOME_PRIMARY": 26, "PRIMARY": 47, "LOWER_SECONDARY": 11, "UPPER_SECONDARY": 8},
}
"""Weights of the levels by the oldest age to which they apply."""
WORK = {
    Sex.MALE: {"9": 34, "19": 22, "15": 12, "88": 18, "13": 8, "89": 6},
    Sex.FEMALE: {"2": 52, "9": 16, "88": 18, "19": 8, "15": 6},
}


def card_number(number: int, day: int, date: dt.date) -> str:
    """Sixteen digits in the form of NIK and KK numbers, of a province that does not exist."""
    block, serial = divmod(number, SERIALS)
    return f"99{block:04d}{day:02d}{date:%m%y}{serial + 1:04d}"


def education(age: int, rng: random.Random) -> str:
    if age >= 19:
        return pick(next(weights for limit, weights in SCHOOLING.items() if age <= limit), rng)
    for limit, level in ((6, "NONE"), (12, "SOME_PRIMARY"), (15, "PRIMARY")):
        if age <= limit:
            return level
    return EducationLevel.LOWER_SECONDARY.value


def school(age: int, rng: random.Random) -> str:
    if age < 6:
        return "NOT_YET"
    if age < 13:
        weights = {"ATTENDING": 98, "DROPPED_OUT": 2}
    elif age < 16:
        weights = {"ATTENDING": 91, "DROPPED_OUT": 8}
    else:
        weights = {"ATTENDING": 80, "DROPPED_OUT": 8}
    return pick(weights, rng)


def occupation(age: int, sex: Sex, rng: random.Random) -> str:
    """A code of the family card's list: 1 none, 2 keeping house, 3 pupil, 9 farmer, 13 building, 15 employee, 19 day
    labourer, 88 trader, 89 other.
    """
    if age < 6 or age > 66:
        return "1"
    if age < 19:
        return "3"
    return pick(WORK[sex], rng)
