"""One look at a feed with feedparser: feedparser.py ADDRESS STATE

Validators and entries are kept in the file STATE; entries are known by their ids. Prints the titles known."""

import json
import os
import sys

sys.path.pop(0)  # this folder, where a file is called like the reader
import feedparser  # noqa: E402

address, file = sys.argv[1:]
state = {"etag": None, "modified": None, "entries": {}}
if os.path.exists(file):
    with open(file, encoding="utf-8") as kept:
        state = json.load(kept)
feed = feedparser.parse(address, etag=state["etag"], modified=state["modified"])
if feed.status in (200, 226):  # 226: news alone, which it asks for (RFC 3229)
    if feed.bozo:
        sys.exit(f"not well-formed: {feed.bozo_exception}")
    state["etag"], state["modified"] = feed.etag, feed.modified
    for entry in feed.entries:
        state["entries"].setdefault(entry.id, entry.title)
elif feed.status != 304:
    sys.exit(f"status {feed.status}")
with open(file, "w", encoding="utf-8") as kept:
    json.dump(state, kept)
print("\n".join(state["entries"].values()))
