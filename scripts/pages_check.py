#!/usr/bin/env python3
"""pages_check.py PAGE...: opens pages in a real browser (chromium, headless) and checks that nothing is said on its
console, that each plot has ink and its table, that keys zoom, and that nothing is wider than a window of 400, 1280 or
2560 pixels, in light and dark. PAGE is a file or an address.

  --pictures FOLDER   keep a screenshot of each
"""
import argparse
import html
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.request

WIDTHS = {400: 900, 1280: 900, 2560: 1440}
# Runs in the page, behind its own scripts: what a person would do, and what is then to be seen.
PROBE = """
window.addEventListener("error", event => console.error("uncaught: " + event.message));
setTimeout(async () => {
  const wait = time => new Promise(done => setTimeout(done, time)), found = {plots: [], wide: [], small: []};
  const scrolls = one => { for (let e = one; e; e = e.parentElement) if (["auto", "scroll", "hidden"].includes(getComputedStyle(e).overflowX)) return true; return false; };
  found.width = document.documentElement.scrollWidth; found.window = innerWidth;
  for (const one of document.querySelectorAll("body *")) {
    const box = one.getBoundingClientRect();
    if (box.right > innerWidth + 1 && box.width > 0 && !scrolls(one) && !one.closest("svg")) found.wide.push(one.tagName + "." + one.className);
  }
  const bright = text => { const c = text.match(/[\\d.]+/g).slice(0, 3).map(v => { v /= 255; return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; }); return 0.2126 * c[0] + 0.7152 * c[1] + 0.0722 * c[2]; };
  const paper = one => { for (let e = one; e; e = e.parentElement) { const b = getComputedStyle(e).backgroundColor; if (!/^rgba\\(.*, 0\\)$/.test(b)) return b; } return "rgb(255, 255, 255)"; };
  const weak = new Set();
  for (const one of document.querySelectorAll("body *")) {
    if (![...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()) || one.closest("script, noscript, svg") || one.closest("[hidden]")) continue;
    const a = bright(getComputedStyle(one).color), b = bright(paper(one)), ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) weak.add(one.tagName + "." + one.className + " " + ratio.toFixed(2));
  }
  found.weak = [...weak];
  for (const figure of document.querySelectorAll("figure.plot")) {
    const drawing = figure.querySelector(":scope > svg"), text = drawing.innerHTML;
    const ink = [...drawing.querySelectorAll("path.curve")].filter(p => (p.getAttribute("d") || "").length > 4).length + drawing.querySelectorAll("circle").length +
      [...drawing.querySelectorAll("rect")].filter(r => r.getAttribute("fill")?.startsWith("url") && Number(r.getAttribute("width")) > 0).length;
    const plot = {title: figure.querySelector("strong").textContent, ink, broken: /NaN|Infinity|undefined/.test(text)};
    const details = figure.querySelector("details.values");
    if (details) { details.open = true; await wait(30); plot.rows = details.querySelectorAll("tbody tr").length; details.open = false; }
    if (drawing.tabIndex === 0) {
      drawing.focus();
      for (const key of ["ArrowRight", "+", "+"]) drawing.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
      await wait(30);
      plot.zooms = drawing.innerHTML !== text;
      drawing.dispatchEvent(new KeyboardEvent("keydown", {key: "0", bubbles: true, cancelable: true}));
      plot.reads = figure.querySelector(".readout")?.textContent.length > 0;
    }
    found.plots.push(plot);
  }
  const note = document.createElement("pre");
  note.id = "probe"; note.textContent = JSON.stringify(found);
  document.body.replaceChildren(note);
}, 1500);
"""


def chromium(words, address):
    command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
               "--virtual-time-budget=8000", *words, address]
    return subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)


def console_lines(answer):
    return [line for line in answer.stderr.splitlines() if ":CONSOLE" in line]


def page_text(page):
    if "://" in page:
        with urllib.request.urlopen(page, timeout=30) as answer:
            return answer.read().decode()
    return pathlib.Path(page).read_text(encoding="utf-8")


def probe(text, folder, width, dark):
    """What the page comes to in a window of this width."""
    file = pathlib.Path(folder) / "probed.html"
    theme = 'pt.theme.choice = "dark"; pt.theme.apply();' if dark else ""
    file.write_text(text.replace("</body>", f"<script>{theme}{PROBE}</script></body>"), encoding="utf-8")
    answer = chromium(["--dump-dom", f"--window-size={width},{WIDTHS[width]}"], file.as_uri())
    found = re.search(r'<pre id="probe">(.*?)</pre>', answer.stdout, re.DOTALL)
    wrong = [f"the console says: {line.split(':CONSOLE', 1)[1][:200]}" for line in console_lines(answer)]
    if not found:
        return [*wrong, "the page did not come to its end"], 0
    seen = json.loads(html.unescape(found[1]))
    if seen["width"] > seen["window"] or seen["wide"]:
        wrong.append(f"wider than the window: {seen['width']} of {seen['window']}, {seen['wide'][:4]}")
    wrong += [f"text of too little contrast: {one}" for one in seen["weak"]]
    for plot in seen["plots"]:
        for bad, why in ((plot["ink"] == 0, "has no ink"), (plot["broken"], "holds what is no number"), (plot.get("rows") == 0, "has an empty table"),
                         ("rows" not in plot, "has no table"), (plot.get("zooms") is False, "does not zoom"), (plot.get("reads") is False, "is not read by keys")):
            if bad:
                wrong.append(f"{plot['title']} {why}")
    if not seen["plots"]:
        wrong.append("has no plot")
    return wrong, len(seen["plots"])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", nargs="+")
    parser.add_argument("--pictures")
    options, failed = parser.parse_args(), 0
    with tempfile.TemporaryDirectory() as folder:
        for page in options.page:
            text = page_text(page)
            for width in WIDTHS:
                for dark in (False, True):
                    wrong, plots = probe(text, folder, width, dark)
                    look = "dark" if dark else "light"
                    print(f"{page}, {width} px, {look}: {plots} plots" + "".join(f"\n  {each}" for each in wrong), flush=True)
                    failed += len(wrong)
                    if options.pictures:
                        still = pathlib.Path(folder) / "still.html"
                        still.write_text(text.replace("</body>", '<script>pt.theme.choice = "dark"; pt.theme.apply();</script></body>') if dark else text, encoding="utf-8")
                        name = f"{pathlib.Path(page).stem or 'page'}-{width}-{look}.png"
                        chromium([f"--screenshot={pathlib.Path(options.pictures) / name}", f"--window-size={width},{9000 if width == 400 else 5200}"], still.as_uri())
    print("0 problems" if failed == 0 else f"{failed} problems")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
