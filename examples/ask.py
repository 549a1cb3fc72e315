"""Ask the demo as one of its personas: python3 examples/ask.py PERSONA QUERY [VARIABLES]

QUERY is GraphQL or a file that holds it, VARIABLES is JSON or a file that holds it.  Prints the answer's data, or its
errors.  REGISTRY_URL and TOKENS name another address and token file than those of `make demo`.
"""

import json
import os
import sys
import urllib.error
import urllib.request
from pathlib import Path


def read(text: str) -> str:
    """The content of a file of this name, else the text itself."""
    return Path(text).read_text() if text.endswith((".graphql", ".json")) else text


def main(persona: str, query: str, variables: str = "{}") -> None:
    url = os.environ.get("REGISTRY_URL", "http://127.0.0.1:8000/graphql")
    tokens = json.loads(Path(os.environ.get("TOKENS", ".demo/tokens.json")).read_text())
    body = json.dumps({"query": read(query), "variables": json.loads(read(variables))}).encode()
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}
    headers["Authorization"] = f"Bearer {tokens[persona]}"
    request = urllib.request.Request(url, body, headers)  # noqa: S310  (an address that you give yourself)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (the same address)
            said = json.load(answer)
    except urllib.error.HTTPError as error:
        said = json.load(error)
    print(json.dumps(said.get("errors") or said["data"], indent=2, ensure_ascii=False))  # noqa: T201  (a script that prints its answer)


if __name__ == "__main__":
    main(*sys.argv[1:])
