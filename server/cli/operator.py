"""Who runs a verb, as the operating system names them: the audit row of what they did says so.

Rule: the name comes from the process's user, never from an argument or from USER; after `sudo` it is the person's own
beside root's.  Test: tests/test_cli_programmes.py.
"""

from __future__ import annotations

import os
import pwd

from registry.values.text import clean


def operator() -> str:
    """The name of the operating system's user, or its number if it has none (as in some containers)."""
    number = os.getuid()
    try:
        name = pwd.getpwuid(number).pw_name
    except KeyError:
        name = f"uid {number}"
    person = clean(os.environ.get("SUDO_USER", "")) if number == 0 else None
    return f"{person} ({name})" if person and person != name else name
