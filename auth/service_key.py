"""Keys of service accounts: a team signs its own tokens with a private key, of which we know the public half only.

A token of a service is a JWT as ours are (auth/token.py), with the account's id as its issuer and its subject, after
the assertions of RFC 7523.  Its header names the key by its thumbprint (RFC 7638), so that a key can be replaced while
tokens of both are valid.
Rule: no private key of a team is ever accepted, and no other kind of key than Ed25519.
Test: tests/test_service_keys.py
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from auth.token import Keyring


class ServiceKeyError(Exception):
    """A file that is not the public key of a team; the message says what to do."""


@dataclass(frozen=True)
class ServiceKey:
    """A public key: `kid` is its thumbprint, `public_key` its 32 bytes in base64url, as in a JWK (RFC 8037)."""

    kid: str
    public_key: str

    @classmethod
    def read(cls, pem: bytes) -> ServiceKey:
        """The key of a PEM file.  Raises ServiceKeyError."""
        if b"PRIVATE KEY" in pem:
            raise ServiceKeyError("This is a private key: keep it, and give the public one (`openssl pkey -pubout`).")
        try:
            key = load_pem_public_key(pem)
        except (ValueError, UnsupportedAlgorithm):
            raise ServiceKeyError("This is not a public key in PEM (`-----BEGIN PUBLIC KEY-----`).") from None
        if not isinstance(key, Ed25519PublicKey):
            raise ServiceKeyError("This is not an Ed25519 key: `openssl genpkey -algorithm ed25519` makes one.")
        (jwk,) = Keyring("-", "-", verifying=[key]).jwks()["keys"]
        return cls(jwk["kid"], jwk["x"])

    def keyring(self, service: UUID, audience: str) -> Keyring:
        """What verifies the tokens that the team of this service account signs for us."""
        key = Ed25519PublicKey.from_public_bytes(urlsafe_b64decode(f"{self.public_key}="))
        return Keyring(str(service), audience, verifying=[key])
