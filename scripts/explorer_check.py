#!/usr/bin/env python3
"""Opens the explorer of schedules in a headless Chromium: no errors, nothing from the network, ink in every drawing at
three widths in light and dark, sliders that change it, keys, addresses that bring a setting back, files to save.

usage: explorer_check.py PIPETRAIN [FOLDER]      (apt-get install chromium; pictures go into FOLDER, if it is given)
"""
import pathlib
import subprocess
import sys
import tempfile

from browser import Browser

SIZE = 2_000_000
INK = "[...document.querySelectorAll('figure svg[role]')].filter(s => s.getBoundingClientRect().height > 0).map(s => s.querySelectorAll('rect,path,circle,text').length)"
WIDE = "document.documentElement.scrollWidth <= innerWidth"
SET = """(() => {{ const input = document.querySelector('input[name="{0}"]'); input.value = {1};
  input.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"""
DRAWN = "document.querySelector('figure.timeline svg[role]').innerHTML + document.querySelector('.formula').textContent"
# Of every text its contrast with what lies under it, as WCAG counts it: the texts below 4.5.
CONTRAST = r"""(() => {
  const numbers = colour => colour.match(/[\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = numbers(colour).map(c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const under = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (numbers(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  return [...document.querySelectorAll('p,h1,h3,th,td,label,button,strong,summary,output,legend')].filter(e => e.offsetParent && e.textContent.trim() && !e.disabled).filter(e => {
    const a = light(getComputedStyle(e).color), b = light(under(e)); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5; }).map(e => e.tagName + ': ' + e.textContent.slice(0, 40));
})()"""


class Check:
    def __init__(self):
        self.failed = 0

    def expect(self, what, good, found=""):
        self.failed += not good
        print(("ok      " if good else "FAILED  ") + what + ("" if good else f": found {found}"))


def check_page(browser, check, page, pictures):
    address = page.as_uri()
    for width in (400, 1280, 2560):
        for dark in (False, True):
            name = f"{width} px, {'dark' if dark else 'light'}"
            browser.open(address + "#s=zbv&b=1f1b&p=4&m=8&t=9.5&c=0.25", width, dark=dark)
            browser.wait(f"{INK}.length >= 4")
            ink = browser.run(INK)
            check.expect(f"{name}: every drawing has ink", min(ink) > 10, ink)
            check.expect(f"{name}: nothing is wider than the page", browser.run(WIDE), browser.run("document.documentElement.scrollWidth"))
            faint = browser.run(CONTRAST)
            check.expect(f"{name}: texts stand out at 4.5 to 1", faint == [], faint)
            if pictures:
                browser.picture(pictures / f"explorer-{width}-{'dark' if dark else 'light'}.png")
    browser.open(address, 1280)
    browser.wait(f"{INK}.length >= 3")
    for name, value in (("p", 5), ("m", 3), ("f", 2), ("i", 1.5), ("w", 0.5), ("c", 0.5)):
        before = browser.run(DRAWN)
        browser.run(SET.format(name, value))
        check.expect(f"slider {name} changes the drawing", browser.run(DRAWN) != before)
    before = browser.run(DRAWN)
    browser.run("document.querySelector('input[name=r]').click()")
    check.expect("recompute changes the drawing, with R in it", browser.run(DRAWN) != before and browser.run("document.querySelector('figure.timeline').textContent.includes('recomputed')"))
    browser.run("document.querySelector('.settings details').open = true")
    browser.wait("document.querySelector('input[name=k1]')")
    before = browser.run(DRAWN)
    browser.run(SET.format("k1", 3))
    check.expect("a stage's slider changes the drawing", browser.run(DRAWN) != before)
    before, hash_before = browser.run(DRAWN), browser.run("location.hash")
    browser.open("about:blank")
    browser.open(address + hash_before)
    browser.wait(f"{INK}.length >= 3")
    check.expect("the address brings all settings back", browser.run(DRAWN).split("clip-")[-1][-200:] == before.split("clip-")[-1][-200:], hash_before)
    browser.run("document.activeElement.blur()")
    browser.key("n", "KeyN")
    first = browser.run("location.hash")
    browser.key("n", "KeyN")
    check.expect("the key n steps through time", browser.run("location.hash") != first and "t=" in first, first)
    moves = "[...document.querySelectorAll('.moves svg')][0].innerHTML"
    before = browser.run(moves)
    browser.key(" ", "Space")
    browser.wait(f"{moves} !== {before!r}" if "`" in before else f"{moves}.length > 0")
    check.expect("the space bar lets time pass", browser.run("[...document.querySelectorAll('button')].some(b => b.textContent === 'Pause')"))
    browser.run("window.saved = []; pt.download = (name, type, content) => saved.push([name, type, content.size || content.length])")
    for label in ("SVG", "CSV"):
        browser.run(f"[...document.querySelectorAll('.explorer .bar button')].find(b => b.textContent === '{label}').click()")
    browser.run("[...document.querySelectorAll('.explorer .bar button')].find(b => b.textContent === 'PNG').click()")
    browser.wait("saved.length >= 3")
    saved = browser.run("saved")
    check.expect("SVG, CSV and PNG are saved", [s[1] for s in saved] == ["image/svg+xml", "text/csv", "image/png"] and all(s[2] > 100 for s in saved), saved)
    browser.open(address + "#s=dualpipev&p=4&m=3")
    browser.wait("document.querySelector('.notice')")
    check.expect("a schedule that does not exist is said to be none", "does not exist" in browser.run("document.querySelector('.notice').textContent"))
    browser.open(address + "#s=<img src=x onerror=alert(1)>&p=99999&m=abc&f=-1&k=<b>&t=NaN")
    browser.wait(f"{INK}.length >= 3")
    check.expect("an address that makes no sense is taken for the beginning", browser.run("document.querySelector('select').value") == "1f1b")
    check.expect("no errors, nothing from the network", browser.problems == [], browser.problems)


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    check = Check()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        for name, words in (("explore", ["--explore"]), ("one", ["--name", "zbv", "--ranks", "4", "--microbatches", "8", "--format", "html"])):
            page = pathlib.Path(folder) / f"{name}.html"
            page.write_bytes(subprocess.run([sys.argv[1], "schedule", *words], check=True, stdout=subprocess.PIPE).stdout)
            check.expect(f"{name}: {page.stat().st_size} bytes are less than 2 MB", page.stat().st_size < SIZE)
            if name == "explore":
                check_page(browser, check, page, pictures)
            else:
                browser.open(page.as_uri(), 1280)
                browser.wait(f"{INK}.length >= 3")
                if pictures:
                    browser.picture(pictures / "one-schedule.png")
        check.expect("one schedule: no errors", browser.problems == [], browser.problems)
    sys.exit(1 if check.failed else 0)


main()
