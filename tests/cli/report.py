#!/usr/bin/env python3
"""report.py PIPETRAIN MPIRUN: a run leaves its record and its page, also after a failure; pipetrain report makes the
page of one run or several; pipetrain watch serves it to this machine alone; what is no run is refused."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import tempfile
import time

from inputs import write
from job import Checks, Job, expect, launched_by_hydra
from runs import GPT, train

NO_MPI = {"OMPI_MCA_pml": "none_such"}  # with it MPI_Init fails
TEXT = "the quick brown fox jumps over the lazy dog\n" * 80
HOSTILE = "</script><b>&amp;title"


def text_of(*path):
    with open(os.path.join(*path), encoding="utf-8") as file:
        return file.read()


def record_of(folder, output):
    return json.loads(text_of(folder, output, "run.json"))


def page_data(text):
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)[1])


def command(folder, *words):
    job = Job(1, list(words), folder=folder, env=NO_MPI)
    return job, job.wait()


def leaves_record(checks, folder):
    job, problems = train(folder, 2, "run", "train.steps=24", "train.eval_every=12"), []
    expect(problems, job.wait() == 0, "exit code is not 0")
    record = record_of(folder, "run")
    expect(problems, record["outcome"] == "done" and record["ended"] >= record["started"], "does not say how it ended")
    expect(problems, "--config gpt.yaml" in record["command"], f"command {record['command']}")
    for name in ("pipetrain", "MPI", "compiler", "instruction set"):
        expect(problems, record["versions"].get(name), f"no version of {name}")
    expect(problems, [rank["stages"] for rank in record["ranks"]] == [[0], [1]], f"ranks {record['ranks']}")
    expect(problems, all(rank["times"]["forward"] > 0 for rank in record["figures"]["ranks"]), "no times")
    for rank in record["figures"]["ranks"]:
        expect(problems, sum(rank["taken"].values()) == rank["tensor_bytes"], f"takes {rank['taken']}, of {rank['tensor_bytes']}")
        expect(problems, rank["taken"]["weights"] > 0 and rank["taken"]["activations"] > 0, f"takes {rank['taken']}")
        expect(problems, 0 < rank["own_bytes"] <= rank["resident_bytes"], "the process has no pages of its own")
    expect(problems, "step     24  loss" in text_of(folder, "run", "run.log"), "the log lacks the last step")
    page = text_of(folder, "run", "report.html")
    data = page_data(page)
    expect(problems, data["runs"][0]["step"]["step"] == 24, "not the last step's timeline")
    expect(problems, len(page) < 2_000_000 and "report: run/report.html" not in job.output(), "the page is too large")
    checks.case("a run leaves its record, log and page", job, problems)

    job, problems = train(folder, 1, "short", "train.steps=3"), []
    expect(problems, job.wait() == 0, "exit code is not 0")
    expect(problems, not os.path.exists(os.path.join(folder, "short", "report.html")), "a page of 3 steps")
    expect(problems, record_of(folder, "short")["outcome"] == "done", "no record")
    checks.case("a short run leaves no page", job, problems)


def leaves_record_of_failure(checks, folder):
    job, problems = train(folder, 2, "failed", "optimizer.learning_rate=1e30", "train.steps=40", "optimizer.clip_norm=0",
                          more=["--live"]), []
    code = job.wait()
    record = record_of(folder, "failed")
    expect(problems, code == 5, f"exit code {code}, expected 5")
    expect(problems, record["outcome"] == "failed" and record["exit_code"] == 5, f"outcome {record['outcome']}")
    expect(problems, "not finite" in record["error"], f"error {record['error']}")
    run = page_data(text_of(folder, "failed", "report.html"))["runs"][0]
    expect(problems, run["state"] == "failed" and run["record"]["error"], "the page does not say it")
    expect(problems, "live report: " in job.error_output(), "--live says nothing")
    checks.case("a run that fails leaves its record and page", job, problems)


def leaves_page_when_killed(checks, folder):
    """A rank that is killed takes the job with it; what is there is a page all the same."""
    job, problems = train(folder, 2, "killed", "train.steps=10000000", "train.log_every=1", "train.checkpoint_every=0"), []
    end = time.monotonic() + 60
    while not os.path.exists(os.path.join(folder, "killed", "last_step.json")) and time.monotonic() < end:
        time.sleep(0.02)
    os.kill(job.ranks()[1], signal.SIGKILL)
    code = job.wait()
    if not launched_by_hydra():  # which says 0 at times
        expect(problems, code != 0, "exit code 0")
        run = page_data(text_of(folder, "killed", "report.html"))["runs"][0]
        expect(problems, run["state"] == "stopping" and run["metrics"]["lines"] > 0, f"the page's state is {run['state']}")
    expect(problems, record_of(folder, "killed")["outcome"] == "running", "the record says how it ended")
    later, code = command(folder, "report", "killed", "--output", "killed.html")
    expect(problems, code == 0 and page_data(text_of(folder, "killed.html"))["runs"][0]["state"] == "lost", "a later page's state")
    checks.case("a run whose rank is killed leaves its page", job, problems)


def reports(checks, folder):
    shutil.copytree(os.path.join(folder, "run"), os.path.join(folder, HOSTILE.replace("/", "_")))
    job, code = command(folder, "report", "run", HOSTILE.replace("/", "_"), "--output", "both.html")
    problems, page = [], text_of(folder, "both.html")
    expect(problems, code == 0 and not job.output(), f"exit code {code}")
    expect(problems, page.count("<b>") == 0 and page.count("</script>") == 2, "a name became markup")
    expect(problems, not re.search(r'(src|href)="|url\(["\']?http', page), "names an address outside of it")
    expect(problems, len(page_data(page)["runs"]) == 2, "not both runs")
    checks.case("a page of two runs, one with a hostile name", job, problems)


def refuses(checks, folder, arguments, code, pattern):
    before = sorted(os.listdir(folder))
    job, found = command(folder, *arguments)
    problems, errors = [], job.errors()
    expect(problems, found == code, f"exit code {found}, expected {code}")
    expect(problems, len(errors) == 1 and re.search(pattern, errors[0]), f"errors {errors}, expected {pattern}")
    expect(problems, not job.output() and sorted(os.listdir(folder)) == before, "wrote something")
    checks.case("refused: " + " ".join(arguments), job, problems)
    return job


def refusals(checks, folder):
    bad = {"empty": {}, "newer": {"run.json": '{"format": 99}'}, "half": {"run.json": '{"format": 1, "out'}, "odd": {"run.json": '{"format": 1, "outcome": 5}'},
           "rank": {"run.json": '{"format": 1, "ranks": [1]}'},
           "line": {"metrics.jsonl": '{"step": 1}\n{"step"\n{"step": 3}\n'}, "trace": {"metrics.jsonl": "", "trace.json": "{}"},
           "yaml": {"metrics.jsonl": "", "config.yaml": "a: [b"}}
    for name, files in bad.items():
        os.mkdir(os.path.join(folder, name))
        for file, text in files.items():
            write(os.path.join(folder, name, file), text)
    for name, code, pattern in (("nowhere", 2, "no run directory nowhere"), ("empty", 2, "empty is no run directory"),
                                ("newer", 3, "newer/run.json has format 99, of a newer pipetrain"), ("half", 3, "half/run.json is damaged"),
                                ("odd", 3, "odd/run.json is damaged: its outcome is not text"), ("rank", 3, "one of its ranks is not an object"),
                                ("line", 3, "line/metrics.jsonl:2: "), ("trace", 3, "trace/trace.json is not a trace"),
                                ("yaml", 2, "yaml/config.yaml")):
        for words in (["report", "--output", "page.html"], ["watch", "--port", "0"], ["watch", "--text"]):
            refuses(checks, folder, [words[0], name, *words[1:]], code, pattern)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refuses(checks, folder, ["watch", "run", "--port", str(taken.getsockname()[1])], 2, "is in use, or not allowed; choose another")
    refuses(checks, folder, ["watch", "run", "--port", "70000"], 2, "--port")
    refuses(checks, folder, ["report", "run", "--output", "none/page.html"], 2, "cannot write none/page.html")
    keeps_what_is_there(checks, folder)


def keeps_what_is_there(checks, folder):
    """A page replaces a page; a run's own files, those that it has not written yet, and all else stay."""
    for name in ("run/metrics.jsonl", "run/config.yaml", "run/run.json", "corpus.txt", "run"):
        path = os.path.join(folder, name)
        before = text_of(path) if os.path.isfile(path) else os.listdir(path)
        job = refuses(checks, folder, ["report", "run", "--output", name], 2, f"--output {name} is there and is not a page of pipetrain report")
        problems = []
        expect(problems, before == (text_of(path) if os.path.isfile(path) else os.listdir(path)), "it was written over")
        checks.case(f"{name} stays", job, problems)
    refuses(checks, folder, ["report", "run", "--output", "run/trace.json"], 2, "run/trace.json is in the run directory")
    job, code = command(folder, "report", "run", "--output", "both.html")
    problems = []
    expect(problems, code == 0 and len(page_data(text_of(folder, "both.html"))["runs"]) == 1, "a page does not replace a page")
    checks.case("a page in the place of a page", job, problems)


def ask(port, path="/", host=None, method="GET", **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, headers={"Host": host or f"localhost:{port}", **headers})
    answer = connection.getresponse()
    return answer.status, answer


def next_event(answer):
    lines = []
    while not lines or lines[-1]:
        lines.append(answer.readline().decode().rstrip("\n"))
    return [line for line in lines if line]


def serves_many(problems, port):
    """Sixteen pages listen at once, a seventeenth may when one has gone, and who says half a sentence stops nobody."""
    half = socket.create_connection(("127.0.0.1", port))
    half.sendall(b"GET / HTTP/1.1\r\nHost: local")
    listening = [ask(port, "/events") for _ in range(16)]
    expect(problems, all(status == 200 and next_event(answer) for status, answer in listening), "sixteen pages do not listen")
    expect(problems, ask(port, "/events")[0] == 503, "a seventeenth page listens")
    listening.pop()[1].close()
    end = time.monotonic() + 10
    while (again := ask(port, "/events"))[0] == 503 and time.monotonic() < end:
        time.sleep(0.05)
    expect(problems, again[0] == 200, "the place of one that has gone is not free")
    status, answer = ask(port, method="HEAD")
    expect(problems, status == 200 and int(answer.getheader("Content-Length")) > 1000 and not answer.read(), "HEAD")
    half.sendall(b"host\r\nX: " + b"x" * 40000 + b"\r\n\r\n")
    expect(problems, half.recv(12) == b"HTTP/1.1 400", "takes endless headers")
    half.close()


def watches(checks, folder):
    job, problems = Job(1, ["watch", "run", "--port", "0"], folder=folder, env=NO_MPI), []
    end = time.monotonic() + 30
    while "ssh " not in job.output() and time.monotonic() < end:
        time.sleep(0.05)
    port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", job.output())[1])
    expect(problems, f"ssh -N -L {port}:127.0.0.1:{port}" in job.output(), "does not say how to tunnel")
    status, answer = ask(port)
    page = answer.read().decode()
    expect(problems, status == 200 and page_data(page)["updates"] == "events", "the page")
    for path in ("/config.yaml", "/../run.json", "/%2e%2e/run.json", "//etc/passwd", "/metrics.jsonl"):
        expect(problems, ask(port, path)[0] in (400, 404), f"serves {path}")
    for words in ({"host": "evil.example"}, {"host": "localhost.evil.example"}, {"Origin": "http://evil.example"}, {"Origin": "null"}):
        expect(problems, ask(port, **words)[0] == 403, f"answers {words}")
    expect(problems, ask(port, host="localhost:9999", Origin="http://localhost:9999")[0] == 200, "refuses a tunnel of another port")
    expect(problems, ask(port, method="POST")[0] == 405, "takes POST")
    serves_many(problems, port)
    status, events = ask(port, "/events")
    first = next_event(events)[0]
    expect(problems, json.loads(first.removeprefix("data: "))["runs"][0]["name"] == "run", "the first event")
    with open(os.path.join(folder, "run", "metrics.jsonl"), "a", encoding="utf-8") as file:
        file.write('{"step": 25, "loss": 0.5}\n')
    second = json.loads(next_event(events)[0].removeprefix("data: "))
    expect(problems, second["runs"][0]["metrics"]["step"][-1] == 25, "news do not come")
    os.kill(job.process.pid, signal.SIGINT)
    expect(problems, job.wait(20) == 0, "does not end by SIGINT")
    expect(problems, sorted(os.listdir(os.path.join(folder, "run"))) == before_watch, "wrote into the run directory")
    checks.case("watch serves the page to this machine alone, and its news", job, problems)

    job, code = command(folder, "watch", "run", "--text")
    problems = []
    for pattern in (r"^run   done", r"step 25 of 24", r"loss 0.5000", r"rank   1 "):
        expect(problems, re.search(pattern, job.output(), re.MULTILINE), f"lacks {pattern}")
    expect(problems, code == 0 and "\033" not in job.output(), f"exit code {code}, or moves a cursor")
    checks.case("watch --text into a pipe", job, problems)


checks = Checks()
with tempfile.TemporaryDirectory() as place:
    write(os.path.join(place, "gpt.yaml"), GPT)
    write(os.path.join(place, "corpus.txt"), TEXT)
    leaves_record(checks, place)
    leaves_record_of_failure(checks, place)
    leaves_page_when_killed(checks, place)
    reports(checks, place)
    refusals(checks, place)
    before_watch = sorted(os.listdir(os.path.join(place, "run")))
    watches(checks, place)
checks.finish()
