"""What an operator may set: each setting is one field here, and its description is the documentation.

A value comes from the environment (`DATABASE_URL`, `DESMIGRATIF_*`), else from the TOML file that
`DESMIGRATIF_CONFIG` names, else it is the default. An unknown name is refused, because a misspelt setting would
silently have its default.

Rule: no message and no printed form shows the value of a setting, because one of them holds a password.
docs/settings.md is the table of this page. Tests: tests/test_settings.py.
"""

import os
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from server.provider_settings import ProviderSettings
from server.sign_in_settings import SignInSettings

PREFIX = "DESMIGRATIF_"
LONGEST_STATEMENT_MS = 60_000
CONFIG = "DESMIGRATIF_CONFIG"
CONNECTIONS_PER_PROCESSOR = 3
FEWEST_CONNECTIONS = 3  # so that a caller who runs a heavy statement has another connection


class SettingsError(Exception):
    """A setting is unknown, malformed or missing; the message is for the operator and shows no value."""


class Settings(ProviderSettings, SignInSettings):
    """The settings of one process, which never change. `load()` makes them; tests may pass fields directly."""

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
        description="`demo` is for trying the registry with invented people; never use it with data of real people.",
    )
    database_url: str | None = Field(
        default=None,
        validation_alias="DATABASE_URL",
        pattern="^postgres(ql)?://",
        repr=False,
        description="PostgreSQL 16 or newer, as `postgresql://user:password@host:5432/database`. Production cannot "
        "serve without it; the demo always uses a server of its own.",
    )
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on. A proxy in front does TLS.")
    port: int = Field(default=8000, ge=1, le=65535, description="TCP port to listen on.")
    workers: int = Field(
        default=1, ge=1, le=64, description="Processes that `serve` starts, each with connections of its own."
    )
    pool_size: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Most connections that one process opens to PostgreSQL for requests. None: three for each "
        "processor of the machine, shared among the workers, at least three: more statements at a time make each "
        "other wait. If PostgreSQL has another machine or fewer processors, count those.",
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
        "process that hears of changed grants. None: `DATABASE_URL` itself. A process that does not hear its own "
        "heartbeat there reads grants at every request.",
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
        description="Milliseconds that all reads of one request may take together; root fields that are not finished "
        "then are TIMEOUT. Each write of a command has the time of one statement.",
    )
    heavy_statements: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Most statements of one process that read or answer much at the same time: as many as PostgreSQL "
        "can spare processors. None: a third of the connections.",
    )
    max_body_bytes: int = Field(
        default=2_000_000, ge=1, description="Largest request body in bytes; a larger one is refused."
    )
    reveals_per_hour: int = Field(
        default=60,
        ge=1,
        le=10_000,
        description="How often one account may ask for a number of the vault in full in any hour, whether or not it "
        "gets one; one more is RATE_LIMITED. All workers and servers count together.",
    )
    taken_ids_per_hour: int = Field(
        default=20,
        ge=1,
        le=10_000,
        description="How many different ids of other records one account may try to use for new records in any hour; "
        "after that its new records are RATE_LIMITED, its edits are not. An id that was tried so often is RATE_LIMITED "
        "alone.",
    )
    origins: str | None = Field(
        default=None,
        pattern=r"^(https?://[^\s/,*?#@]+)(\s*,\s*https?://[^\s/,*?#@]+)*$",
        description="Origins of the web pages that may call the API from a browser, separated by commas, such as "
        "`https://app.example.go.id`. None: no page may; in the demo, pages of this machine may.",
    )
    max_head_bytes: int = Field(
        default=32_000, ge=1_000, description="Largest head of a request in bytes: its address and headers together."
    )
    head_timeout_ms: int = Field(
        default=10_000, ge=1, description="Milliseconds within which a caller must send the whole head of a request."
    )
    body_timeout_ms: int = Field(
        default=60_000, ge=1, description="Milliseconds within which a caller must send the whole body of a request."
    )
    answer_timeout_ms: int = Field(
        default=30_000,
        ge=1,
        description="Milliseconds within which a caller must take 64 kB of an answer, or the rest of it; otherwise the "
        "connection is closed.",
    )
    max_connections: int = Field(
        default=1_000,
        ge=1,
        description="Most connections of callers to one process. At the limit, the one that has waited longest without "
        "a request is closed; if all have one, the new connection is answered as OVERLOADED.",
    )
    max_connections_per_address: int = Field(
        default=500,
        ge=1,
        description="Most connections from one address to one process. At the limit, the one of them that has waited "
        "longest without a request is closed; if all have one, the new connection is answered as RATE_LIMITED. A proxy "
        "in front is one address: set this as high as `DESMIGRATIF_MAX_CONNECTIONS` behind one.",
    )
    log_format: Literal["json", "plain"] | None = Field(
        default=None,
        description="How each line of the log is written, on standard error: a JSON object, or plain text. None: JSON; "
        "plain in the demo.",
    )
    metrics: bool = Field(
        default=False, description="Whether `/metrics` shows the service's counts, without names; the demo always does."
    )
    metrics_port: int | None = Field(
        default=None,
        ge=1,
        le=65535,
        description="TCP port for `/metrics` alone, such as 9100; no other port serves it then. None: the port of the "
        "API, if `DESMIGRATIF_METRICS` is true.",
    )
    graphiql: bool = Field(
        default=False,
        description="Whether browsers get GraphiQL, an editor of queries, at `/graphql`; the demo always does.",
    )
    introspection: bool = Field(default=True, description="Whether clients may read the schema through the API.")
    issuer: str = Field(
        default="desmigratif", min_length=1, description="`iss` of the access tokens that are made and accepted."
    )
    audience: str = Field(
        default="desmigratif-api", min_length=1, description="`aud` of the access tokens that are made and accepted."
    )
    signing_keys: Path | None = Field(
        default=None,
        description="Folder of the keys that sign access tokens, as `desmigratif keys create` makes it. Production "
        "cannot serve without it.",
    )
    vault_keys: Path | None = Field(
        default=None,
        description="File of the keys that seal identity numbers, as `desmigratif vault create` makes it. "
        "Production cannot serve without it.",
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
        if not file:
            return init_settings, env_settings
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, file)

    @property
    def connections(self) -> int:
        """How many connections to PostgreSQL one process opens at most (docs/decisions/pool.md)."""
        shared = -(-CONNECTIONS_PER_PROCESSOR * _processors() // self.workers)
        return self.pool_size or max(shared, FEWEST_CONNECTIONS)

    @property
    def heavy_at_once(self) -> int:
        """How many of them may run a heavy statement at the same time."""
        return self.heavy_statements or max(self.connections // CONNECTIONS_PER_PROCESSOR, 1)

    @property
    def log_form(self) -> str:
        """How lines of the log are written: `json` or `plain`."""
        return self.log_format or ("plain" if self.mode == "demo" else "json")

    @property
    def allowed_origins(self) -> list[str]:
        """The origins one by one, as browsers write them."""
        return [origin.strip().lower() for origin in (self.origins or "").split(",") if origin.strip()]

    def ready_to_serve(self) -> Self:
        """These settings. Raises SettingsError if one that production needs is missing."""
        needed = ("database_url", "signing_keys", "vault_keys")
        missing = [name_of(field) for field in needed if not getattr(self, field)]
        if self.mode == "production" and missing:
            raise SettingsError(
                f"Production needs {', '.join(missing)}; docs/operating.md says how to make them, `make demo` needs "
                "nothing."
            )
        return self


def _processors() -> int:
    """How many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load() -> Settings:
    """The settings of the environment and the file. Raises SettingsError."""
    ours = [name for name in os.environ if name.upper().startswith(PREFIX)]
    names = [name_of(field) for field in Settings.model_fields]
    _refuse_unknown(ours, [*names, CONFIG], "The environment")
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
        problems = error.errors(include_input=False, include_url=False)
        raise SettingsError("; ".join(map(_sentence, problems))) from None


def name_of(field: str) -> str:
    """The field's name in the environment."""
    alias = Settings.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else PREFIX + field.upper()


def _refuse_unknown(names: Iterable[str], settings: list[str], where: str) -> None:
    short_names = {setting.upper().removeprefix(PREFIX): setting for setting in settings}
    for name in names:
        if name.upper() in map(str.upper, settings):
            continue
        (nearest,) = get_close_matches(name.upper().removeprefix(PREFIX), short_names, 1, 0)
        raise SettingsError(
            f"{where} sets {name}, which is no setting: did you mean {short_names[nearest]}? "
            f"Settings are {', '.join(settings)}."
        )


def _sentence(error: Any) -> str:
    field = str(error["loc"][0]) if error["loc"] else ""
    name = name_of(field) if field in Settings.model_fields else field
    if error["type"] == "string_pattern_mismatch":  # the message shows a pattern, which only programmers read
        return f"{name}: it is not written as it must be. {Settings.model_fields[field].description}"
    return f"{name}: {error['msg']}" if name else str(error["msg"])
