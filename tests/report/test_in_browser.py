"""The report in a real browser, of a run whose every text from outside tries to be HTML: its tabs, figures, pictures,
downloads and themes work with mouse and keyboard, and nothing fails or is loaded.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hostile_run import HOSTILE, HOSTILE_TRIAL, write_hostile_run
from support.page_troubles import PageTroubles
from support.present import present

from gan_study.report.write import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page

TABS = ("result", "confirmation", "images", "atlas", "failures", "search", "training", "protocol")
OPEN_TABS = """[...document.querySelectorAll('main > section')].filter((each) =>
    each.clientHeight > 100 && each.firstElementChild.checkVisibility({ contentVisibilityAuto: true })
).map((each) => each.id)"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(write_report(write_hostile_run(str(tmp_path_factory.mktemp("run")))))


def opened(browser: Browser, report: Path, troubles: PageTroubles, address: str = "", **context: Any) -> Page:
    page = browser.new_context(viewport={"width": 1280, "height": 900}, **context).new_page()
    troubles.watch(page)
    page.goto(report.as_uri() + address)
    page.locator("html[data-ready]").wait_for()
    return page


@pytest.fixture(scope="module")
def shared(browser: Browser, report: Path, troubles: PageTroubles) -> Page:
    """One page for tests that leave it as it was, or do not mind."""
    return opened(browser, report, troubles)


@pytest.fixture
def page(shared: Page, troubles: PageTroubles) -> Iterator[Page]:
    yield shared
    assert troubles == []


@pytest.fixture
def new_page(browser: Browser, report: Path, troubles: PageTroubles) -> Iterator[Callable[..., Page]]:
    """Opens the report in a profile of its own."""
    pages = []

    def new(address: str = "", **context: Any) -> Page:
        pages.append(opened(browser, report, troubles, address, **context))
        return pages[-1]

    yield new
    for page in pages:
        page.context.close()
    assert troubles == []


def open_tab(page: Page, name: str) -> None:
    page.locator(f"#tab_{name}").click()


def draw_all(page: Page) -> None:
    """Scroll to every figure of every tab, as a reader would."""
    for name in TABS:
        open_tab(page, name)
        for plot in page.locator(f"#{name} .drawing").all():
            plot.scroll_into_view_if_needed()
            plot.locator(".main-svg").first.wait_for()


def test_every_tab_opens_with_a_click(page: Page) -> None:
    assert [tab.get_attribute("id") for tab in page.locator("[role=tab]").all()] == [f"tab_{name}" for name in TABS]
    for name in (*TABS[1:], TABS[0]):
        open_tab(page, name)
        assert page.evaluate(OPEN_TABS) == [name]
        assert page.locator("[aria-selected=true]").get_attribute("id") == f"tab_{name}"
        assert page.url.endswith(f"#{name}")


def test_every_tab_opens_with_the_keyboard_alone(page: Page) -> None:
    open_tab(page, "result")
    for name in (*TABS[1:], TABS[0]):
        page.keyboard.press("ArrowRight")
        assert (page.evaluate(OPEN_TABS), page.evaluate("document.activeElement.id")) == ([name], f"tab_{name}")
    for key, name in (("End", TABS[-1]), ("ArrowRight", TABS[0]), ("ArrowLeft", TABS[-1]), ("Home", TABS[0])):
        page.keyboard.press(key)
        assert page.evaluate(OPEN_TABS) == [name]
    for key in ("Enter", " "):
        open_tab(page, "result")
        page.locator("#tab_search").focus()
        page.keyboard.press(key)
        assert page.evaluate(OPEN_TABS) == ["search"]


def test_an_address_opens_its_tab_and_the_browser_goes_back(new_page: Callable[..., Page]) -> None:
    page = new_page("#failures")
    assert page.evaluate(OPEN_TABS) == ["failures"]
    open_tab(page, "search")
    page.go_back()
    assert page.evaluate(OPEN_TABS) == ["failures"]


def test_the_keyboard_reaches_all_that_can_be_used(page: Page) -> None:
    """Tab leads from the head of the page into the open tab; each stop has a visible mark."""
    open_tab(page, "failures")
    page.locator(".theme").focus()
    stops, outlines = [], set()
    for _ in range(4):
        page.keyboard.press("Tab")
        focused = page.locator("*:focus")
        stops.append(focused.get_attribute("aria-label") or focused.inner_text())
        outlines.add(focused.evaluate("(element) => getComputedStyle(element).outlineStyle"))
    assert [stop.split(". ")[-1].split(" (")[0] for stop in stops] == [
        "Failures",
        "Download its data as CSV",
        "Download its data as JSON",
        "Trials that diverged",
    ]
    assert outlines == {"solid"}


def test_every_figure_is_drawn_with_data(page: Page) -> None:
    # Those that no tab has shown yet are drawn when they are near.
    draw_all(page)
    found = page.locator(".drawing").evaluate_all(
        "plots => plots.map((plot) => [plot.ariaLabel, (plot.data ?? []).flatMap((trace) => trace.y ?? [])"
        ".filter((y) => y !== null).length, plot.querySelectorAll('.main-svg .trace, .main-svg .legendtoggle').length])"
    )
    assert len(found) >= 19
    assert [label for label, num_values, num_drawn in found if not num_values or not num_drawn] == []


def test_an_axis_of_shares_names_its_end(page: Page) -> None:
    """Plotly hides the label of a tick that does not fit into the figure."""
    open_tab(page, "atlas")
    page.locator("#atlas .main-svg").first.wait_for()
    ticks = page.locator("#atlas .drawing").first.locator(".xtick text")
    shown = ticks.evaluate_all(
        "ticks => ticks.filter((tick) => tick.checkVisibility()).map((tick) => tick.textContent)"
    )
    assert (shown[0], shown[-1]) == ("0 %", "100 %")


def test_figures_far_below_wait_until_they_are_near(new_page: Callable[..., Page]) -> None:
    page = new_page("#search")
    page.locator("#search .main-svg").first.wait_for()
    all_of_tab, drawn = page.locator("#search .drawing"), page.locator("#search .drawing:has(.main-svg)")
    assert 1 <= drawn.count() < all_of_tab.count()


def test_text_from_outside_stays_text(page: Page) -> None:
    draw_all(page)
    for name in ("result", "images", "atlas", "failures", "search", "protocol"):
        open_tab(page, name)
        assert page.evaluate("document.body.innerText").count(HOSTILE) > 0, name
    # Names of categories and classes in figures, where Plotly would read tags as styles.
    labels = page.locator(".drawing text").evaluate_all("texts => texts.map((text) => text.textContent)")
    assert HOSTILE in labels
    assert f"9{HOSTILE[:12]}…" in labels
    # What the page makes itself: the choice of trials, and words beside the slider.
    open_tab(page, "search")
    page.locator("#search .chooser summary").first.click()
    page.locator("#search .trials label").first.wait_for()  # a browser tells of an opened summary a moment later
    assert HOSTILE_TRIAL in page.locator("#search .trials label").all_inner_texts()
    assert page.evaluate("[typeof wasRun, document.querySelectorAll('img[src=x], b').length]") == ["undefined", 0]


def test_hover_texts_stay_text(page: Page) -> None:
    open_tab(page, "search")
    plot = page.locator("#search .drawing").filter(has=page.locator(".main-svg")).nth(1)
    place = page.evaluate(
        "(plot) => { const trace = plot.data.findIndex((each) => each.mode === 'markers' && each.meta?.trials);"
        " const point = plot.data[trace].meta.trials.findIndex((name) => name.includes('<'));"
        " Plotly.Fx.hover(plot, [{ curveNumber: trace, pointNumber: point }]); return [trace, point]; }",
        plot.element_handle(),
    )
    assert min(place) >= 0
    assert HOSTILE_TRIAL in (plot.locator(".hoverlayer").text_content() or "")


def test_the_slider_changes_the_picture_and_its_words(page: Page) -> None:
    open_tab(page, "images")
    timeline = page.locator(".timeline").first
    picture, slider, words = timeline.locator("img"), timeline.locator("input"), timeline.locator("output")
    assert words.inner_text() == "40 kimg, FD 9.5, 10 of 10 classes"
    last = picture.get_attribute("src")
    slider.focus()
    seen = {last}
    for _ in range(4):
        page.keyboard.press("ArrowLeft")
        seen.add(picture.get_attribute("src"))
    assert len(seen) == 5
    assert words.inner_text() == slider.get_attribute("aria-valuetext") == "0 kimg, FD 60, 10 of 10 classes"
    box = present(slider.bounding_box())
    # By its place in the slider, which may still move on the page: figures beside it are drawn meanwhile.
    slider.click(position={"x": box["width"] - 2, "y": box["height"] / 2})
    timeline.locator("output", has_text="40 kimg").wait_for()
    assert picture.get_attribute("src") == last


def test_every_picture_and_control_has_a_name(page: Page) -> None:
    open_tab(page, "images")
    alts = page.locator("img").evaluate_all("images => images.map((image) => image.alt.trim())")
    assert len(alts) > 50
    assert min(map(len, alts)) > 10
    unnamed = page.locator("button, input, select, [role=img], [role=region], [role=tabpanel]").evaluate_all(
        "all => all.filter((each) => !(each.ariaLabel || each.textContent.trim() || each.closest('label')"
        " || each.getAttribute('aria-labelledby'))).map((each) => each.outerHTML)"
    )
    assert unnamed == []


def colours(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "['background-color', 'color'].map((name) => getComputedStyle(document.body)[name])"
    )
    return found


def brightness(colour: str) -> int:
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(",")))


def test_the_theme_can_be_chosen_and_stays(new_page: Callable[..., Page]) -> None:
    page = new_page()
    light_page, light_ink = colours(page)
    assert brightness(light_page) > brightness(light_ink)
    label = "#result .drawing .main-svg text"
    page.locator(label).first.wait_for()
    fill = "(text) => getComputedStyle(text).fill"
    in_figure = page.locator(label).first.evaluate(fill)
    page.get_by_role("button", name="Dark page").click()
    dark_page, dark_ink = colours(page)
    assert brightness(dark_page) < 150 < 500 < brightness(dark_ink)
    assert brightness(page.locator(label).first.evaluate(fill)) > brightness(in_figure) + 200
    page.reload()
    page.locator("html[data-ready]").wait_for()
    assert colours(page) == [dark_page, dark_ink]
    page.get_by_role("button", name="Light page").click()
    assert colours(page) == [light_page, light_ink]


def test_the_theme_follows_the_system_until_it_is_chosen(new_page: Callable[..., Page]) -> None:
    page = new_page(color_scheme="dark")
    assert brightness(colours(page)[0]) < 150
    page.emulate_media(color_scheme="light")
    page.locator("html[data-theme=light]").wait_for()
    assert brightness(colours(page)[0]) > 600


def test_an_arm_has_one_colour_everywhere(page: Page) -> None:
    draw_all(page)
    swatches = page.locator(".swatch").evaluate_all(
        "all => all.map((each) => [each.nextSibling.textContent.match(/\\S+/)[0], each.style.backgroundColor])"
    )
    marks = page.locator(".drawing").evaluate_all(
        "plots => plots.flatMap((plot) => plot.data)"
        ".map((trace) => [trace.name, trace.line?.color ?? trace.marker?.color])"
    )
    assert {tuple(each) for each in swatches} == {("lsgan", "rgb(0, 119, 187)"), ("wgan", "rgb(238, 119, 51)")}
    assert {tuple(each) for each in marks if each[0] in ("lsgan", "wgan")} == {
        ("lsgan", "#0077BB"),
        ("wgan", "#EE7733"),
    }


def test_nothing_is_wider_than_a_phone(new_page: Callable[..., Page]) -> None:
    page = new_page()
    page.set_viewport_size({"width": 390, "height": 800})
    draw_all(page)
    for name in TABS:
        open_tab(page, name)
        for details in page.locator(f"#{name} details:not([open]) > summary").all():
            if details.is_visible():
                details.click()
        wide = page.evaluate(
            "[...document.querySelectorAll('main *, header *')].filter((each) => !each.closest('.scroll, svg')"
            " && each.getBoundingClientRect().right > innerWidth + 1).map((each) => each.outerHTML.slice(0, 200))"
        )
        assert (name, page.evaluate("document.documentElement.scrollWidth - innerWidth"), wide) == (name, 0, [])


def downloaded(page: Page, button: Locator) -> tuple[str, str]:
    # Chromium drops, without a word, what a page wants to save beyond ten files within a second.
    page.wait_for_timeout(150)
    with page.expect_download() as download:
        button.click()
    return download.value.suggested_filename, Path(download.value.path()).read_text(encoding="utf-8")


def test_the_numbers_of_a_figure_can_be_saved(page: Page) -> None:
    open_tab(page, "result")
    buttons = page.locator("#result .drawing ~ figcaption .downloads button")
    (csv_name, table), (json_name, values) = (downloaded(page, button) for button in buttons.all())
    assert (csv_name, json_name) == ("confirmed_scores_of_each_arm.csv", "confirmed_scores_of_each_arm.json")
    rows = [tuple(row.values()) for row in json.loads(values)]
    # Each arm's mean, seeds and search score.
    assert ("", "", "confirm_002_seed_0", 9.5, "lsgan", None, None) in rows
    assert ("", "search score of the configuration", "", 16, "wgan", None, None) in rows
    assert ("", "", "confirm_003_seed_4", 120, "wgan", None, None) in rows
    # Two means, ten seeds, two search scores.
    assert len(rows) == 14
    read = list(csv.reader(table.splitlines()))
    assert read[0] == ["arm", "series", "point", "x", "y", "low", "high"]
    assert read[1:] == [["" if value is None else str(value) for value in row] for row in rows]


def test_every_figure_and_table_can_be_saved(page: Page) -> None:
    """With the numbers it draws: as many rows as the figure has points, texts as they were before any escaping."""
    texts = ""
    for name in TABS:
        open_tab(page, name)
        for figure in page.locator(f"#{name} figure:has(.downloads button)").all():
            if not figure.is_visible():
                continue
            _, values = downloaded(page, figure.get_by_role("button", name="as JSON"))
            assert len(json.loads(values)) > 0, figure.locator("figcaption").inner_text()
            texts += values
    assert HOSTILE in texts
    assert "&lt;" not in texts


def test_on_paper_every_tab_and_every_figure_is_there(new_page: Callable[..., Page]) -> None:
    page = new_page(color_scheme="dark")
    # What is on the page at the moment it is printed.
    page.evaluate(
        f"""addEventListener("beforeprint", () => {{
          const isUndrawn = (each) => each.querySelector(".main-svg") === null;
          window.printed = [{OPEN_TABS}, [...document.querySelectorAll(".drawing")].filter(isUndrawn).length];
        }})"""
    )
    content = page.pdf(format="A4")
    assert page.evaluate("printed") == [list(TABS), 0]
    assert content.count(b"/Type /Page\n") > len(TABS)
    # Afterwards only the open tab is there.
    assert page.evaluate(OPEN_TABS) == ["result"]


def test_the_style_of_a_printed_page(new_page: Callable[..., Page]) -> None:
    page = new_page(color_scheme="dark")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.emulate_media(media="print")
    # Also where the page is not told that it is printed.
    assert page.evaluate(OPEN_TABS) == list(TABS)
    assert not page.locator("nav").is_visible()
    assert not page.locator(".theme").is_visible()
    assert [page.locator(f"#{name} h2").is_visible() for name in TABS] == [True] * len(TABS)
    background, ink = colours(page)
    assert (background, brightness(ink) < 150) == ("rgba(0, 0, 0, 0)", True)
