"""Production's way in, in a real browser: a password, the duties it may bring, a second factor, and its renewal."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pyotp
import pytest
import uvicorn
from playwright.async_api import Page, async_playwright, expect

from server.http.web import load
from tests.eventually import eventually
from tests.test_browser import CHROMIUM, NO_OTHER_HOST
from tests.test_browser import pytestmark as needs_browser
from tests.test_sign_in import PASSWORD, with_password
from tests.village import Place, served_with

pytestmark = [*needs_browser, pytest.mark.anyio]
NEW_PASSWORD = "empat kata acak sekali"
STORED = "JSON.parse(sessionStorage.getItem('desmigratif.session'))"
AGED = f"sessionStorage.setItem('desmigratif.session', JSON.stringify({{...{STORED}, obtainedAt: 0, "
AGED += "expiresAt: '2026-01-01T00:00:00Z'}))"


@asynccontextmanager
async def served(village: Place) -> AsyncIterator[str]:
    """The village as production serves it, at this origin."""
    async with served_with(village, mode="production", graphiql=True) as place:
        place.app.service.web = load()
        listener = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(place.app, lifespan="off", ws="none", log_level="error"))
        running = asyncio.create_task(server.serve([listener]))
        await eventually(lambda: server.started)
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def opened(origin: str, **options: Any) -> AsyncIterator[Page]:
    """A page of a browser that has nothing stored yet; what it asked for is checked in the end."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", NO_OTHER_HOST])
        page = await (await browser.new_context(**{"locale": "id-ID"} | options)).new_page()
        page.set_default_timeout(20_000)
        addresses: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: addresses.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(origin)
        yield page
        stored = json.dumps(await page.evaluate("({...localStorage})"))
        await browser.close()
    assert faults == []
    assert [url for url in addresses if not url.startswith((f"{origin}/", "data:"))] == []
    assert [url for url in addresses if "password" in url or "Token" in url or "?" in url] == []
    assert set(json.loads(stored)) <= {"desmigratif.device", "desmigratif.language"}


async def fill_in(page: Page, username: str, password: str) -> None:
    await page.get_by_label("Nama pengguna").fill(username)
    await page.get_by_label("Kata sandi", exact=True).fill(password)
    await page.get_by_role("button", name="Masuk").click()


async def test_a_temporary_password_leads_through_both_duties_to_the_grants(village: Place) -> None:
    _, username = await with_password(village, "REGENCY_COORDINATOR", temporary=True)
    async with served(village) as origin, opened(origin) as page:
        await fill_in(page, username, "sandi yang salah")
        await expect(page.get_by_role("alert")).to_contain_text("kode salah")
        await fill_in(page, username, PASSWORD)

        change = page.get_by_role("form", name="Ganti kata sandi")
        await expect(change).to_contain_text("hanya untuk sekali masuk")
        for label, text in (("sekarang", PASSWORD), ("baru", NEW_PASSWORD), ("Ulangi", "bukan kata sandi itu")):
            await change.get_by_label(re.compile(f"(^Kata sandi {label}|^{label})")).fill(text)
        await change.get_by_role("button", name="Ganti kata sandi").click()
        await expect(change.get_by_role("alert")).to_contain_text("tidak sama")
        await change.get_by_label("Ulangi").fill(NEW_PASSWORD)
        await change.get_by_role("button", name="Ganti kata sandi").click()

        factor = page.get_by_role("form", name="Verifikasi dua langkah")
        await factor.get_by_label("Kata sandi sekarang").fill(NEW_PASSWORD)
        await factor.get_by_role("button", name="Pasang").click()
        await expect(factor.get_by_role("img", name="QR")).to_be_visible()
        key = await factor.locator("code").inner_text()
        await factor.get_by_label("Kode verifikasi").fill(pyotp.TOTP(key).now())
        await factor.get_by_role("button", name="Lanjutkan").click()
        codes = page.locator(".recovery code")
        await expect(codes).to_have_count(10)
        recovery_code = await codes.first.inner_text()
        await page.get_by_role("button", name="Sudah saya catat").click()
        await expect(page.get_by_text("Koordinator Dinas kab/kota")).to_be_visible()

        await page.get_by_role("button", name="Keluar").click()
        await fill_in(page, username, NEW_PASSWORD)
        await page.get_by_role("textbox", name="Kode verifikasi").fill(recovery_code)
        await page.get_by_role("button", name="Lanjutkan").click()
        await expect(page.get_by_text("Koordinator Dinas kab/kota")).to_be_visible()


async def test_a_session_is_renewed_and_ended(village: Place) -> None:
    _, username = await with_password(village)
    async with served(village) as origin, opened(origin) as page:
        await fill_in(page, username, PASSWORD)
        await expect(page.get_by_text("Petugas Desmigratif")).to_be_visible()
        before = await page.evaluate(STORED)
        await page.evaluate(AGED)
        await page.reload()
        await expect(page.get_by_text("Petugas Desmigratif")).to_be_visible()
        after = await page.evaluate(STORED)
        assert after["refreshToken"] != before["refreshToken"]
        assert after["accessToken"] != before["accessToken"]
        await page.goto(f"{origin}/graphql")
        await expect(page.locator(".bar .caller")).to_have_text(username)
        await page.get_by_role("button", name="Keluar").click()
        await expect(page.locator(".bar").get_by_role("link", name="Masuk")).to_be_visible()
        assert await page.evaluate("sessionStorage.getItem('desmigratif.session')") is None
    open_sessions = await village.admin.fetchval(
        "SELECT count(*) FROM session s JOIN account a ON a.id = s.account_id WHERE username = $1 AND ended_at IS NULL",
        username,
    )
    assert open_sessions == 0


async def test_a_session_that_was_ended_elsewhere_leads_back_to_the_way_in(village: Place) -> None:
    account, username = await with_password(village)
    async with served(village) as origin, opened(origin) as page:
        await fill_in(page, username, PASSWORD)
        await expect(page.get_by_text("Petugas Desmigratif")).to_be_visible()
        await village.admin.execute("UPDATE session SET ended_at = now() WHERE account_id = $1", account)
        await page.evaluate(AGED)
        await page.reload()
        await expect(page.get_by_label("Nama pengguna")).to_be_visible()


async def test_two_copies_of_a_tab_share_the_successor_of_a_refresh_token(village: Place) -> None:
    _, username = await with_password(village)
    async with served(village) as origin, opened(origin) as page:
        await fill_in(page, username, PASSWORD)
        await expect(page.get_by_text("Petugas Desmigratif")).to_be_visible()
        session = json.dumps(await page.evaluate(STORED))
        copy = await page.context.new_page()
        await copy.goto(f"{origin}/healthz")
        await copy.evaluate("session => sessionStorage.setItem('desmigratif.session', session)", session)
        await copy.goto(origin)
        await expect(copy.get_by_text("Petugas Desmigratif")).to_be_visible()
        await page.evaluate(AGED)
        await page.reload()
        await expect(page.get_by_text("Petugas Desmigratif")).to_be_visible()
        successor = await page.evaluate(STORED)
        assert successor["refreshToken"] != json.loads(session)["refreshToken"]
        await copy.wait_for_function(f"{STORED}.refreshToken === '{successor['refreshToken']}'")
