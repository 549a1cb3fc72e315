"""Sign a token for a service account: python3 examples/service_token.py ACCOUNT_ID AUDIENCE private.pem

The registry's operator gives the team ACCOUNT_ID (`desmigratif service show`) and AUDIENCE (DESMIGRATIF_AUDIENCE), and
the team gives the operator its public key.  Needs `pip install 'pyjwt[crypto]'`.  Use the token until it expires.
"""

import base64
import hashlib
import json
import sys
import time
import uuid
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

MINUTES = 10  # at most 15


def main(account: str, audience: str, path: str) -> None:
    key = load_pem_private_key(Path(path).read_bytes(), None)
    raw = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    thumbprint = hashlib.sha256(json.dumps(_jwk(raw), separators=(",", ":")).encode()).digest()
    now = int(time.time())
    claims = {"iss": account, "sub": account, "aud": audience, "jti": uuid.uuid4().hex}
    claims |= {"iat": now, "exp": now + MINUTES * 60}
    print(jwt.encode(claims, key, "EdDSA", headers={"kid": _base64url(thumbprint)}))  # noqa: T201  (a script that prints its token)


def _jwk(raw: bytes) -> dict[str, str]:
    """The members of the key that its thumbprint is made of (RFC 7638, RFC 8037), in that order."""
    return {"crv": "Ed25519", "kty": "OKP", "x": _base64url(raw)}


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


if __name__ == "__main__":
    main(*sys.argv[1:])
