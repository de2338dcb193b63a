"""A developer asks why: a request fails, its trace says why, the computes are stepped through, a new request is announced."""

import json
import urllib.error
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from e2e.test_story import Dev, dev, home, page  # noqa: F401 - fixtures

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ORDER = {"email": " Ada@Example.org ", "country": "DE", "unitPrice": 10, "quantity": 3}


def preview(running: Dev, **more: Any) -> int:
    """Ask the store for a price and return the status."""
    body = json.dumps(ORDER | more).encode()
    request = urllib.request.Request(
        f"{running.app_url}pricing/1/preview", body, {"content-type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_from_a_failing_request_to_why_to_every_compute(dev: Dev, page: Page) -> None:  # noqa: F811 - fixtures
    """Now leads to the request, the request says why, keys step through the computes, and the pill announces the next."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    assert dev.next("build")["state"] == "ready"
    page.goto(dev.studio_url)
    expect(page.locator("main")).to_contain_text("my_store")

    assert preview(dev, country="XX") == 422
    row = page.locator("#latest-traces tr.item", has_text="Rejected by rule 3")
    expect(row).to_have_count(1)
    row.locator("a.row").click()

    why = page.locator(".why")
    expect(why).to_contain_text("Rejected by rule 3: Unsupported country")
    expect(why).to_contain_text('"XX" from the body, field country')
    expect(why).to_contain_text("True means bad")
    expect(page.locator("a.step.run-failed")).to_contain_text("Unsupported country")
    expect(page.locator("a.step.run-not-reached")).to_contain_text("execute")

    page.click("a.step[data-step='compute:1']")
    expect(page.locator(".moment")).to_contain_text("after compute 1 of 4")
    expect(page.locator(".fields .changed")).to_contain_text('"ada@example.org"')
    page.keyboard.press("]")
    expect(page.locator(".moment")).to_contain_text("after compute 2 of 4")
    expect(page.locator(".fields .changed")).to_contain_text("30")
    page.keyboard.press("[")
    expect(page.locator(".moment")).to_contain_text("after compute 1 of 4")
    assert "step=compute%3A1" in page.url

    page.click(".tabs a:has-text('SQL')")
    expect(page.locator(".statements", has_text="load record")).to_contain_text("declared")

    page.click(".rail a[href='/requests']")
    expect(page.locator("tr.item")).not_to_have_count(0)
    assert preview(dev) == 200
    expect(page.locator(".pill")).to_contain_text("new")
    expect(page.locator("tr.item").first).to_contain_text("Unsupported country")
    page.click(".pill")
    expect(page.locator("tr.item").first).to_contain_text("200")

    page.keyboard.press("/")
    page.keyboard.type("status:rejected use:Pricing")
    expect(page.locator("tr.item")).to_have_count(1)
    expect(page.locator("tr.item")).to_contain_text("Unsupported country")
    assert page.url.endswith("?q=status%3Arejected+use%3APricing")
    assert errors == []
