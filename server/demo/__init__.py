"""The demo: a country small enough to read whole, on real names.

`country.csv` holds 12 provinces, 107 regencies, 314 districts and 402 programme villages, the coverage that the
programme reported at the end of 2019.
Rule: what a source confirms is marked `confirmed`; everything else is illustrative and
says so.
Test: tests/test_demo_geography.py.
"""
