"""The pages in a real browser: Debian's chromium, driven over its own protocol."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.pages_wording import Wording
from api.report import build
from api.service import Service
from eho.codebook import LANGUAGES, Language
from tests.api.pages_corpus import make_gold_home, serving

CHROMIUM = shutil.which("chromium")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed; apt-get install -y chromium"),
]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service.open(make_gold_home(tmp_path_factory.mktemp("gold"))) as service:
        yield service


@pytest.fixture(scope="module")
def site(service: Service) -> Iterator[str]:
    with serving(service) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--headless=new"])
        yield browser
        browser.close()


@pytest.fixture(params=[True, False], ids=["script", "no-script"])
def page(browser: Browser, site: str, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(base_url=site, locale="en-GB", java_script_enabled=request.param)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    yield page
    context.close()
    assert said == []  # a script's failure, a missing file and everything that the policy blocked would be here


@pytest.mark.parametrize("language", LANGUAGES)
def test_from_search_to_narrative(page: Page, language: Language) -> None:
    words = Wording(language)
    page.goto(f"/?ui={language}")
    page.get_by_role("searchbox").fill("povratnic*")
    page.get_by_role("button", name=words("search_button"), exact=True).click()
    page.locator(".hits mark").first.wait_for()
    page.get_by_label(words("facet_stance")).get_by_role("link").first.click()
    assert "stance=" in page.url and "q=povratnic" in page.url
    page.locator(".hit h3 a").first.click()
    assert "/documents/" in page.url
    assert page.locator("article p").count() > 1
    page.get_by_role("link", name=words("back_to_results")).click()
    assert "stance=" in page.url
    page.get_by_role("link", name=words("nav_trends"), exact=True).click()
    page.get_by_label(words("trend_narrative")).select_option("returnee_security_threat")
    page.get_by_role("button", name=words("draw")).click()
    assert "narrative=returnee_security_threat" in page.url
    assert page.locator("figure svg").first.is_visible()
    page.get_by_role("link", name=words("nav_narratives"), exact=True).click()
    page.locator("tbody th a").first.click()
    assert "/narratives/" in page.url
    assert page.locator("html").get_attribute("lang") == language


def test_blurred_words_appear_when_asked_for(page: Page) -> None:
    page.goto("/?q=narrative%3Areturnee_rejection+stance%3Aendorse")
    veil = page.locator(".hit .veil").first
    expect(veil).to_have_css("filter", "blur(5px)")
    page.locator(".hit .reveal").first.focus()
    page.keyboard.press("Space")
    expect(veil).to_have_css("filter", "none")
    page.keyboard.press("Space")
    expect(veil).to_have_css("filter", "blur(5px)")
    page.locator("#reveal-all").check()
    expect(veil).to_have_css("filter", "none")


def test_the_keyboard_alone_is_enough(page: Page) -> None:
    page.goto("/")
    page.keyboard.press("Tab")
    assert page.locator(":focus").get_attribute("href") == "#content"
    page.keyboard.press("Enter")
    _tab_to(page, "input[type=search]")
    page.keyboard.type("povratnic*")
    page.keyboard.press("Enter")
    page.locator(".hits").wait_for()
    _tab_to(page, ".hit h3 a")
    expect(page.locator(":focus")).to_have_css("outline-style", "solid")
    page.keyboard.press("Enter")
    page.locator("article").wait_for()


def _tab_to(page: Page, wanted: str) -> None:
    for _ in range(150):
        page.keyboard.press("Tab")
        if page.locator(f"{wanted}:focus").count():
            return
    raise AssertionError(f"no Tab reaches {wanted}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_never_scrolls_sideways(
    browser: Browser, site: str, service: Service, tmp_path: Path, language: Language
) -> None:
    found = service.search("narrative:returnee_security_threat", limit=1)["hits"][0]["id"]
    report = build(service, start=_day("2026-09-01"), end=_day("2026-10-31"), lang=language, out=tmp_path / "report.html")
    context = browser.new_context(base_url=site, viewport={"width": 360, "height": 780})
    page = context.new_page()
    paths = [
        "/",
        "/?q=(",
        "/trends?split=source",
        "/narratives",
        "/narratives/returnee_security_threat",
        "/sources",
        "/about",
        "/mirror",
    ]
    for path in [*paths, f"/documents/{found}", "/?q=sense:conflict_zone"]:
        page.goto(f"{path}{'&' if '?' in path else '?'}ui={language}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
    page.goto(report.as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "report"
    context.close()


def test_paper_has_the_text_and_not_the_controls(browser: Browser, site: str) -> None:
    page = browser.new_page(base_url=site)
    page.goto("/?q=sense:conflict_zone&ui=en")
    page.emulate_media(media="print")
    assert page.locator(".invented").is_visible() and page.locator(".hit h3").first.is_visible()
    assert not page.locator(".filters").is_visible() and not page.locator(".masthead nav").first.is_visible()
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()


def test_words_stand_out_from_their_ground(browser: Browser, site: str) -> None:
    """WCAG 2.2, 1.4.3: a contrast of 4.5 between every visible text and what lies behind it."""
    page = browser.new_page(base_url=site)
    for path in (
        "/?q=sense:conflict_zone&ui=en",
        "/trends?narrative=returnee_rejection",
        "/narratives/returnee_rejection",
        "/?q=(",
    ):
        page.goto(path)
        assert page.evaluate(_CONTRASTS) == [], path
    page.close()


def _day(text: str) -> date:
    return date.fromisoformat(text)


_CONTRASTS = """() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (color) => rgb(color).slice(0, 3).map((v) => v / 255)
    .map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((rgb(color)[3] ?? 1) > 0) return color;
    }
    return "rgb(255,255,255)";
  };
  const weak = [];
  for (const element of document.querySelectorAll("body *:not(svg):not(svg *)")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim());
    if (!own || !element.checkVisibility()) continue;
    const [a, b] = [light(getComputedStyle(element).color), light(ground(element))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) weak.push(element.className + ": " + element.textContent.trim().slice(0, 40));
  }
  return weak;
}"""
