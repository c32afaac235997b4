"""A headless Chromium, driven over its own pipe (Chrome DevTools Protocol).

Nothing but the standard library. The browser reaches no network: names do not
resolve, and each page is told that it is offline.
"""
import base64
import fcntl
import itertools
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-headless-shell", "chromium-browser",
         "google-chrome")


def find():
    """The path of a browser, or None. CHROMIUM in the environment names one."""
    names = (os.environ.get("CHROMIUM"),) + NAMES
    return next((path for name in names if name
                 for path in [shutil.which(name)] if path), None)


def _high(fd):
    """The same pipe under a number that is not 3 or 4."""
    moved = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(fd)
    return moved


class Browser:
    WAIT_S = 60

    def __init__(self, path):
        self.profile = tempfile.mkdtemp(prefix="page-")
        to_read, self.to = map(_high, os.pipe())
        self.back, to_write = map(_high, os.pipe())

        def connect():
            os.dup2(to_read, 3)
            os.dup2(to_write, 4)

        arguments = [
            path, "--headless=new", "--remote-debugging-pipe",
            "--user-data-dir=" + self.profile, "--no-first-run",
            "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars",
            "--disable-background-networking", "--disable-extensions",
            "--force-color-profile=srgb",
            "--host-resolver-rules=MAP * ~NOTFOUND"]
        if os.getuid() == 0:  # its sandbox refuses root, as in a container
            arguments.append("--no-sandbox")
        self.process = subprocess.Popen(
            arguments, preexec_fn=connect, pass_fds=(3, 4),
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.numbers = itertools.count(1)
        self.bytes = b""
        self.events = []

    def _receive(self, deadline):
        while b"\0" not in self.bytes:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                raise TimeoutError("the browser does not answer")
            more = os.read(self.back, 1 << 20)
            if not more:
                raise EOFError("the browser ended")
            self.bytes += more
        message, _, self.bytes = self.bytes.partition(b"\0")
        return json.loads(message)

    def call(self, method, session=None, **params):
        number = next(self.numbers)
        message = {"id": number, "method": method, "params": params}
        if session:
            message["sessionId"] = session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + self.WAIT_S
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]
            if "method" in answer:
                self.events.append(answer)

    def wait_for(self, method):
        """The first event of that name that has not been waited for."""
        deadline = time.monotonic() + self.WAIT_S
        seen = 0
        while True:
            for event in self.events[seen:]:
                if event["method"] == method and not event.get("taken"):
                    event["taken"] = True
                    return event["params"]
            seen = len(self.events)
            answer = self._receive(deadline)
            if "method" in answer:
                self.events.append(answer)

    def close(self):
        try:
            self.call("Browser.close")
            self.process.wait(10)
        except (OSError, EOFError, TimeoutError, RuntimeError,
                subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        os.close(self.to)
        os.close(self.back)
        shutil.rmtree(self.profile, ignore_errors=True)


class Page:
    """One file in a tab of its own."""

    def __init__(self, browser, file, width=1120):
        self.browser = browser
        target = browser.call("Target.createTarget", url="about:blank")
        self.target = target["targetId"]
        self.session = browser.call("Target.attachToTarget", flatten=True,
                                    targetId=self.target)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        self.call("Network.emulateNetworkConditions", offline=True, latency=0,
                  downloadThroughput=-1, uploadThroughput=-1)
        self.resize(width)
        browser.events.clear()
        self.url = "file://" + os.path.realpath(file)
        self.call("Page.navigate", url=self.url)
        browser.wait_for("Page.loadEventFired")

    def call(self, method, **params):
        return self.browser.call(method, self.session, **params)

    def close(self):
        self.browser.call("Target.closeTarget", targetId=self.target)

    def events(self, *methods):
        return [event["params"] for event in self.browser.events
                if event["method"] in methods]

    def run(self, script):
        """The value of an expression of JavaScript."""
        answer = self.call("Runtime.evaluate", expression=script,
                           returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def resize(self, width, height=900):
        self.call("Emulation.setDeviceMetricsOverride", width=width,
                  height=height, deviceScaleFactor=1, mobile=False)

    def scheme(self, name):
        self.call("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": name}])

    def click(self, selector):
        """Of the mouse, in the middle of what is there."""
        x, y = self.run(f"""(() => {{
            const e = document.querySelector({json.dumps(selector)});
            e.scrollIntoView({{block: "center"}});
            const r = e.getBoundingClientRect();
            return [r.x + r.width / 2, r.y + r.height / 2];
        }})()""")
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y,
                      button="left", clickCount=1)
        self.call("Input.dispatchMouseEvent", type="mouseMoved", x=0, y=0)

    def key(self, name):
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=name, code=name,
                      windowsVirtualKeyCode={"ArrowRight": 39, "Tab": 9,
                                             "Enter": 13}[name])

    def picture(self, selector=None):
        """PNG of the whole page, or of one element that fits the window."""
        whole = selector is None
        clip = self.run(f"""(async () => {{
            const e = document.querySelector({json.dumps(selector or "html")});
            const at = e.getBoundingClientRect();
            /* Whole pixels: half ones are drawn in other shades. */
            if ({json.dumps(not whole)})
                scrollTo(0, Math.floor(at.bottom + scrollY - innerHeight));
            await new Promise(done => requestAnimationFrame(() =>
                requestAnimationFrame(done)));
            const r = e.getBoundingClientRect();
            return {{x: r.x + scrollX, y: r.y + scrollY, width: r.width,
                     height: r.height, scale: 1}};
        }})()""")
        answer = self.call("Page.captureScreenshot", format="png", clip=clip,
                           captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])
