"""A headless Chromium for the scripts that look at pages: opens one, runs JavaScript in it, presses keys, takes
pictures; and what every page is to be like at every width, in light and dark, and on paper. It speaks the DevTools
protocol over two pipes, so nothing but Debian's package chromium is needed."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


# Texts whose contrast with what lies under them, as WCAG counts it, is below 4.5 to 1.
FAINT = r"""(() => {
  const numbers = colour => colour.match(/[\d.]+/g).map(Number);
  const light = colour => { const [r, g, b] = numbers(colour).map(c => { c /= 255; return c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const under = e => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor; if (numbers(c)[3] !== 0) return c; } return 'rgb(255, 255, 255)'; };
  const ratio = (one, other) => { const a = light(one), b = light(other); return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05); };
  const written = e => [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim()) && e.getClientRects().length > 0 && !e.disabled;
  const found = new Set();
  for (const e of document.querySelectorAll('body *:not(script):not(noscript)')) {
    if (!written(e)) continue;
    const style = getComputedStyle(e), drawn = e.closest('svg');
    if (drawn && /box-label|moving-label/.test(e.getAttribute('class'))) {
      for (const look of Object.values(pt.actions)) if (look.fill && ratio(style.fill, 'rgb(' + look.fill.match(/\w\w/g).map(h => parseInt(h, 16)) + ')') < 4.5) found.add('letters on ' + look.name);
    } else if (ratio(drawn ? style.fill : style.color, under(e)) < 4.5) found.add(e.tagName + ': ' + e.textContent.slice(0, 40));
  }
  return [...found];
})()"""
# What reaches beyond the window and cannot be scrolled there.
WIDE = """(() => {
  const held = one => { for (let e = one.parentElement; e; e = e.parentElement) if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)) return true; return false; };
  const found = [...document.querySelectorAll('body *')].filter(e => { const box = e.getBoundingClientRect(); return box.width > 0 && box.right > innerWidth + 1 && !e.closest('svg') && !held(e); });
  return (document.documentElement.scrollWidth > innerWidth ? ['the page: ' + document.documentElement.scrollWidth] : []).concat(found.slice(0, 4).map(e => e.tagName + '.' + e.className));
})()"""
# Texts of a drawing that lie on each other.
OVERLAPS = """(() => {
  const found = [];
  for (const svg of document.querySelectorAll('figure svg[role]')) {
    const texts = [...svg.querySelectorAll('text')].map(e => [e, e.getBoundingClientRect()]).filter(([e, b]) => b.width > 0);
    texts.forEach(([e, a], i) => { for (const [f, b] of texts.slice(i + 1)) {
      const x = Math.min(a.right, b.right) - Math.max(a.left, b.left), y = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (x > 1.5 && y > 4 && found.length < 5) found.push(e.textContent + ' on ' + f.textContent);
    } });
  }
  return found;
})()"""
# Which controls the key Tab should come to.
CONTROLS = """[...document.querySelectorAll('a[href], button, input, select, summary, [tabindex="0"]')].filter(e => e.checkVisibility() && !e.disabled)"""
LOOKS = (("nothing is wider than the page", WIDE), ("texts stand out at 4.5 to 1", FAINT), ("no text lies on another", OVERLAPS))
WIDTHS = {400: 900, 1280: 900, 2560: 1440, 3840: 2160}  # with a window's height
MOST_BYTES = 2_000_000


def chromium():
    """Where the program is, or None."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Check:
    """Says of each thing whether it is as it should be, and counts those that are not."""

    def __init__(self):
        self.failed = 0

    def expect(self, what, good, found=""):
        self.failed += not good
        print(("ok      " if good else "FAILED  ") + what + ("" if good else f": found {found}"), flush=True)


class Browser:
    def __init__(self):
        program = chromium()
        if program is None:
            raise SystemExit("chromium is missing: apt-get install chromium")
        self.profile = tempfile.mkdtemp(prefix="pipetrain-browser-")
        to_browser, self.out = os.pipe()
        self.inn, from_browser = os.pipe()

        def pipes():  # DevTools wants them as 3 and 4
            read, write = os.dup(to_browser), os.dup(from_browser)
            os.dup2(read, 3)
            os.dup2(write, 4)

        self.process = subprocess.Popen(
            [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--hide-scrollbars",
             "--disable-background-networking", "--disable-dev-shm-usage", f"--user-data-dir={self.profile}", "about:blank"],
            preexec_fn=pipes, close_fds=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        os.close(to_browser)
        os.close(from_browser)
        self.number, self.rest, self.problems = 0, b"", []
        pages = [t for t in self.call("Target.getTargets", session=None)["targetInfos"] if t["type"] == "page"]
        self.session = self.call("Target.attachToTarget", {"targetId": pages[0]["targetId"], "flatten": True}, None)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")

    def close(self):
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def receive(self):
        while b"\0" not in self.rest:
            piece = os.read(self.inn, 1 << 16)
            if not piece:
                raise SystemExit("chromium has ended")
            self.rest += piece
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, parameters=None, session=...):
        self.number += 1
        message = {"id": self.number, "method": method, "params": parameters or {}}
        if session is not None:
            message["sessionId"] = self.session
        os.write(self.out, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.receive()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise SystemExit(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self.note(answer)

    def note(self, event):
        """Keeps what a page must not do: errors, and any look beyond itself."""
        method, of = event.get("method"), event.get("params", {})
        if method == "Runtime.exceptionThrown":
            details = of["exceptionDetails"]
            self.problems.append(details.get("exception", {}).get("description") or details["text"])
        elif method == "Runtime.consoleAPICalled" and of["type"] in ("error", "warning", "assert"):
            self.problems.append("console: " + " ".join(str(a.get("value", a.get("description"))) for a in of["args"]))
        elif method == "Log.entryAdded" and of["entry"]["level"] == "error":
            self.problems.append("log: " + of["entry"]["text"])
        elif method == "Network.requestWillBeSent" and of["request"]["url"].split(":")[0] in ("http", "https") \
                and "://127.0.0.1" not in of["request"]["url"]:
            self.problems.append("asks the network for " + of["request"]["url"])

    def open(self, address, width=1280, height=900, dark=False):
        self.size(width, height)
        self.look(dark)
        self.call("Page.navigate", {"url": address})
        self.wait("document.readyState === 'complete'")

    def look(self, dark=False, media="screen"):
        theme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", {"media": media, "features": theme})

    def settle(self):
        """Waits until what was changed has been drawn."""
        self.run("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => requestAnimationFrame(done))))")

    def save_into(self, folder):
        """Files that a page gives to its reader go there."""
        self.call("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(folder)}, None)

    def unreached(self):
        """Controls that the key Tab does not come to, or that do not show it."""
        self.run("window.reached = new Set(); document.activeElement.blur()")
        for _ in range(self.run(CONTROLS + ".length") + 3):
            self.key("Tab")
            self.run("reached.add(getComputedStyle(document.activeElement).outlineStyle === 'none' ? null : document.activeElement)")
        return self.run(CONTROLS + ".filter(e => !reached.has(e)).map(e => e.tagName + ' ' + (e.name || e.textContent).slice(0, 30))")

    def size(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False})

    def run(self, script):
        """The value of an expression, or of the promise that it gives."""
        answer = self.call("Runtime.evaluate", {"expression": script, "returnByValue": True, "awaitPromise": True})
        if "exceptionDetails" in answer:
            raise SystemExit(f"{script}: {answer['exceptionDetails'].get('exception', {}).get('description')}")
        return answer["result"].get("value")

    def wait(self, script, seconds=20):
        end = time.monotonic() + seconds
        while not self.run(f"Boolean({script})"):
            if time.monotonic() > end:
                raise SystemExit(f"not true within {seconds} s: {script}")
            time.sleep(0.05)

    def key(self, key, code=None):
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            number = {"windowsVirtualKeyCode": 9} if key == "Tab" else {}
            self.call("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code or key, **text, **number})

    def picture(self, path, whole=True):
        data = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))


def check_looks(browser, check, name, ready, pictures=None, widths=None):
    """The open page at every width, in light and dark. `ready` says in JavaScript that every drawing has ink."""
    for width in widths or WIDTHS:
        for dark in (False, True):
            theme = "dark" if dark else "light"
            browser.size(width, WIDTHS[width])
            browser.look(dark)
            browser.settle()
            browser.wait(ready)
            wrong = {what: seen for what, found in LOOKS if (seen := browser.run(found)) != []}
            check.expect(f"{name}, {width} px, {theme}: every drawing has ink, " + ", ".join(what for what, _ in LOOKS), not wrong, wrong)
            if pictures:
                browser.picture(pictures / f"{name}-{width}-{theme}.png")
    browser.size(1280)
    browser.look(media="print", dark=True)
    browser.settle()
    check.expect(f"{name}, print: on white paper, without controls", browser.run(
        "document.documentElement.dataset.theme === 'light' && [...document.querySelectorAll('button, select, nav, input')].every(e => e.getClientRects().length === 0)"))
    if pictures:
        browser.picture(pictures / f"{name}-print.png")


def check_end(browser, check):
    check.expect("no errors on the console, nothing from the network", browser.problems == [], browser.problems)
