"""What a resolver knows of its request: who asks, in which language, and the doors to the registry."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field
from typing import Any

import orjson
from graphql import GraphQLObjectType, get_named_type
from graphql.execution.values import VariableValues

from auth.errors import Forbidden
from auth.principal import Principal
from auth.sensitivity import Sensitivity
from registry.db import Database
from registry.read.run import Reader
from registry.read.want import Equals, One, Root, Source
from registry.vault import Vault
from schema.cursor import Cursors
from schema.declare import FACES
from schema.limits import AT_ONCE
from schema.select import Selection, face_of
from schema.shapes import Related


@dataclass
class Context:
    """One request."""

    principal: Principal
    database: Database
    vault: Vault
    cursors: Cursors
    language: str
    variables: VariableValues | None = None
    reader: Reader = field(init=False)
    _turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE), init=False)

    def __post_init__(self) -> None:
        self.reader = Reader(self.database, self.principal, self.language)

    async def read(self, info: Any) -> orjson.Fragment | None:
        """Answer the root field of `info` by one statement."""
        selection, made, nodes = self._selection(info)
        shape = made.extensions["strawberry-definition"].metadata["shape"]
        if isinstance(shape, Related) and shape.kind is Sensitivity.OPERATIONAL and not self.principal.sees(shape.kind):
            raise Forbidden(field=info.field_name)
        found = await self._fetch(selection.root(made, nodes), selection.arguments)
        if found is None and isinstance(shape, Related) and shape.absent is not None:
            raise await shape.absent(self.reader, selection.arguments)
        return found

    async def reread(self, info: Any, record: uuid.UUID | None) -> orjson.Fragment | None:
        """The record of a payload, with the caller's eyes; None where nothing was stored."""
        if record is None:
            return None
        selection, made, nodes = self._selection(info)
        type_ = get_named_type(made.type)
        assert isinstance(type_, GraphQLObjectType)
        noun = FACES[face_of(type_)]
        assert noun is not None
        want = One("", Source(noun, None, (Equals("id", "record"),)), selection.object(type_, nodes))
        return await self._fetch(want, {**selection.arguments, "record": record})

    def _selection(self, info: Any) -> tuple[Selection, Any, Any]:
        raw = info._raw_info
        assert self.variables is not None
        selection = Selection(raw.schema, raw.fragments, self.variables, self.reader, self.cursors)
        return selection, raw.parent_type.fields[raw.field_name], raw.field_nodes

    async def _fetch(self, want: Root, arguments: dict[str, Any]) -> orjson.Fragment | None:
        async with self._turn:
            found = await self.reader.fetch(want, arguments)
        return None if found is None else orjson.Fragment(found)
