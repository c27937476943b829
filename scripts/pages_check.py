#!/usr/bin/env python3
"""Opens reports of runs in a headless Chromium: nothing on its console, nothing from the network, ink and a table for
each plot, zoom by keys, Tab, print, widths of 400 to 3840 pixels in light and dark.

usage: pages_check.py PAGE... [--pictures FOLDER]      (apt-get install chromium)
A PAGE is a file that `pipetrain report` wrote, or the address of `pipetrain watch`.
"""
import argparse
import pathlib
import sys

from browser import FAINT, OVERLAPS, WIDE, Browser

SIZE = 2_000_000
WIDTHS = {400: 900, 1280: 900, 2560: 1440, 3840: 2160}
INK = """[...document.querySelectorAll('figure.plot > svg[role]')].map(s => [...s.querySelectorAll('path.curve')].filter(p => (p.getAttribute('d') || '').length > 4).length
  + s.querySelectorAll('circle').length + [...s.querySelectorAll('rect')].filter(r => /^url/.test(r.getAttribute('fill')) && r.getAttribute('width') > 0).length)"""
# Of each plot what a reader does with it, and what is then to be seen.
PLOTS = """(async () => {
  const found = [], wait = time => new Promise(done => setTimeout(done, time)), plain = svg => svg.innerHTML.replace(/clip-\\w+/g, '');
  for (const figure of document.querySelectorAll('figure.plot')) {
    const drawing = figure.querySelector(':scope > svg'), details = figure.querySelector('details.values'), title = figure.querySelector('strong').textContent;
    if (/NaN|Infinity|undefined/.test(drawing.innerHTML)) found.push(title + ' holds what is no number');
    details.open = true;
    for (let i = 0; i < 100 && !details.querySelector('tbody tr'); i++) await wait(10);
    if (!details.querySelector('tbody tr')) found.push(title + ' has no table');
    details.open = false;
    if (drawing.tabIndex !== 0) continue;
    const press = key => drawing.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})), before = plain(drawing);
    press('+');
    if (plain(drawing) === before) found.push(title + ' does not zoom');
    press('0');
    press(figure.classList.contains('timeline') ? 'm' : 'ArrowRight');
    if (!figure.querySelector('.readout').textContent) found.push(title + ' is not read by keys');
  }
  return found;
})()"""


class Check:
    def __init__(self):
        self.failed = 0

    def expect(self, what, good, found=""):
        self.failed += not good
        print(("ok      " if good else "FAILED  ") + what + ("" if good else f": found {found}"), flush=True)


def check_page(browser, check, address, name, pictures):
    browser.open(address)
    browser.wait(f"document.querySelector('.cards, table') && Math.min(...{INK}) > 0")
    for width, height in WIDTHS.items():
        for dark in (False, True):
            browser.size(width, height)
            browser.look(dark)
            browser.settle()
            look = f"{width} px, {'dark' if dark else 'light'}"
            ink = browser.run(INK)
            check.expect(f"{name}, {look}: {len(ink)} plots, all with ink", ink and min(ink) > 0, ink)
            for what, found in (("nothing is wider than the page", WIDE), ("texts stand out at 4.5 to 1", FAINT), ("no text lies on another", OVERLAPS)):
                seen = browser.run(found)
                check.expect(f"{name}, {look}: {what}", seen == [], seen)
            if pictures:
                browser.picture(pictures / f"{name}-{width}-{'dark' if dark else 'light'}.png")
    browser.size(1280)
    browser.look()
    browser.settle()
    wrong = browser.run(PLOTS)
    check.expect(f"{name}: each plot has its table, zooms and is read by keys", wrong == [], wrong)
    missed = browser.unreached()
    check.expect(f"{name}: Tab comes to every control and shows it", missed == [], missed)
    browser.look(media="print", dark=True)
    browser.settle()
    check.expect(f"{name}, print: on white paper, without controls", browser.run(
        "document.documentElement.dataset.theme === 'light' && [...document.querySelectorAll('button, select, nav')].every(e => e.getClientRects().length === 0)"))
    if pictures:
        browser.picture(pictures / f"{name}-print.png")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", nargs="+")
    parser.add_argument("--pictures", type=pathlib.Path)
    options, check = parser.parse_args(), Check()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for page in options.page:
            if "://" not in page:
                size = pathlib.Path(page).stat().st_size
                check.expect(f"{page}: {size} bytes are less than 2 MB", size < SIZE)
            address = page if "://" in page else pathlib.Path(page).resolve().as_uri()
            check_page(browser, check, address, pathlib.Path(page).stem or "page", options.pictures)
        check.expect("no errors on the console, nothing from the network", browser.problems == [], browser.problems)
    sys.exit(1 if check.failed else 0)


main()
