"""The report in a real browser: figures are drawn, the slider changes the picture, data can be saved, nothing fails."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from synthetic_run import write_synthetic_run

from gan_study.report.write import write_report

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs a Chromium or Chrome on the PATH")

PROBE = """
<script>
const seen = { errors: [] };
addEventListener("error", (event) => seen.errors.push(event.message));
addEventListener("unhandledrejection", (event) => seen.errors.push(String(event.reason)));
</script>
"""
DRIVER = """
<script>
addEventListener("load", () => setTimeout(() => {
  const timeline = document.querySelector(".timeline");
  const [picture, slider] = [timeline.querySelector("img"), timeline.querySelector("input")];
  seen.last = [picture.src, timeline.querySelector("output").textContent];
  slider.value = 0;
  slider.dispatchEvent(new Event("input"));
  seen.first = [picture.src, timeline.querySelector("output").textContent, slider.getAttribute("aria-valuetext")];
  const drawings = [...document.querySelectorAll(".drawing")];
  seen.drawn_at_once = drawings.filter((drawing) => drawing.querySelector(".main-svg")).length;
  dispatchEvent(new Event("beforeprint"));
  seen.drawn = drawings.map((drawing) => drawing.querySelectorAll(".main-svg").length > 0);
  seen.width = document.documentElement.scrollWidth - innerWidth;
  seen.unnamed = [...document.querySelectorAll("button, input, img")].filter((element) =>
    !(element.getAttribute("aria-label") || element.alt || element.textContent || element.closest("label"))).length;
  const saved = [];
  URL.createObjectURL = (blob) => (saved.push(blob), "#");
  const place = document.querySelector(".drawing ~ figcaption .downloads");
  for (const button of place.querySelectorAll("button")) button.click();
  Promise.all(saved.map((blob) => blob.text())).then((texts) => {
    seen.saved = texts;
    const result = document.createElement("pre");
    result.id = "seen";
    result.textContent = JSON.stringify(seen);
    document.body.replaceChildren(result);
  });
}, 1500));
</script>
"""


def look_at(html: str, folder: Path, width: int) -> dict[str, object]:
    """What the driver saw of a page in a window of this width."""
    page = html.replace("<head>", "<head>" + PROBE).replace("</body>", DRIVER + "</body>")
    place = folder / "probed.html"
    place.write_text(page, encoding="utf-8")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000"]
    command += [f"--user-data-dir={folder / 'chromium'}", f"--window-size={width},1000", "--dump-dom", place.as_uri()]
    dumped = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout
    found = re.search(r'<pre id="seen">(.*?)</pre>', dumped, re.DOTALL)
    assert found, dumped[-2000:]
    seen: dict[str, object] = json.loads(unescape(found[1]))
    return seen


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    html = Path(write_report(write_synthetic_run(str(folder)))).read_text(encoding="utf-8")
    return look_at(html, folder, width=1280)


def test_every_figure_is_drawn_and_nothing_fails(seen):
    assert seen["errors"] == []
    assert len(seen["drawn"]) >= 11
    assert all(seen["drawn"])


def test_figures_far_below_wait_until_they_are_near_or_printed(seen):
    assert 1 <= seen["drawn_at_once"] < len(seen["drawn"])


def test_the_page_is_as_wide_as_the_window(seen):
    assert seen["width"] <= 0


def test_everything_that_can_be_reached_has_a_name(seen):
    assert seen["unnamed"] == 0


def test_the_slider_changes_the_picture_and_its_words(seen):
    (last, last_words), (first, first_words, spoken) = seen["last"], seen["first"]
    assert last.startswith("data:image/png;base64,")
    assert first != last
    assert last_words == "40 kimg, FD 9.5, 10 of 10 classes"
    assert first_words == spoken == "0 kimg, FD 60, 10 of 10 classes"


def test_the_data_of_a_figure_can_be_saved(seen):
    table, values = seen["saved"]
    assert table.splitlines()[0] == '"arm","series","point","x","y","low","high"'
    # The first figure: each arm's mean, seeds and search score.
    rows = [tuple(row.values()) for row in json.loads(values)]
    assert ("", "", "confirm_002_seed_0", 9.5, "lsgan", None, None) in rows
    assert ("", "search score of the configuration", "", 16, "wgan", None, None) in rows
    assert ("", "", "confirm_003_seed_4", 120, "wgan", None, None) in rows
    assert '"","","confirm_002_seed_0","9.5","lsgan","",""' in table.splitlines()
    # Two means, ten seeds, two search scores.
    assert len(rows) == len(table.splitlines()) - 1 == 14
