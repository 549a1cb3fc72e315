"""Both pages in a real browser: signing in, a query, the access of a field, a phone, two languages, the keyboard.

Every other host is out of reach, and a request for one, an error of the page or a refusal of its policy fails a test.
"""

# ruff: noqa: F811  (an imported fixture is requested by its name)

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from server.http.web import load
from tests.test_demo import Demo, demo, shared  # noqa: F401  (fixtures)

ROOT = Path(__file__).parents[1]
AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_OTHER_HOST = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
COORDINATOR, OFFICER, ANALYST = "coordinator@35.07", "officer@35.07.11.2008", "analyst@national"
PHONES = [320, 390]
EVAL = "new Promise(end => setTimeout(() => { try { end(eval('1')) } catch (error) { end(error.name) } }))"

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="No Chromium here (apt install chromium): the pages are not tried"),
    pytest.mark.skipif(not load().entries, reason="No web build here (make web): the pages are not tried"),
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", NO_OTHER_HOST])
        yield chromium
        chromium.close()


@dataclass
class Tab:
    """A page of a browser that has nothing stored yet, and what it did."""

    page: Page
    origin: str
    addresses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(20_000)
        self.page.on("request", lambda request: self.addresses.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda message: self._hear(message.type, message.text))

    def _hear(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.complaints.append(text)

    def open(self, path: str = "/") -> None:
        self.page.goto(self.origin + path)

    def sign_in_as(self, persona: str) -> None:
        self.page.get_by_label(re.compile("Masuk sebagai|Sign in as")).select_option(persona)
        expect(self.page.get_by_role("button", name=re.compile("Keluar|Sign out"))).to_be_visible()

    def open_graphiql(self) -> None:
        self.open("/graphql")
        expect(self.page.locator(".graphiql-query-editor .monaco-editor")).to_be_visible(timeout=20_000)

    def run_example(self, name: str) -> Any:
        """The answer to an example operation, with the variables that the menu gives it."""
        tab = self.page.get_by_role("tab", name=name)
        self.page.locator("#example").select_option(name)
        expect(tab).to_be_visible()
        with self.page.expect_response(lambda response: response.url.endswith("/graphql")) as answer:
            self.page.get_by_role("button", name="Execute query").click()
        expect(self.page.locator(".graphiql-response .view-lines")).to_contain_text("data")
        return answer.value.json()

    @property
    def overflow(self) -> int:
        """Pixels by which the page is wider than the window."""
        width: int = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        return width


NewTab = Callable[..., Tab]


@pytest.fixture
def new_tab(browser: Browser, demo: Demo) -> Iterator[NewTab]:
    """A function that opens a tab; in the end none has left the server or complained."""
    tabs: list[Tab] = []
    origin = f"http://127.0.0.1:{demo.port}"

    def make(width: int = 1280, height: int = 900, **options: Any) -> Tab:
        viewport: Any = {"width": width, "height": height}
        context = browser.new_context(viewport=viewport, **{"locale": "id-ID"} | options)
        tabs.append(Tab(context.new_page(), origin))
        return tabs[-1]

    yield make
    for tab in tabs:
        tab.page.context.close()
        assert [url for url in tab.addresses if not url.startswith((f"{origin}/", "data:", "blob:"))] == []
        assert tab.complaints == []


def test_the_front_page_says_who_you_are_and_what_you_may_do_where(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.open()
    expect(tab.page.get_by_role("heading", level=1)).to_contain_text("pekerja migran Indonesia")
    tab.sign_in_as(COORDINATOR)
    card = tab.page.get_by_role("region", name="Sri Rahayu")
    for text in ("Koordinator Dinas kab/kota", "Kabupaten Malang", "35.07", "data pribadi", "Memverifikasi ajuan"):
        expect(card).to_contain_text(text)
    for name, path in (("GraphiQL", "/graphql"), ("Skema", "/schema.graphql"), ("Keadaan layanan", "/readyz")):
        expect(tab.page.get_by_role("navigation").get_by_role("link", name=name)).to_have_attribute("href", path)
    for name in ("Rujukan", "Glosarium"):
        address = tab.page.get_by_role("link", name=name).evaluate("link => link.href")
        assert tab.page.request.get(address).text().startswith("# ")
    tab.page.get_by_role("button", name="Keluar").click()
    expect(tab.page.get_by_role("heading", name="Masuk")).to_be_visible()
    expect(card).to_have_count(0)


@pytest.mark.parametrize(
    ("locale", "heading", "other", "translated"),
    [
        ("id-ID", "Registri nasional", "EN · English", "The national household registry"),
        ("en-GB", "The national household registry", "ID · Indonesia", "Registri nasional"),
    ],
)
def test_the_page_has_both_languages(new_tab: NewTab, locale: str, heading: str, other: str, translated: str) -> None:
    tab = new_tab(locale=locale)
    tab.open()
    title = tab.page.get_by_role("heading", level=1)
    expect(title).to_contain_text(heading)
    tab.sign_in_as(ANALYST)
    tab.page.get_by_role("button", name=other).click()
    expect(title).to_contain_text(translated)
    language = other[:2].lower()
    expect(tab.page.locator("html")).to_have_attribute("lang", language)
    role = {"id": "Analis pusat", "en": "Ministry analyst"}[language]
    expect(tab.page.get_by_text(role, exact=True)).to_be_visible()
    tab.page.reload()
    expect(title).to_contain_text(translated)


def test_an_example_runs_as_a_persona(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.open_graphiql()
    tab.sign_in_as(COORDINATOR)
    region = tab.run_example("RegencyDashboard")["data"]["region"]
    assert (region["code"], region["name"]) == ("35.07", "Kabupaten Malang")
    assert region["households"]["totalCount"] > 0
    tab.page.get_by_label("Masuk sebagai").select_option(OFFICER)
    expect(tab.page.get_by_label("Masuk sebagai")).to_have_value(OFFICER)
    queue = tab.run_example("OfficerWorkList")
    assert queue["data"]["viewer"]["grants"][0]["region"]["code"] == "35.07.11.2008"


@pytest.mark.parametrize(
    ("persona", "sentence"),
    [
        (OFFICER, "Anda melihatnya di wilayah penugasan Anda."),
        (ANALYST, "Anda tidak melihatnya: nilainya null, dan namanya ada di withheld."),
    ],
)
def test_the_documentation_names_the_access_of_a_field(new_tab: NewTab, persona: str, sentence: str) -> None:
    tab = new_tab()
    tab.open_graphiql()
    tab.sign_in_as(persona)
    documentation = tab.page.locator(".graphiql-plugin")
    documentation.get_by_role("link", name="Member", exact=True).click()
    documentation.get_by_role("link", name="fullName", exact=True).click()
    expect(documentation).to_contain_text("Akses: PERSONAL.")
    expect(documentation).to_contain_text("Nama, tanggal lahir, jenis kelamin")
    expect(documentation).to_contain_text(sentence)


def test_the_documentation_names_the_ability_of_a_command(new_tab: NewTab) -> None:
    tab = new_tab(locale="en-GB")
    tab.open_graphiql()
    tab.sign_in_as(COORDINATOR)
    documentation = tab.page.locator(".graphiql-plugin")
    documentation.get_by_role("link", name="Mutation", exact=True).click()
    documentation.get_by_role("link", name="submitHousehold", exact=True).click()
    expect(documentation).to_contain_text("Ability: household:submit. Submit a household. You do not have it.")


@pytest.mark.parametrize("width", PHONES)
def test_a_phone_scrolls_in_one_direction_alone(new_tab: NewTab, width: int) -> None:
    tab = new_tab(width, 800, has_touch=True)
    tab.open()
    assert tab.overflow <= 0
    tab.sign_in_as(COORDINATOR)
    expect(tab.page.get_by_role("listitem").filter(has_text="Kabupaten Malang").first).to_be_visible()
    assert tab.overflow <= 0
    tab.open_graphiql()
    assert tab.overflow <= 0
    assert tab.run_example("MinisterSentence")["data"]["nationalSummary"]["villages"] == 402
    assert tab.overflow <= 0
    tab.page.get_by_role("button", name="Show Documentation Explorer").click()
    expect(tab.page.get_by_role("link", name="Query", exact=True)).to_be_visible()
    assert tab.overflow <= 0


def test_a_token_is_in_the_session_of_the_tab_alone(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.open()
    tab.sign_in_as(COORDINATOR)
    tab.open_graphiql()
    tab.run_example("MinisterSentence")
    session = json.loads(tab.page.evaluate("sessionStorage.getItem('desmigratif.session')"))
    token = session["accessToken"]
    assert tab.page.evaluate("Object.keys(localStorage)") == []
    assert tab.page.context.cookies() == []
    assert [url for url in tab.addresses if token in url or "MinisterSentence" in url] == []
    tab.page.get_by_role("button", name="Keluar").click()
    expect(tab.page.get_by_role("button", name="Keluar")).to_have_count(0)
    assert not re.search(re.escape(token), tab.page.evaluate("JSON.stringify(sessionStorage)"))


def test_a_token_that_ends_soon_is_renewed_first(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.open()
    tab.sign_in_as(COORDINATOR)
    aged = "JSON.stringify({...JSON.parse(sessionStorage['desmigratif.session']), accessToken: 'ended', "
    aged += "expiresAt: '2026-01-01T00:00:00Z', obtainedAt: 0})"
    tab.page.evaluate(f"sessionStorage.setItem('desmigratif.session', {aged})")
    tab.page.reload()
    expect(tab.page.get_by_role("region", name="Sri Rahayu")).to_contain_text("Kabupaten Malang")
    assert "ended" not in tab.page.evaluate("sessionStorage.getItem('desmigratif.session')")


@pytest.mark.parametrize("path", ["/", "/graphql"])
def test_the_first_key_leads_to_the_content(new_tab: NewTab, path: str) -> None:
    tab = new_tab()
    tab.open(path)
    skip = tab.page.get_by_role("link", name="Langsung ke isi")
    expect(skip).to_be_attached()
    tab.page.keyboard.press("Tab")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    tab.page.keyboard.press("Enter")
    expect(tab.page.get_by_role("main")).to_be_focused()


def test_a_persona_is_chosen_by_keys_and_the_focus_is_seen(new_tab: NewTab) -> None:
    tab = new_tab()
    tab.open()
    menu = tab.page.get_by_label("Masuk sebagai")
    expect(menu.locator("option")).not_to_have_count(1)
    for _ in range(4):
        tab.page.keyboard.press("Tab")
    expect(menu).to_be_focused()
    assert tab.page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    tab.page.keyboard.press("ArrowDown")
    expect(tab.page.get_by_role("button", name="Keluar")).to_be_visible()


@pytest.mark.skipif(not AXE.exists(), reason="No axe-core here (make web): accessibility is not tried")
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_are_accessible(new_tab: NewTab, scheme: str) -> None:
    """By the rules of axe-core for WCAG 2.1 AA, of GraphiQL's page those for our bar."""
    tab = new_tab(color_scheme=scheme)
    tab.open()
    tab.page.evaluate(AXE.read_text())
    assert violations(tab, "body") == []
    tab.sign_in_as(COORDINATOR)
    expect(tab.page.get_by_role("listitem").filter(has_text="Kabupaten Malang").first).to_be_visible()
    assert violations(tab, "body") == []
    tab.open_graphiql()
    tab.page.evaluate(AXE.read_text())
    assert violations(tab, ".bar") == []


def violations(tab: Tab, selector: str) -> list[str]:
    """What axe-core finds wrong in a part of the page."""
    rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    results = tab.page.evaluate("([where, only]) => axe.run(where, { runOnly: only })", [selector, rules])
    assert results["passes"]
    return [f"{each['id']}: {each['nodes'][0]['html']}" for each in results["violations"]]


def test_without_scripts_the_plain_page_is_there(new_tab: NewTab) -> None:
    tab = new_tab(java_script_enabled=False)
    tab.open()
    expect(tab.page.get_by_role("heading", name="Desmigratif Registry").first).to_be_visible()
    expect(tab.page.get_by_role("link", name="/schema.graphql").first).to_be_visible()


def test_the_policy_stops_what_a_page_should_not_do(new_tab: NewTab) -> None:
    """What an injected script could try first; the browser complains of each attempt."""
    tab = new_tab()
    for path in ("/", "/graphql"):
        tab.open(path)
        expect(tab.page.get_by_role("main")).to_be_visible()
        tab.page.evaluate("""() => {
            const inline = document.createElement('script');
            inline.textContent = 'window.ran = true';
            document.body.append(inline);
            document.body.insertAdjacentHTML('beforeend', '<img src="https://example.org/x.png">');
        }""")
        tab.page.evaluate("fetch('https://example.org/').catch(() => null)")
        assert tab.page.evaluate("window.ran") is None
        assert tab.page.evaluate(EVAL) == "EvalError"
    refusals = [text for text in tab.complaints if "Content Security Policy" in text]
    assert len(refusals) >= 6
    tab.complaints.clear()
    tab.addresses = [url for url in tab.addresses if "example.org" not in url]
