"""What an operator may set of sign-in: how long sessions last, how much is hashed, and which proxies are believed.

They are settings like all others (server/settings.py).  Tests: tests/test_settings.py, tests/test_address.py.
"""

import ipaddress
from typing import Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SignInSettings(BaseSettings):
    """The settings of sign-in."""

    session_days: int = Field(
        default=30,
        ge=1,
        le=365,
        description="Days after which a session ends and its holder signs in again.",
    )
    session_idle_days: int = Field(
        default=7,
        ge=1,
        le=365,
        description="Days after which a session that was not renewed ends: as long as a field app may be offline.",
    )
    office_session_hours: int = Field(
        default=12,
        ge=1,
        le=8760,
        description="Hours after which a session ends that began with a second factor, as of everybody who sees beyond "
        "one village.",
    )
    hashes_at_once: int = Field(
        default=2,
        ge=1,
        le=64,
        description="Most passwords that one process hashes at the same time; each takes 64 MiB and a processor.",
    )
    proxies: str | None = Field(
        default=None,
        pattern=r"^[0-9a-fA-F:.]+(/[0-9]+)?(\s*,\s*[0-9a-fA-F:.]+(/[0-9]+)?)*$",
        description="Addresses or networks of the proxies in front, separated by commas, such as `10.0.0.0/8`: from "
        "them alone the caller's address is taken from a header. None: the address of the connection is the caller's.",
    )
    proxy_header: Literal["x-forwarded-for", "forwarded"] = Field(
        default="x-forwarded-for",
        description="The header in which those proxies write the caller's address; the other one is not read.",
    )

    @field_validator("proxies")
    @classmethod
    def _only_networks(cls, value: str | None) -> str | None:
        if value is not None:
            _networks(value)
        return value

    @property
    def proxy_networks(self) -> list[Network]:
        """The networks of the proxies one by one."""
        return _networks(self.proxies or "")


def _networks(text: str) -> list[Network]:
    """Raises ValueError for what is no network, or names a host inside one."""
    return [ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip()]
