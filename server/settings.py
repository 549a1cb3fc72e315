"""What an operator may set: each setting is one field here, and its description is the documentation.

A value comes from the environment (`DATABASE_URL`, `DESMIGRATIF_*`), else from the TOML file that
`DESMIGRATIF_CONFIG` names, else it is the default. A name that nobody knows is refused, because a misspelt setting
would be a silent default.

The rule: no message and no printed form shows a value that was given, since one of them holds a password.
docs/settings.md is the table of this page. Tests: tests/test_settings.py.
"""

import os
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NamedTuple, Self, get_args

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

PREFIX = "DESMIGRATIF_"
LONGEST_STATEMENT_MS = 60_000
CONFIG = "DESMIGRATIF_CONFIG"


class SettingsError(Exception):
    """A setting is unknown, malformed or missing; the message is for the operator and shows no value."""


class Setting(NamedTuple):
    """One line of the documentation."""

    name: str
    type: str
    default: str
    description: str


class Settings(BaseSettings):
    """The settings of one process, which never change. Made by `load()`; tests may name fields directly."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        populate_by_name=True,
    )

    mode: Literal["production", "demo"] = Field(
        default="production",
        description="`demo` is for trying out, with invented people; never use it with data of real ones.",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        pattern="^postgres(ql)?://",
        repr=False,
        description="PostgreSQL 16 or newer, as `postgresql://user:password@host:5432/database`. Production cannot "
        "serve without it; the demo always uses a server of its own.",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on. TLS is the proxy's in front."
    )
    port: int = Field(default=8000, ge=1, le=65535, description="TCP port to listen on.")
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes that `serve` starts, each with connections of its own."
    )
    pool_size: int = Field(
        default=10, ge=1, le=1000, description="Most connections that one process opens to PostgreSQL for requests."
    )
    queue_timeout_ms: int = Field(
        default=2_000,
        ge=1,
        description="Milliseconds that a request waits for a connection before it is answered as OVERLOADED.",
    )
    listen_url: str | None = Field(
        default=None,
        pattern="^postgres(ql)?://",
        repr=False,
        description="The same database as `DATABASE_URL` without a pooler between, for the one connection of each "
        "process that hears of changed grants. None: `DATABASE_URL` itself. A listener that does not hear its own "
        "signs is not trusted, and grants are read at every request.",
    )
    statement_timeout_ms: int = Field(
        default=15_000,
        ge=1,
        le=LONGEST_STATEMENT_MS,
        description="Milliseconds after which a statement is cancelled and answered as TIMEOUT; a minute at most, "
        "because the login has a limit of its own in PostgreSQL.",
    )
    query_timeout_ms: int = Field(
        default=2_000,
        ge=1,
        description="Milliseconds that the statements by which one request reads may take together; what is left "
        "then is TIMEOUT. What commands store has the time of a statement.",
    )
    heavy_statements: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="Most statements of one process that read or answer much at the same time: as many as PostgreSQL "
        "can spare processors.",
    )
    max_body_bytes: int = Field(
        default=2_000_000, ge=1, description="Largest request body in bytes; a larger one is refused."
    )
    reveals_per_hour: int = Field(
        default=60,
        ge=1,
        le=10_000,
        description="Numbers of the vault that one account may ask to see in full in any hour, whatever it gets; one "
        "more is RATE_LIMITED. All workers and servers count together.",
    )
    taken_ids_per_hour: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="Different ids of other records that one account may try to give to new records in any hour; then "
        "its new records are RATE_LIMITED, and edits go on. One id tried so often is RATE_LIMITED alone.",
    )
    origins: str | None = Field(
        default=None,
        pattern=r"^(https?://[^\s/,*?#@]+)(\s*,\s*https?://[^\s/,*?#@]+)*$",
        description="Origins of the web pages that may call the API from a browser, separated by commas, such as "
        "`https://app.example.go.id`. None: no page may; the demo lets those of this machine.",
    )
    max_head_bytes: int = Field(
        default=32_000, ge=1_000, description="Largest head of a request in bytes, its address and headers together."
    )
    head_timeout_ms: int = Field(
        default=10_000, ge=1, description="Milliseconds in which a caller sends the whole head of a request."
    )
    body_timeout_ms: int = Field(
        default=60_000, ge=1, description="Milliseconds in which a caller sends the whole body of a request."
    )
    answer_timeout_ms: int = Field(
        default=30_000,
        ge=1,
        description="Milliseconds in which a caller takes 64 kB of an answer, or the rest of it; else it is cut off.",
    )
    max_connections: int = Field(
        default=1_000,
        ge=1,
        description="Most connections of callers to one process. Beyond it, the one that has waited longest without "
        "a request is closed; where all are at work, the new one is answered as OVERLOADED.",
    )
    max_connections_per_address: int = Field(
        default=500,
        ge=1,
        description="Most connections from one address to one process. Beyond it, the one of them that has waited "
        "longest without a request is closed; where all are at work, the new one is answered as RATE_LIMITED. A proxy "
        "in front is one address.",
    )
    metrics: bool = Field(
        default=False, description="Whether `/metrics` shows the service's counts, without names; the demo always does."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="TCP port of its own for `/metrics`, which is then there and nowhere else. None: that of the API, "
        "where `DESMIGRATIF_METRICS` is true.",
    )
    introspection: bool = Field(default=True, description="Whether clients may read the schema through the API.")
    issuer: str = Field(
        default="desmigratif", min_length=1, description="`iss` of the access tokens made and accepted."
    )
    audience: str = Field(
        default="desmigratif-api", min_length=1, description="`aud` of the access tokens made and accepted."
    )
    signing_keys: Path | None = Field(
        default=None, description="Folder of the keys that sign access tokens. Production cannot serve without it."
    )
    vault_keys: Path | None = Field(
        default=None, description="File of the keys that seal identity numbers. Production cannot serve without it."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = os.environ.get(CONFIG)
        return init_settings, env_settings, *([TomlConfigSettingsSource(settings_cls, file)] if file else [])

    @property
    def allowed_origins(self) -> list[str]:
        """The origins one by one, as browsers write them."""
        return [origin.strip().lower() for origin in (self.origins or "").split(",") if origin.strip()]

    def ready_to_serve(self) -> Self:
        """These settings, if a server can run with them. Raises SettingsError: what production needs is missing."""
        missing = [_name(field) for field in ("database_url", "signing_keys", "vault_keys") if not getattr(self, field)]
        if self.mode == "production" and missing:
            raise SettingsError(f"Production needs {', '.join(missing)}; `make demo` needs nothing.")
        return self


def load() -> Settings:
    """The settings that the environment and the file give. Raises SettingsError."""
    _refuse_unknown(
        (name for name in os.environ if name.upper().startswith(PREFIX)),
        [*(_name(field) for field in Settings.model_fields), CONFIG],
        "The environment",
    )
    if file := os.environ.get(CONFIG):
        try:
            content = tomllib.loads(Path(file).read_text(encoding="utf-8"))
        except OSError as error:
            raise SettingsError(f"{CONFIG} names {file}, which cannot be read: {error.strerror}.") from None
        except ValueError:  # of TOML or UTF-8; its message may quote a value
            raise SettingsError(f"{CONFIG} names {file}, which is not a TOML file.") from None
        _refuse_unknown(content, list(Settings.model_fields), f"The file {file}")
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError("; ".join(map(_sentence, error.errors(include_input=False, include_url=False)))) from None


def describe() -> list[Setting]:
    """Every setting in order: the name in the environment, what it takes, its default, what it means."""
    config = Setting(CONFIG, "path", "none", "TOML file with settings under their short names, such as `port = 8000`.")
    return [config] + [
        Setting(
            _name(field),
            _type(info.annotation),
            "none"
            if info.default is None
            else str(info.default).lower()
            if info.annotation is bool
            else str(info.default),
            info.description or "",
        )
        for field, info in Settings.model_fields.items()
    ]


def table() -> str:
    """The settings as a Markdown table."""
    rows = [f"| `{s.name}` | {s.type} | {s.default} | {s.description} |" for s in describe()]
    return "\n".join(["| name | takes | default | meaning |", "| --- | --- | --- | --- |", *rows])


def _name(field: str) -> str:
    """The field's name in the environment."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


def _type(annotation: Any) -> str:
    kinds = get_args(annotation) or (annotation,)
    words = {str: "text", int: "number", bool: "true or false", Path: "path"}
    return " or ".join(words.get(kind, f"`{kind}`") for kind in kinds if kind is not type(None))


def _refuse_unknown(names: Iterable[str], known: list[str], where: str) -> None:
    for name in names:
        if name.upper() not in map(str.upper, known):
            core = {setting.upper().removeprefix(PREFIX): setting for setting in known}
            near = core[get_close_matches(name.upper().removeprefix(PREFIX), core, 1, 0)[0]]
            raise SettingsError(
                f"{where} sets {name}, which is no setting: did you mean {near}? Settings are {', '.join(known)}."
            )


def _sentence(error: Any) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    name = _name(field) if field in Settings.model_fields else field
    return f"{name}: {error['msg']}" if name else str(error["msg"])
