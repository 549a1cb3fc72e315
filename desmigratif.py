"""The console script `desmigratif`: it makes sure that the packages it will import are ours, and starts.

Their names are common words, and another distribution may put its own package in the place of ours, as
`pip install schema` does.  What follows is an error far from its cause, or a registry with somebody else's code in it.
Rule: nothing of these packages is imported before all have been looked at.  Test: tests/test_ours.py.
"""

from __future__ import annotations

import sys
from importlib.metadata import packages_distributions, version
from importlib.util import find_spec
from pathlib import Path

PACKAGES = ("auth", "migrations", "registry", "schema", "server")
MARK = "package of the Desmigratif Registry"
"""What the first line of each of our packages says."""
DISTRIBUTION = "desmigratif-registry"


def fault() -> str | None:
    """The sentence for the operator if one of the packages is not ours; None if all are."""
    for name in PACKAGES:
        spec = find_spec(name)
        path = Path(spec.origin) if spec and spec.origin else None
        if path is None or MARK not in path.read_text(errors="replace").partition("\n")[0]:
            return _sentence(name, path)
    return None


def _sentence(name: str, path: Path | None) -> str:
    if path is None:
        return f"The Python package `{name}` of {DISTRIBUTION} is missing: install {DISTRIBUTION} again."
    distributions = {*packages_distributions().get(name, ())} - {DISTRIBUTION}
    others = [f"{each} {version(each)}" for each in sorted(distributions)]
    owner = f"of {' and '.join(others)}" if others else "not ours"
    return (
        f"The Python package `{name}` in {path.parent} is {owner}: install {DISTRIBUTION} in a virtual environment "
        "of its own, where nothing else has that name."
    )


def main() -> None:
    """Run the command line, or exit with the sentence of `fault`."""
    if sentence := fault():
        print(sentence, file=sys.stderr)  # noqa: T201  (nothing may be imported that prints better)
        sys.exit(1)
    from server.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
