"""The documentation of the settings, from their declarations: docs/settings.md and `desmigratif settings`."""

from pathlib import Path
from typing import Any, NamedTuple, get_args

from server.provider_settings import ProviderSettings
from server.settings import CONFIG, Settings, name_of


class Setting(NamedTuple):
    """One line of the documentation."""

    name: str
    type: str
    default: str
    description: str


def describe() -> list[Setting]:
    """Every setting in order: its name in the environment, what it takes, its default and its meaning."""
    meaning = "TOML file with settings under their short names, such as `port = 8000`."
    settings = [Setting(CONFIG, "path", "none", meaning)]
    own_fields_first = sorted(Settings.model_fields.items(), key=lambda item: item[0] in ProviderSettings.model_fields)
    for field, info in own_fields_first:
        default = "none" if info.default is None else str(info.default)
        if info.annotation is bool:
            default = default.lower()
        settings.append(Setting(name_of(field), _kinds(info.annotation), default, info.description or ""))
    return settings


def table() -> str:
    """The settings as a Markdown table."""
    rows = [f"| `{s.name}` | {s.type} | {s.default} | {s.description} |" for s in describe()]
    return "\n".join(["| name | takes | default | meaning |", "| --- | --- | --- | --- |", *rows])


def _kinds(annotation: Any) -> str:
    kinds: list[Any] = []
    for kind in get_args(annotation) or (annotation,):
        kinds += get_args(kind) or (kind,)
    words = {str: "text", int: "number", bool: "true or false", Path: "path"}
    return " or ".join(words.get(kind, f"`{kind}`") for kind in kinds if kind is not type(None))
