#!/usr/bin/env python3
"""Opens the explorer of schedules in a headless Chromium: no errors, nothing from the network, ink in every drawing at
four widths in light and dark and in print, sliders that change it, keys, addresses that bring a setting back, files to
save, colours that colour-blind readers tell apart.

usage: explorer_check.py PIPETRAIN [FOLDER]      (apt-get install chromium; pictures go into FOLDER, if it is given)
"""
import itertools
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

from browser import MOST_BYTES, Browser, Check, check_end, check_looks

INK = "[...document.querySelectorAll('figure svg[role]')].filter(s => s.getBoundingClientRect().height > 0).map(s => s.querySelectorAll('rect,path,circle,text').length)"
SET = """(() => {{ const input = document.querySelector('input[name="{0}"]'); input.value = {1};
  input.dispatchEvent(new Event('input', {{bubbles: true}})); }})()"""
# Without the random names of clip paths.
DRAWN = "(document.querySelector('figure.timeline svg[role]').innerHTML + document.querySelector('.formula').textContent).replace(/clip-\\w+/g, '')"
ACTIONS = "Object.fromEntries(Object.entries(pt.actions).filter(([, look]) => look.fill).map(([kind, look]) => [kind, [look.fill, look.texture, pt.letter(kind)]]))"
# How light in linear sRGB looks to dichromats: Machado, Oliveira and Fernandes 2009, severity 1.
BLIND = {"no": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
         "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
         "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
         "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900))}
LEAST_APART = 15  # CIE 1976 differences: 2.3 is just to be seen


def lab(colour, blind):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5))]
    seen = [min(1, max(0, sum(a * b for a, b in zip(row, linear)))) for row in BLIND[blind]]
    xyz = [sum(a * b for a, b in zip(row, seen)) / white for row, white in
           zip(((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)), (0.9505, 1, 1.089))]
    x, y, z = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in xyz)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def check_colours(browser, check):
    actions = browser.run(ACTIONS)
    for blind in BLIND:
        apart = {f"{a} and {b}": sum((p - q) ** 2 for p, q in zip(lab(actions[a][0], blind), lab(actions[b][0], blind))) ** 0.5
                 for a, b in itertools.combinations("FIWBR", 2)}
        nearest = min(apart, key=apart.get)
        check.expect(f"colours of F, I, W, B and R to {blind} colour blindness: {nearest} are nearest, {apart[nearest]:.0f} apart", apart[nearest] >= LEAST_APART)
    for part, of in ((1, "texture"), (2, "letter")):
        check.expect(f"each kind of action has a {of} of its own", len({look[part] for look in actions.values()}) == len(actions), actions)


def check_sliders(browser, check, address):
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
    browser.settle()
    before, hash_before = browser.run(DRAWN), browser.run("location.hash")
    browser.open("about:blank")
    browser.open(address + hash_before)
    browser.wait(f"{INK}.length >= 3 && Math.min(...{INK}) > 10")
    browser.settle()
    check.expect("the address brings all settings back", browser.run(DRAWN) == before, hash_before)
    browser.run("document.querySelector('select[name=b]').value = 'gpipe'; document.querySelector('select[name=b]').dispatchEvent(new Event('change'))")
    browser.settle()
    check.expect("a second schedule is drawn under the first", browser.run("document.querySelectorAll('figure.timeline .row-title').length") == 2)


def check_keys(browser, check, address):
    browser.open(address + "#s=zbv&b=1f1b", 1280)
    browser.wait(f"{INK}.length >= 4")
    missed = browser.unreached()
    check.expect("Tab comes to every control and shows it", missed == [], missed)
    browser.run("document.activeElement.blur()")
    browser.key("n", "KeyN")
    first = browser.run("location.hash")
    browser.key("n", "KeyN")
    check.expect("the key n steps through time", browser.run("location.hash") != first and "t=" in first, first)
    moves = "[...document.querySelectorAll('.moves svg')][0].innerHTML"
    browser.run(f"window.before = {moves}")
    browser.key(" ", "Space")
    check.expect("the space bar lets time pass", browser.run("[...document.querySelectorAll('button')].some(b => b.textContent === 'Pause')"))
    browser.wait(f"{moves} !== before")
    browser.key(" ", "Space")
    for key in ("+", "ArrowRight", "m"):
        browser.run("document.querySelector('figure.timeline svg[role]').focus()")
        before = browser.run(DRAWN)
        browser.key(key)
        check.expect(f"the key {key} changes the drawing that has the focus", browser.run(DRAWN) != before)


def check_files(browser, check, program, folder):
    browser.save_into(folder)
    for button, names in (("SVG", ["zbv-and-1f1b.svg"]), ("PNG", ["zbv-and-1f1b.png"]), ("CSV", ["zbv.csv", "1f1b.csv"])):
        browser.run(f"[...document.querySelectorAll('.explorer section > .bar button')].find(b => b.textContent === '{button}').click()")
        files, end = [pathlib.Path(folder) / name for name in names], time.monotonic() + 20
        while not all(file.exists() and file.stat().st_size > 0 for file in files) and time.monotonic() < end:
            time.sleep(0.1)
        for file in files:
            good = file.exists()
            if good and file.suffix == ".svg":
                good = len(list(xml.etree.ElementTree.parse(file).getroot().iter("{http://www.w3.org/2000/svg}rect"))) > 100
            elif good and file.suffix == ".png":
                data = file.read_bytes()
                good = data[:8] == b"\x89PNG\r\n\x1a\n" and int.from_bytes(data[16:20]) > 1000
            elif good:
                good = subprocess.run([program, "schedule", "--check", file], check=False, stdout=subprocess.DEVNULL).returncode == 0
            check.expect(f"{button} gives {file.name}, which can be read", good, sorted(p.name for p in pathlib.Path(folder).iterdir()))


def check_slices(browser, check, program, address, folder):
    """Schedules of slices are as long as the program says, name their slices, and leave as tables that it reads."""
    for name, costs in (("slim-1f1b", (1, 1, 1, 0)), ("zb-h1", (1, 2, 0.5, 0.5)), ("1f1b", (2, 1, 1, 0.25))):
        browser.open("about:blank")
        browser.open(address + f"#s={name}&p=4&m=8&n=4&" + "&".join(f"{key}={cost}" for key, cost in zip("fiwc", costs)))
        browser.wait(f"{INK}.length >= 3")
        words = ["--name", name, "--ranks", "4", "--microbatches", "8", "--slices", "4", "--costs", ",".join(map(str, costs)), "--format", "json"]
        made = json.loads(subprocess.run([program, "schedule", *words], check=True, stdout=subprocess.PIPE).stdout)
        shown = float(browser.run("document.querySelector('.explorer').innerText.match(/makespan ([\\d.]+)/)[1]"))
        check.expect(f"{name} in 4 slices is as long as the program has it", abs(shown - made["makespan_gradients_first"]) < 0.01, shown)
        file, end = pathlib.Path(folder) / f"{name}.csv", time.monotonic() + 20
        file.unlink(missing_ok=True)
        browser.save_into(folder)
        browser.run("[...document.querySelectorAll('.explorer section > .bar button')].find(b => b.textContent === 'CSV').click()")
        while not (file.exists() and file.stat().st_size > 0) and time.monotonic() < end:
            time.sleep(0.1)
        rows = file.read_text().split() if file.exists() else []
        check.expect(f"{name} in 4 slices leaves as its table", rows == [",".join(rank) for rank in made["ranks"]], rows[:1])
    browser.open("about:blank")
    browser.open(address + "#s=zbv&p=4&m=8&n=4")
    browser.wait("document.querySelector('.notice')")
    check.expect("a schedule of whole sequences is said to have no slices", "in 4 slices is not here" in browser.run("document.querySelector('.notice').textContent"))


def check_bad_addresses(browser, check, address):
    browser.open("about:blank")
    browser.open(address + "#s=dualpipev&p=4&m=3")
    browser.wait("document.querySelector('.notice')")
    check.expect("a schedule that does not exist is said to be none", "does not exist" in browser.run("document.querySelector('.notice').textContent"))
    browser.open("about:blank")
    browser.open(address + "#s=<img src=x onerror=alert(1)>&p=99999&m=abc&f=-1&k=<b>&t=NaN")
    browser.wait(f"{INK}.length >= 3")
    check.expect("an address that makes no sense is taken for the beginning", browser.run("document.querySelector('select').value") == "1f1b")


def check_explorer(browser, check, program, pictures=None, widths=None):
    with tempfile.TemporaryDirectory() as folder:
        pages = {}
        for name, words in (("explore", ["--explore"]), ("one", ["--name", "zbv", "--ranks", "4", "--microbatches", "8", "--format", "html"])):
            page = pages[name] = pathlib.Path(folder) / f"{name}.html"
            page.write_bytes(subprocess.run([program, "schedule", *words], check=True, stdout=subprocess.PIPE).stdout)
            check.expect(f"{name}: {page.stat().st_size} bytes are less than 2 MB", page.stat().st_size < MOST_BYTES)
        address = pages["explore"].as_uri()
        browser.open(address + "#s=zbv&b=1f1b&p=4&m=8&t=9.5&c=0.25")
        check_looks(browser, check, "explorer", f"{INK}.length >= 4 && Math.min(...{INK}) > 10", pictures, widths)
        check.expect("print: drawings are as wide as the paper", browser.run("document.querySelector('figure.timeline').clientWidth > 0.9 * innerWidth"))
        browser.look()
        check_colours(browser, check)
        check_sliders(browser, check, address)
        check_keys(browser, check, address)
        check_files(browser, check, program, folder)
        check_slices(browser, check, program, address, folder)
        check_bad_addresses(browser, check, address)
        browser.open(pages["one"].as_uri())
        browser.wait(f"{INK}.length >= 3")
        if pictures:
            browser.picture(pictures / "one-schedule.png")


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    pictures = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    check = Check()
    with Browser() as browser:
        check_explorer(browser, check, pathlib.Path(sys.argv[1]).resolve(), pictures)
        check_end(browser, check)
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
