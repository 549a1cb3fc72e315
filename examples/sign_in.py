"""Sign in to a registry: python3 examples/sign_in.py USERNAME < FILE

The first line of FILE is the password; a second one, if there is one, becomes the new password.  Prints the file of
tokens that examples/ask.py takes.  REGISTRY_URL names the registry.
"""

import json
import os
import sys
import urllib.request

SIGN_IN = """mutation SignIn($input: SignInInput!) {
  payload: signIn(input: $input) { session { accessToken } userErrors { code message } } }"""
CHANGE = """mutation ChangePassword($input: ChangePasswordInput!) {
  payload: changePassword(input: $input) { session { accessToken } userErrors { code message } } }"""


def token_of(mutation: str, variables: dict[str, str], token: str | None = None) -> str:
    """The access token of the session that the mutation returns.  Exits with what must be corrected."""
    url = os.environ.get("REGISTRY_URL", "http://127.0.0.1:8000/graphql")
    body = json.dumps({"query": mutation, "variables": {"input": variables}}).encode()
    headers = {"Content-Type": "application/json", "Accept-Language": "en"}
    if token is not None:
        headers["Authorization"] = f"Bearer {token}"
    request = urllib.request.Request(url, body, headers)  # noqa: S310  (an address that you give yourself)
    with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310  (the same address)
        content = json.load(answer)
    payload = (content.get("data") or {}).get("payload")
    if payload is None or payload["session"] is None:
        sys.exit(json.dumps(content.get("errors") or payload["userErrors"], ensure_ascii=False))
    access_token: str = payload["session"]["accessToken"]
    return access_token


def main(username: str) -> None:
    password, *new = sys.stdin.read().splitlines()
    token = token_of(SIGN_IN, {"username": username, "password": password})
    if new:
        token = token_of(CHANGE, {"current": password, "new": new[0]}, token)
    print(json.dumps({username: token}))  # noqa: T201  (a script that prints its answer)


if __name__ == "__main__":
    main(sys.argv[1])
