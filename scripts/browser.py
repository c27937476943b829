"""A headless Chromium for the scripts that look at pages: opens one, runs JavaScript in it, presses keys, takes
pictures. It speaks the DevTools protocol over two pipes, so nothing but Debian's package chromium is needed."""
import base64
import json
import os
import shutil
import subprocess
import tempfile
import time


class Browser:
    def __init__(self):
        program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
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
        self.number, self.rest, self.events, self.problems = 0, b"", [], []
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
        self.events.append(method)

    def open(self, address, width=1280, height=900, dark=False):
        self.size(width, height)
        self.call("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})
        self.events.clear()
        self.call("Page.navigate", {"url": address})
        self.wait("document.readyState === 'complete'")

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
        while not self.run(script):
            if time.monotonic() > end:
                raise SystemExit(f"not true within {seconds} s: {script}")
            time.sleep(0.05)

    def key(self, key, code=None):
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if kind == "keyDown" and len(key) == 1 else {}
            self.call("Input.dispatchKeyEvent", {"type": kind, "key": key, "code": code or key, **text})

    def picture(self, path, whole=True):
        data = self.call("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": whole})["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))
