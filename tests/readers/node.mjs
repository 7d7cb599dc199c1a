// One look at a feed, as programs do it that use these two readers: node.mjs READER ADDRESS STATE
// Validators and entries are kept in the file STATE; entries are known by their ids. Prints the titles known.
import { createRequire } from "node:module";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

const require = createRequire(`${process.env.MODULES}/`);
const [reader, address, file] = process.argv.slice(2);

const parse = {
    "rss-parser": async (text) => {
        const Parser = require("rss-parser");
        return (await new Parser().parseString(text)).items;
    },
    feedsmith: async (text) => {
        const { feed, format } = require("feedsmith").parseFeed(text);
        if (format !== "rss") throw new Error(`it is no RSS but ${format}`);
        return feed.items.map((item) => ({ guid: item.guid?.value, title: item.title }));
    },
};

const state = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { entries: [] };
const headers = { "user-agent": reader };
if (state.etag) headers["if-none-match"] = state.etag;
if (state.modified) headers["if-modified-since"] = state.modified;
const answer = await fetch(address, { headers, redirect: "error" });
if (answer.status === 200) {
    state.etag = answer.headers.get("etag");
    state.modified = answer.headers.get("last-modified");
    for (const item of await parse[reader](await answer.text())) {
        if (!state.entries.some((known) => known.guid === item.guid)) {
            state.entries.push({ guid: item.guid, title: item.title });
        }
    }
} else if (answer.status !== 304) {
    throw new Error(`status ${answer.status}`);
}
writeFileSync(file, JSON.stringify(state));
for (const entry of state.entries) console.log(entry.title);
