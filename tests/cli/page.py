#!/usr/bin/env python3
"""page.py PROGRAM | FILE... - a replay's pages in a real browser.

PROGRAM (replay_pages) writes the pages of many cases; a FILE is a page that
`pctr replay --html` wrote. Each is opened in Chromium without a network,
clicked, resized, and looked at in light and dark. Ends with 77 where there is
no browser. SHOTS=FOLDER in the environment keeps pictures.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile
import time

import browser

# What a page without figures does not have.
PLOTS = ("#time svg", "#reliability svg", "#roc svg", "#scores svg")
WIDTHS = (360, 800, 1400)

# Texts with the colours that they are seen in: what shows through is mixed in.
LOOKS = """(() => {
    const parse = c => { const m = c.match(/[\\d.]+/g).map(Number);
                         return m.length > 3 ? m : [...m, 1]; };
    const over = (a, b) => [0, 1, 2].map(i => a[i] * a[3] + b[i] * (1 - a[3]))
                                    .concat(1);
    const ground = e => {
        let seen = [];
        for (; e; e = e.parentElement)
            seen.unshift(parse(getComputedStyle(e).backgroundColor));
        return seen.reduce((under, c) => over(c, under), [255, 255, 255, 1]);
    };
    const shine = c => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
        const v = c[i] / 255;
        return sum + weight * (v <= 0.04045 ? v / 12.92
                                            : ((v + 0.055) / 1.055) ** 2.4);
    }, 0);
    const ratio = (a, b) => {
        const [x, y] = [shine(a), shine(b)].sort((p, q) => q - p);
        return (x + 0.05) / (y + 0.05);
    };
    const shown = e => e.checkVisibility({checkOpacity: true});
    const texts = [...document.querySelectorAll("body *")].filter(e =>
        shown(e) && e.tagName != "title" && [...e.childNodes].some(n =>
            n.nodeType == 3 && n.data.trim()));
    const found = texts.map(e => {
        const style = getComputedStyle(e), under = ground(e);
        const ink = parse(e.tagName == "text" ? style.fill : style.color);
        return [ratio(over(ink, under), under), 4.5,
                e.tagName + " " + e.textContent.slice(0, 40)];
    });
    for (const e of document.querySelectorAll(".chip:not(.again)"))
        if (shown(e))
            found.push([ratio(parse(getComputedStyle(e).backgroundColor),
                              ground(e.parentElement)), 3, e.className]);
    return found;
})()"""

# Numbers and titles of a plot that lie over each other or outside of it.
CROWDED = """[...document.querySelectorAll("svg")].flatMap(svg => {
    if (!svg.checkVisibility()) return [];
    const frame = svg.getBoundingClientRect(), bad = [];
    const texts = [...svg.querySelectorAll("text")].filter(t =>
        t.checkVisibility()).map(t => [t.textContent,
                                       t.getBoundingClientRect()]);
    texts.forEach(([words, a], i) => {
        if (a.left < frame.left - 1 || a.right > frame.right + 1 ||
            a.top < frame.top - 2 || a.bottom > frame.bottom + 2)
            bad.push(words + " is outside");
        for (const [others, b] of texts.slice(i + 1))
            if (a.left < b.right - 1 && b.left < a.right - 1 &&
                a.top < b.bottom - 3 && b.top < a.bottom - 3)
                bad.push(words + " lies over " + others);
    });
    return bad.map(b => svg.querySelector("title").textContent + ": " + b);
})"""

failures = []


def expect(condition, page, words):
    if not condition:
        failures.append(f"{os.path.basename(page.url)}: {words}")


def count(page, selector):
    return page.run(f"document.querySelectorAll({selector!r}).length")


def comes_to_be(condition, wait_s=10):
    """A browser paints when it has time to."""
    until = time.monotonic() + wait_s
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def shown(page, selector):
    """How many of them are there to be seen, and how many are hidden."""
    return tuple(page.run(f"""(() => {{
        const all = [...document.querySelectorAll({selector!r})];
        const seen = all.filter(e => e.checkVisibility()).length;
        return [seen, all.length - seen];
    }})()"""))


def check_alone(page):
    """The page says nothing to the console and asks for nothing."""
    asked = [event["request"]["url"]
             for event in page.events("Network.requestWillBeSent")]
    expect(asked == [page.url], page, f"asks for {asked}")
    said = page.events("Runtime.consoleAPICalled", "Runtime.exceptionThrown",
                       "Log.entryAdded")
    expect(not said, page, f"says {said}")
    expect(page.run("document.scripts.length") == 0, page, "has scripts")
    expect(page.run("document.compatMode") == "CSS1Compat", page,
           "is not read as a page of today")


def check_plots(page):
    for selector in PLOTS:
        expect(count(page, selector) > 0, page, f"no {selector}")
    nameless = page.run("""[...document.querySelectorAll("svg")].filter(s =>
        s.getAttribute("role") != "img" || !s.firstElementChild ||
        s.firstElementChild.tagName != "title" ||
        !s.firstElementChild.textContent.trim() ||
        document.getElementById(s.getAttribute("aria-labelledby")) !=
            s.firstElementChild).length""")
    expect(nameless == 0, page, f"{nameless} plots without a title")
    tree = page.call("Accessibility.getFullAXTree")["nodes"]
    images = [node["name"]["value"] for node in tree
              if node.get("role", {}).get("value") in ("image", "img")]
    expect(images and all(images), page, "a plot that is not spoken of")
    bare = page.run("""[...document.querySelectorAll(
        "#time svg, #reliability svg, #roc svg, #scores svg")].filter(s =>
            !s.querySelector("text.axis") ||
            s.querySelectorAll("text.tick").length < 2).length""")
    expect(bare == 0, page, f"{bare} plots without axes")
    expect(count(page, "#roc .even") == 1, page, "ROC without its diagonal")
    twice = page.run("""(() => {
        const ids = [...document.querySelectorAll("[id]")].map(e => e.id);
        return ids.length - new Set(ids).size;
    })()""")
    expect(twice == 0, page, f"{twice} ids twice")


def check_contenders(page):
    """Each can be hidden everywhere, and comes back as it was."""
    page.run("document.querySelectorAll('details').forEach(d => d.open = true)")
    total = count(page, ".legend input")
    expect(total > 0, page, "no contenders")
    before = page.picture("#roc")
    for number in sorted({0, 1, total - 1} & set(range(total))):
        mine, others = f".k{number}", ".legend input:checked"
        seen, hidden = shown(page, mine)
        page.click(f"label:has(#show{number})")
        expect(shown(page, mine) == (0, seen + hidden), page,
               f"contender {number} cannot be hidden")
        expect(count(page, others) == total - 1, page, "others went with it")
        if total > 1:
            other = f".k{(number + 1) % total}:not({mine})"
            expect(shown(page, other)[0] > 0, page, "others are hidden too")
        if number == 0:
            expect(comes_to_be(lambda: page.picture("#roc") != before), page,
                   "hiding a contender changes nothing to be seen")
        page.click(f"label:has(#show{number})")
        expect(shown(page, mine) == (seen, hidden), page,
               f"contender {number} does not come back")


def check_tabs(page):
    total = count(page, ".tabs > input")
    pictures = set()
    expect(total > 1, page, "no tabs")

    def open_panels():
        return page.run("""[...document.querySelectorAll(".tabs > div")].map(
            d => d.checkVisibility()).join()""")

    def only(number):
        return ",".join("true" if i == number else "false"
                        for i in range(total))

    for number in list(range(1, total)) + [0]:
        page.click(f"label[for=tab{number}]")
        expect(open_panels() == only(number), page, f"tab {number}")
        pictures.add(page.picture("#time"))
    expect(len(pictures) == total, page, "two tabs look alike")
    page.run("document.getElementById('tab0').focus()")
    page.key("ArrowRight")
    expect(open_panels() == only(1), page, "the arrow key changes no tab")
    page.click("label[for=tab0]")


def check_looks(page):
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        dim = [look for look in page.run(LOOKS) if look[0] < look[1]]
        expect(not dim, page, f"{scheme}: hard to see: {dim[:3]}")
    grounds = set()
    for scheme in ("light", "dark"):
        page.scheme(scheme)
        grounds.add(page.run("getComputedStyle(document.body).backgroundColor"))
    expect(len(grounds) == 2, page, "light and dark are the same")
    page.scheme("light")


def check_widths(page):
    for width in WIDTHS:
        page.resize(width)
        expect(page.run("document.documentElement.scrollWidth") <= width, page,
               f"wider than {width}")
        out = page.run("""[...document.querySelectorAll("section, h1, p, "
            + ".facts, .legend, .cells, .two, figure")].filter(e => {
                const r = e.getBoundingClientRect();
                return r.right > innerWidth || r.left < 0;
            }).map(e => e.tagName + "." + e.className)""")
        expect(not out, page, f"at {width}: outside: {out}")
        crowded = page.run(CROWDED)
        expect(not crowded, page, f"at {width}: {crowded[:4]}")


def keep_pictures(page, name):
    folder = os.environ.get("SHOTS")
    for width in WIDTHS if folder else ():
        for scheme in ("light", "dark"):
            page.resize(width)
            page.scheme(scheme)
            path = os.path.join(folder, f"{name}-{width}-{scheme}.png")
            with open(path, "wb") as out:
                out.write(page.picture())


def check_file(path, of):
    page = browser.Page(of, path)
    try:
        name = os.path.splitext(os.path.basename(path))[0]
        expect(count(page, ".lead") == 1, page, "no sentence that sums it up")
        if count(page, "svg") > 0:
            check_plots(page)
            check_tabs(page)
            check_contenders(page)
        else:
            expect("No settled impressions" in page.run(
                "document.querySelector('.lead').textContent"), page,
                "neither plots nor a word why")
        check_looks(page)
        check_widths(page)
        check_alone(page)
        keep_pictures(page, name)
    finally:
        page.close()


def check_names(path):
    """What is written like HTML is shown as text."""
    with open(path, encoding="utf-8") as page:
        text = page.read()
    if re.search(r"<script|https?://|url\((?!#)|@import|javascript:", text):
        failures.append(f"{path}: something that could load or run")


def main():
    path = browser.find()
    if path is None:
        print("SKIPPED: no Chromium here: pages are not looked at "
              "(deploy/install-packages.sh browser)", file=sys.stderr)
        return 77
    with tempfile.TemporaryDirectory() as folder:
        files = sys.argv[1:]
        if len(files) == 1 and not files[0].endswith(".html"):
            subprocess.run([files[0], folder], check=True)
            files = sorted(glob.glob(os.path.join(folder, "*.html")))
        if not files:
            print("usage: page.py PROGRAM | FILE.html...", file=sys.stderr)
            return 2
        of = browser.Browser(path)
        try:
            for file in files:
                check_names(file)
                check_file(file, of)
        finally:
            of.close()
    print("\n".join(failures) or f"{len(files)} pages, each as it should be")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
