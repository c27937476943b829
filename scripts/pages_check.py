#!/usr/bin/env python3
"""Opens reports of runs in a headless Chromium: nothing on its console, nothing from the network, ink and a table for
each plot, zoom by keys, Tab, print, widths of 400 to 3840 pixels in light and dark.

usage: pages_check.py PAGE... [--pictures FOLDER]      (apt-get install chromium)
A PAGE is a file that `pipetrain report` wrote, or the address of `pipetrain watch`.
"""
import argparse
import pathlib
import sys

from browser import MOST_BYTES, Browser, Check, check_end, check_looks

INK = """[...document.querySelectorAll('figure.plot > svg[role]')].map(s => [...s.querySelectorAll('path.curve')].filter(p => (p.getAttribute('d') || '').length > 4).length
  + s.querySelectorAll('circle').length + [...s.querySelectorAll('rect')].filter(r => /^url/.test(r.getAttribute('fill')) && r.getAttribute('width') > 0).length)"""
READY = f"document.querySelector('.cards, table') && {INK}.length > 0 && Math.min(...{INK}) > 0"
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
    const curves = [...drawing.querySelectorAll('path.curve')].map(curve => curve.getAttribute('d').split('L').length);
    if (drawing.tabIndex !== 0 || curves.length > 0 && Math.max(...curves) < 3) continue;  // too few points to look closer at
    const press = key => drawing.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true})), before = plain(drawing);
    press('+');
    if (plain(drawing) === before) found.push(title + ' does not zoom');
    press('0');
    press(figure.classList.contains('timeline') ? 'm' : 'ArrowRight');
    if (!figure.querySelector('.readout').textContent) found.push(title + ' is not read by keys');
  }
  return found;
})()"""


def check_page(browser, check, page, name, pictures=None, widths=None):
    """`page`: a file, or an address."""
    page = str(page)
    if "://" not in page:
        size = pathlib.Path(page).stat().st_size
        check.expect(f"{name}: {size} bytes are less than 2 MB", size < MOST_BYTES)
        page = pathlib.Path(page).resolve().as_uri()
    browser.open(page)
    browser.wait(READY)
    check_looks(browser, check, name, READY, pictures, widths)
    browser.look()
    browser.settle()
    wrong = browser.run(PLOTS)
    check.expect(f"{name}: each plot has its table, zooms and is read by keys", wrong == [], wrong)
    missed = browser.unreached()
    check.expect(f"{name}: Tab comes to every control and shows it", missed == [], missed)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("page", nargs="+")
    parser.add_argument("--pictures", type=pathlib.Path)
    options, check = parser.parse_args(), Check()
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    with Browser() as browser:
        for page in options.page:
            check_page(browser, check, page, pathlib.Path(page).stem or "page", options.pictures)
        check_end(browser, check)
    sys.exit(1 if check.failed else 0)


if __name__ == "__main__":
    main()
