"""The page in a real browser against a real server: types, waits, looks at what is shown.

Usage: page_test.py URL SCREENSHOT_FOLDER [API_KEY]
"""

import sys
from pathlib import Path

from playwright.sync_api import expect, sync_playwright

url, folder = sys.argv[1], Path(sys.argv[2])
key = sys.argv[3] if len(sys.argv) > 3 else ""
BROWSERS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")
PATIENCE = 180_000  # Milliseconds; the machine may be busy.

UNNAMED = """() => [...document.querySelectorAll("input, select, textarea, button")]
    .filter(e => !e.getAttribute("aria-label") && !e.textContent.trim()
        && ![...(e.labels || [])].some(l => l.textContent.trim()))
    .map(e => e.id || e.outerHTML)"""


def main() -> None:
    """Runs every check; raises at the first that fails."""
    browser_path = next((path for path in BROWSERS if Path(path).exists()), None)
    if browser_path is None:
        sys.exit("no Chromium here (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
        page.set_default_timeout(PATIENCE)
        expect.set_options(timeout=PATIENCE)
        complaints: list[str] = []
        elsewhere: list[str] = []
        # A browser also reports each 401 that the page asks for on purpose.
        page.on(
            "console",
            lambda m: complaints.append(m.text) if m.type == "error" and "401" not in m.text else None,
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda r: elsewhere.append(r.url) if not r.url.startswith((url, "data:")) else None)
        page.goto(url)
        assert page.evaluate(UNNAMED) == [], f"controls without a name: {page.evaluate(UNNAMED)}"
        if key:
            unlock(page)
        expect(page.locator("#state")).to_contain_text("0 running")
        ask(page, "Name three colours.", 1)
        assert page.locator("#used").inner_text() == "0.00", page.locator("#used").inner_text()
        assert page.locator("#flops").inner_text() == "100 %"
        prune(page)
        # Two prompts: stability needs a mask and its successor.
        for number, prompt in enumerate(["What is the capital of France?", "Why is the sky blue?"], 2):
            ask(page, prompt, number)
        assert page.locator("#used").inner_text() == "0.40"
        masks(page)
        page.screenshot(path=folder / "page-light.png")
        page.emulate_media(color_scheme="dark")
        page.screenshot(path=folder / "page-dark.png")
        page.locator("#theme").click()
        assert page.evaluate("document.documentElement.style.colorScheme") == "light"
        stop(page)
        page.set_viewport_size({"width": 390, "height": 844})
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, f"the page is {overflow} pixels too wide for a phone"
        page.screenshot(path=folder / "page-narrow.png")
        browser.close()
    assert not complaints, complaints
    assert not elsewhere, elsewhere
    print(f"page: 3 answers, masks of every layer, {'key asked for, ' if key else ''}no complaint of the browser")


def unlock(page) -> None:
    """The key's field shows when the server wants one, and a key opens the page."""
    expect(page.locator("#key")).to_be_visible()
    page.locator("#key").fill("wrong")
    page.locator("#key").press("Enter")
    expect(page.locator("#state")).to_contain_text("API key")
    page.locator("#key").fill(key)
    page.locator("#key").press("Tab")


def ask(page, text: str, number: int) -> None:
    """Types a message and sends it with Enter; waits for the whole answer."""
    page.locator("#tokens").fill("32")
    page.locator("#temperature").fill("0")
    page.locator("#prompt").focus()
    page.keyboard.type(text)
    page.keyboard.press("Enter")
    expect(page.locator(".message .facts").nth(2 * number - 1)).to_contain_text("tokens/s")
    answers = page.locator(".message p")
    expect(answers).to_have_count(2 * number)
    assert answers.last.inner_text().strip(), "an empty answer"
    assert page.locator("#ttft").inner_text().endswith(" ms")
    assert float(page.locator("#rate").inner_text()) > 0


def prune(page) -> None:
    """The slider by keyboard alone: eight steps of 0.05."""
    page.locator("#ratio").focus()
    for _ in range(8):
        page.keyboard.press("ArrowRight")
    expect(page.locator("#ratio-value")).to_have_text("0.40")


def masks(page) -> None:
    """Every layer shows what it keeps, and how stable that is."""
    rows = page.locator("#rows tr")
    expect(rows.last.locator("td").nth(3)).to_contain_text("%")
    assert rows.count() > 1, rows.count()
    cells = rows.last.locator("td").all_inner_texts()
    kept = int(cells[2].strip().split()[0])
    assert 0 < kept < 100, cells


def stop(page) -> None:
    """Escape ends an answer."""
    page.locator("#tokens").fill("2000")
    page.locator("#prompt").focus()
    page.keyboard.type("Tell me a long story.")
    page.keyboard.press("Enter")
    expect(page.locator("#stop")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#stop")).to_be_hidden()
    facts = page.locator(".message .facts").last.inner_text()
    assert facts == "stopped" or "tokens/s" in facts, facts


main()
