"""The pictures as a browser lays them out: what was measured without a font holds with one."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app.infrastructure.layout.compose import compose
from app.infrastructure.layout.svg import render_svg
from tests.infrastructure.example import example
from tests.infrastructure.graphs import PoolPlan, ServicePlan, make_graph

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium is installed"),
]
MEASURE = """<pre id="seen"></pre><script>
const seen = [];
for (const text of document.querySelectorAll("svg text")) {
  const box = text.getBBox(), room = text.parentElement.querySelector("rect").getBBox();
  seen.push({text: text.textContent, box: [box.x, box.y, box.width, box.height],
             room: [room.x, room.y, room.width, room.height], length: Number(text.getAttribute("textLength"))});
}
document.getElementById("seen").textContent = JSON.stringify(seen);
</script>"""


def measured(svg: str, folder: Path) -> list[dict[str, Any]]:
    page = folder / "page.html"
    page.write_text(f"<body>{svg}{MEASURE}</body>", "utf-8")
    assert CHROMIUM is not None
    flags = ["--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}", "--dump-dom"]
    shown = subprocess.run([CHROMIUM, *flags, page.as_uri()], capture_output=True, text=True, check=True, timeout=60)
    found = re.search(r'<pre id="seen">(.*?)</pre>', shown.stdout, re.DOTALL)
    assert found is not None
    texts: list[dict[str, Any]] = json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    return texts


@pytest.mark.parametrize("machines", [1, 3, 50])
def test_no_text_leaves_its_box_or_meets_another(machines: int, tmp_path: Path) -> None:
    services = [ServicePlan("web", (80, 443)), ServicePlan("api", (443,)), ServicePlan("metrics", internal=True)]
    graph = make_graph([PoolPlan("nodepool1", machines)], services) if machines != 50 else example()
    texts = measured(render_svg(compose(graph)), tmp_path)
    assert len(texts) > 30
    for text in texts:
        (x, y, width, height), (left, top, room, depth) = text["box"], text["room"]
        # Glyphs are measured with their own edges, a little more or less than their advance.
        assert abs(width - text["length"]) <= 1 + 0.01 * text["length"], text
        assert left <= x, text
        assert x + width <= left + room + 0.5, text
        assert top <= y + 2, text
        assert y + height <= top + depth + 2, text
    for place, one in enumerate(texts):
        for other in texts[place + 1 :]:
            (x, y, width, height), (x2, y2, width2, height2) = one["box"], other["box"]
            apart = x + width <= x2 or x2 + width2 <= x or y + height - 1.5 <= y2 or y2 + height2 - 1.5 <= y
            assert apart, (one, other)
