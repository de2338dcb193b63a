"""What a real browser does with the shell, the key, the policy and a rebound name."""

import asyncio
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from studio.store import Store
from tests.studio_web.conftest import TOKEN, Controls, Launch, Serve, Visits

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def _listen(context: BrowserContext) -> list[str]:
    """Collect every error and warning of every tab's console, policy violations among them."""
    heard: list[str] = []
    context.on("console", lambda message: heard.append(message.text) if message.type != "log" else None)
    context.on("weberror", lambda error: heard.append(str(error.error)))
    return heard


async def _opened(browser: Browser, url: str) -> tuple[Page, list[str]]:
    context = await browser.new_context()
    heard = _listen(context)
    page = await context.new_page()
    await page.goto(f"{url}/#k={TOKEN}")
    await expect(page.locator("h1")).to_have_text("Now")
    return page, heard


async def test_the_key_opens_the_page_and_leaves_the_address_bar(serve: Serve, launch: Launch) -> None:
    """The address that the terminal printed shows the first page, and the key is gone from the address at once."""
    async with serve() as url:
        page, heard = await _opened(await launch(), url)

        assert f"{url}/" == page.url
        assert await page.title() == "Now"
        assert [] == heard


async def test_links_history_and_actions_carry_the_key(serve: Serve, launch: Launch, visits: Visits) -> None:
    """A link, the back button and a button that posts all work without a document load, and break no policy."""
    async with serve() as url:
        page, heard = await _opened(await launch(), url)
        await page.evaluate("window.same = true")
        await page.get_by_role("link", name="Routes").click()
        await expect(page.locator("body")).to_have_attribute("data-page", "routes")
        assert page.url == f"{url}/routes?q=1"
        await page.get_by_role("button", name="Act").click()
        await expect(page.locator("#out")).to_have_text('{"a":"1"}')
        await page.go_back()
        await expect(page.locator("h1")).to_have_text("Now")

        assert await page.evaluate("window.same") is True
        assert ["now", "routes", "act", "now"] == visits
        assert [] == heard


async def test_a_deep_link_opens_in_a_new_tab(serve: Serve, launch: Launch) -> None:
    """A new tab needs no key in its address: the shell that answers takes it from this origin's storage."""
    async with serve() as url:
        page, heard = await _opened(await launch(), url)
        tab = await page.context.new_page()
        await tab.goto(f"{url}/routes?q=1")
        await expect(tab.locator("h1")).to_have_text("Routes")

        assert f"{url}/routes?q=1" == tab.url
        assert [] == [text for text in heard if "401" not in text]


async def test_a_page_re_fetches_its_part_when_a_fact_arrives(serve: Serve, launch: Launch, store: Store) -> None:
    """A fact in the store changes the panel that asked for it, and nothing else is loaded."""
    async with serve() as url:
        page, heard = await _opened(await launch(), url)
        await expect(page.locator("body")).to_have_attribute("data-live", "on")
        store.announce("build", number="1")
        await expect(page.locator("#panel")).to_have_text("builds heard: 1")

        assert [] == heard


async def test_without_a_key_a_page_says_how_to_get_in(serve: Serve, launch: Launch, visits: Visits) -> None:
    """No key or a wrong one shows the shell's text and reaches no handler."""
    async with serve() as url:
        page = await (await launch()).new_page()
        await page.goto(url)
        await expect(page.get_by_text("This studio needs its key")).to_be_visible()
        await page.goto(f"{url}/#k=wrong")
        await expect(page.get_by_text("This studio needs its key")).to_be_visible()

        assert await page.evaluate("localStorage.length") == 0
        assert [] == visits


ATTACK = """async (token) => {
  const headers = {Authorization: `Bearer ${token}`, 'Content-Type': 'application/json'};
  const answers = [];
  for (const [url, init] of [
    ['/', {}], ['/routes', {}], ['/_events', {}], ['/static/js/boot.js', {}],
    ['/act', {method: 'POST', body: '{}'}], ['/_reload', {method: 'POST', body: '{}'}], ['/', {method: 'DELETE'}],
  ]) {
    const answer = await fetch(url, {headers, ...init});
    const read = url === '/_events' && answer.ok ? 'stream' : await answer.text();
    answers.push([answer.status, read.length]);
  }
  return answers;
}"""


@pytest.mark.parametrize(("listed", "reached"), [(False, []), (True, ["now", "routes", "act"])])
async def test_a_rebound_name_reaches_nothing(
    serve: Serve, launch: Launch, visits: Visits, controls: Controls, listed: bool, reached: list[str]
) -> None:
    """A page on a name that resolves to us is refused even with the key; with that name on the list it would get in."""
    async with serve(names=("127.0.0.1", "evil.test") if listed else ("127.0.0.1",)) as url:
        # The browser's own guard of local addresses is off: ours must hold without it.
        browser = await launch(
            "--host-resolver-rules=MAP evil.test 127.0.0.1", "--disable-features=LocalNetworkAccessChecks"
        )
        page = await browser.new_page()
        trap = f"http://evil.test:{urlsplit(url).port}/trap"
        await page.route(trap, lambda route: route.fulfill(content_type="text/html", body="<h1>Trap</h1>"))
        await page.goto(trap)
        answers = await page.evaluate(ATTACK, TOKEN)

        assert reached == visits
        assert ([("reload",)] if listed else []) == controls.asked
        assert listed or [[403, 0]] * 7 == answers


async def test_open_streams_do_not_hold_up_the_server(serve: Serve, launch: Launch) -> None:
    """A studio with a tab on its stream stops within the five seconds that the server is given."""
    async with serve() as url:
        page, _ = await _opened(await launch(), url)
        await expect(page.locator("body")).to_have_attribute("data-live", "on")
        began = asyncio.get_running_loop().time()

    assert asyncio.get_running_loop().time() - began < 2
