"""Inputs of records, derived from the faces, so that no field is declared twice.

An input field is a typed column under the face's name; masks are written by their plain name (`nikMasked` is written
`nik`), relations by id (`owner { id }` is written `ownerId`), regions by code (`village { code }`, `villageCode`).
Rule: every typed fact of a face is an input field and nothing else is.  Tests: tests/test_inputs.py.
"""
