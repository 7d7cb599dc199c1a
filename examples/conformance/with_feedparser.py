#!/usr/bin/env python3
"""What feedparser reads of a collection of feeds before and after `limpid clean`.

    python3 examples/conformance/with_feedparser.py [--expect] target/release/limpid FOLDER...

Wants feedparser (`pip install feedparser`). Of every file in which it finds entries: whether it is cleaned, well-formed, the
same when cleaned again, and whether entries, ids, titles, links, dates and enclosures are what they were. Comments within a
file are heeded as feedparser's own tests have them: `Header:` lines and, with `--expect`, `Expect:`, an expression that must
hold afterwards if it did before. It is Python, and it is run: only for files of which you know the author. Files that differ
are named on stderr, with what became of what.
"""

import collections
import concurrent.futures
import os
import re
import subprocess
import sys
import xml.parsers.expat

import feedparser

BASE = "https://source.example/path/feed"


def comment(source, name):
    """What a comment near the start of the file says of `name`, whatever charset it is in."""
    for charset in ("utf-8", "utf-16", "utf-32"):
        head = source.decode(charset, "replace")[:6000]
        found = re.search(name + r":\s*(.*?)\s*(?:-->|\n|$)", head, re.I)
        if found:
            return found.group(1)
    return None


def cleaned(program, source, base, media_type):
    arguments = [program, "clean", "-", "--set", "clean.images=direct", "--base", base]
    if media_type:
        arguments += ["--content-type", media_type]
    return subprocess.run(arguments, input=source, capture_output=True, timeout=60)


def read(source, base, media_type):
    headers = {"content-location": base}
    if media_type:
        headers["content-type"] = media_type
    return feedparser.parse(source, response_headers=headers)


def told(entry):
    """What a list of entries is made of."""
    dates = ("published", "updated", "created", "expired")
    return {
        "ids": entry.get("id"),
        "titles": " ".join((entry.get("title") or "").split()),
        "links": entry.get("link"),
        "dates": [str(entry.get(date + form)) for date in dates for form in ("", "_parsed")],
        "enclosures": [(e.get("href"), e.get("type"), e.get("length")) for e in entry.get("enclosures", [])],
    }


def holds(expression, feed):
    """Whether what a test of feedparser's expects is so; `None`: there is nothing to ask."""
    expression = re.sub(r"\b(not )?bozo and ", "", expression)
    try:
        return bool(eval(expression, {**feed, "bozo": feed.bozo, "feedparser": feedparser}))
    except Exception:
        return None


def is_well_formed(document):
    try:
        xml.parsers.expat.ParserCreate(namespace_separator=" ").Parse(document, True)
        return True
    except xml.parsers.expat.ExpatError:
        return document[:1] == b"{"


def judge(program, path, expects):
    """How many entries there are, whether something was expected, and the properties that do not hold, each with why."""
    with open(path, "rb") as file:
        source = file.read()
    base = comment(source, "Header:\\s*Content-Location") or BASE
    media_type = comment(source, "Header:\\s*Content-type")
    before = read(source, base, media_type)
    expected = comment(source, "Expect") if expects else None
    asked = bool(expected) and bool(holds(expected, before))
    if not before.entries and not asked:
        return path, 0, False, {}
    done = cleaned(program, source, base, media_type)
    if done.returncode != 0:
        return path, len(before.entries), asked, {"cleaned": done.stderr.decode("utf-8", "replace").strip()}
    wrong = {}
    if not is_well_formed(done.stdout):
        wrong["well-formed"] = ""
    if cleaned(program, done.stdout, base, None).stdout != done.stdout:
        wrong["the same twice"] = ""
    after = read(done.stdout, base, "application/xml; charset=utf-8")
    if len(after.entries) != len(before.entries):
        wrong["entries"] = (len(before.entries), len(after.entries))
    for old, new in zip([before.feed, *before.entries], [after.feed, *after.entries]):
        old, new = told(old), told(new)
        wrong.update({what: (old[what], new[what]) for what in old if old[what] != new[what]})
    if asked and not holds(expected, after):
        wrong["expected"] = expected
    return path, len(before.entries), asked, wrong


def main():
    arguments = [argument for argument in sys.argv[1:] if argument != "--expect"]
    expects = len(arguments) < len(sys.argv) - 1
    if len(arguments) < 2:
        sys.exit(__doc__)
    program, folders = arguments[0], arguments[1:]
    paths = [os.path.join(at, name) for folder in folders for at, _, names in os.walk(folder) for name in sorted(names)]
    with concurrent.futures.ProcessPoolExecutor() as pool:
        results = list(pool.map(judge, [program] * len(paths), paths, [expects] * len(paths), chunksize=8))
    counts = collections.Counter()
    for path, entries, asked, wrong in results:
        counts["files with entries"] += entries > 0
        counts["expectations that held before"] += asked
        for what, why in wrong.items():
            if entries or what == "expected":
                counts[what] += 1
                print(f"{path}: {what}: {why}"[:500], file=sys.stderr)
    print(len(paths), "files,", counts["files with entries"], "with entries. Of them not")
    for what in ("cleaned", "well-formed", "the same twice", "entries", "ids", "titles", "links", "dates", "enclosures"):
        print(f"  {what:16}{counts[what]}")
    held = counts["expectations that held before"]
    if expects:
        print(f"{held} expectations held before, {held - counts['expected']} of them hold afterwards")


if __name__ == "__main__":
    main()
