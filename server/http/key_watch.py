"""Keys that change while the service runs: every process reads changed key files within seconds, without a restart.

Rule: files that cannot be used, as while they are being copied, change nothing: the process goes on with the keys that
it has.  Tests: tests/test_signing_keys.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from auth.token import Keyring
from registry.guard.vault import Vault
from server.http.service import Service
from server.keys import POLL_SECONDS, KeyFileError, KeyFiles

log = logging.getLogger("desmigratif")


@asynccontextmanager
async def watching_keys(service: Service) -> AsyncIterator[None]:
    """Watch the key files of the service, if it has any: a demo's keys never change."""
    if service.key_files is None:
        yield
        return
    watching = asyncio.create_task(_watch(service, service.key_files))
    try:
        yield
    finally:
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


async def _watch(service: Service, files: KeyFiles) -> None:
    state = None  # the files may have changed since the process read them
    while True:
        try:
            now = await asyncio.to_thread(files.state)
            if now != state:
                keys = await asyncio.to_thread(_read, service, files)
                state = now
                if keys is not None:
                    service.keyring.take_over(keys[0])
                    service.vault.take_over(keys[1])
        except OSError as error:
            log.warning("Key files are not read: %s.", error.strerror)
        await asyncio.sleep(POLL_SECONDS)


def _read(service: Service, files: KeyFiles) -> tuple[Keyring, Vault] | None:
    """The keys in the files; None if the service must not use them."""
    try:
        keyring, vault = files.load()
    except KeyFileError as error:
        log.warning("Changed key files are not used: %s", error)
        return None
    if not vault.continues(service.vault):
        log.warning("Changed key files are not used: the vault's keys are another's, or of before a rotation.")
        return None
    return keyring, vault
