#!/usr/bin/env python3
"""pages.py PIPETRAIN MPIRUN [FOLDER]: reports of runs, the page that watch serves and the explorer of schedules, each
opened in a browser. Pictures of them go into FOLDER, if it is given. Skipped where Debian's chromium is not there."""
import os
import pathlib
import re
import signal
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../scripts"))
from browser import Browser, Check, check_end, chromium  # noqa: E402  (scripts/)
from explorer_check import check_explorer  # noqa: E402
from pages_check import check_page  # noqa: E402

from inputs import write  # noqa: E402
from job import Job  # noqa: E402
from runs import GPT, train  # noqa: E402

HOSTILE = "<b onclick=alert(1)>title"
WIDTHS = (400, 1280, 2560)
LOSSES = "[...document.querySelectorAll('.card')].find(card => card.textContent.startsWith('Loss')).textContent"


def make_runs(check, folder):
    write(os.path.join(folder, "gpt.yaml"), GPT)
    write(os.path.join(folder, "corpus.txt"), "the quick brown fox jumps over the lazy dog\n" * 80)
    jobs = {"run": train(folder, 2, "run", "train.steps=25", more=["--trace"]),
            HOSTILE: train(folder, 1, HOSTILE, "train.steps=25", "train.seed=2")}
    for name, job in jobs.items():
        check.expect(f"run {name}", job.wait() == 0, job.error_output())
    failing = train(folder, 2, "failed", "train.steps=40", "optimizer.learning_rate=1e30", "optimizer.clip_norm=0")
    check.expect("run failed", failing.wait() == 5, failing.error_output())
    both = Job(1, ["report", "run", HOSTILE, "--output", "both.html"], folder=folder)
    check.expect("a page of two runs", both.wait() == 0, both.error_output())


def check_watch(browser, check, folder, pictures):
    job = Job(1, ["watch", "run", "--port", "0"], folder=folder)
    end = time.monotonic() + 30
    while not (found := re.search(r"http://127\.0\.0\.1:\d+/", job.output())) and time.monotonic() < end:
        time.sleep(0.05)
    check_page(browser, check, found[0], "watch", pictures, WIDTHS[1:2])
    with open(os.path.join(folder, "run", "metrics.jsonl"), "a", encoding="utf-8") as file:
        file.write('{"step": 26, "loss": 0.4321}\n')
    browser.wait(f"{LOSSES}.includes('0.4321')")
    check.expect("watch: a new line of metrics is shown", True)
    browser.open("about:blank")
    os.kill(job.process.pid, signal.SIGINT)
    check.expect("watch ends", job.wait(20) == 0, job.error_output())


def main():
    if chromium() is None:
        print("skipped: chromium is not installed")
        sys.exit(77)
    pictures = pathlib.Path(sys.argv[3]) if len(sys.argv) > 3 else None
    if pictures:
        pictures.mkdir(parents=True, exist_ok=True)
    check = Check()
    with tempfile.TemporaryDirectory() as folder, Browser() as browser:
        make_runs(check, folder)
        for page, name, widths in (("run/report.html", "report", WIDTHS), ("both.html", "two-runs", WIDTHS[1:2]),
                                   ("failed/report.html", "failed", WIDTHS[:1])):
            check_page(browser, check, os.path.join(folder, page), name, pictures, widths)
        check_watch(browser, check, folder, pictures)
        check_explorer(browser, check, pathlib.Path(sys.argv[1]).resolve(), pictures, WIDTHS)
        check_end(browser, check)
    sys.exit(1 if check.failed else 0)


main()
