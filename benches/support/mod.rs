//! What is measured: feeds of our own text in the shape of a news site's articles, made by rule.

#![allow(dead_code, reason = "each benchmark uses a part")]

use std::fmt::Write as _;
use std::sync::Arc;

use limpid::sign::{Key, KeyRing, Signer};
use limpid::transform::clean::images;
use limpid::transform::{Policy, Source};
use url::Url;

/// Words that articles are put together from: their shuffling compresses as real text does, about 3 : 1.
const WORDS: &str = "河流 清晨 山谷 小镇 列车 旅人 灯塔 海风 港口 渔船 市场 面包 茶馆 书店 邮局 石桥 屋顶 花园 果树 麦田 \
    天空 云层 雨季 雪线 湖水 森林 小径 风车 钟楼 广场 剧院 乐队 画家 木匠 裁缝 医生 老师 学生 邻居 孩子 \
    据说 因此 后来 同时 不过 终于 依然 渐渐 或许 当时 那里 这里 其中 之间 以及 关于 对于 为了 除了 随着 \
    讨论 修建 保护 记录 发现 研究 访问 开放 参加 支持 计划 提出 改变 继续 完成 准备 希望 认为 表示 指出 \
    历史 文化 环境 能源 交通 教育 健康 经济 技术 科学 艺术 语言 传统 未来 社会 城市 乡村 国家 世界 时间 \
    的 了 在 是 和 有 也 将 与 从 到 被 让 向 等 更 最 又 就 都";

/// The same numbers in every run.
#[derive(Debug)]
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap_or(0) % bound
    }
}

/// About so many characters of text.
fn prose(numbers: &mut Numbers, words: &[&str], characters: usize) -> String {
    let mut out = String::new();
    let (mut length, mut since) = (0, 0);
    while length < characters {
        let word = words[numbers.below(words.len())];
        out.push_str(word);
        length += word.chars().count();
        since += 1;
        if since > 6 + numbers.below(6) {
            out.push_str(["，", "，", "。", "、", "；"][numbers.below(5)]);
            since = 0;
        }
    }
    out.push('。');
    out
}

/// The HTML of one article: wrapped pictures with captions, paragraphs, two links, a video, a gallery.
pub(crate) fn article(seed: u64) -> String {
    let words: Vec<&str> = WORDS.split_whitespace().collect();
    let mut n = Numbers::new(seed + 1);
    let mut out = String::from("<div><i><br>2026-04-07T12:37:23.957Z</i></div>");
    let picture = |out: &mut String, n: &mut Numbers| {
        let id = 10_000_000 + n.below(80_000_000);
        let _ = write!(
            out,
            "<img src=\"https://images.weserv.nl/?url=static.news.example/image/{id}_303.jpg\" width=\"100%\">"
        );
    };
    for paragraph in 0..7 {
        if paragraph % 3 == 0 && paragraph < 6 {
            picture(&mut out, &mut n);
            let _ = write!(
                out,
                "<div><small style=\"color: #999;\">{}</small></div>",
                prose(&mut n, &words, 22)
            );
        }
        let _ = write!(out, "<p>{}", prose(&mut n, &words, 110));
        if paragraph == 2 || paragraph == 5 {
            let id = 60_000_000 + n.below(9_000_000);
            let text = prose(&mut n, &words, 18);
            let _ = write!(
                out,
                "<a href=\"https://api.news.example/api/detail/article/{id}\" rel=\"ArticleRef\">{text}</a>"
            );
        }
        out.push_str("</p>");
        if paragraph == 3 {
            let _ = write!(
                out,
                "<iframe width=\"100%\" height=\"259\" src=\"https://www.youtube.com/embed/V{:010}?wmode=transparent\" frameborder=\"0\" allowfullscreen=\"\"> </iframe>",
                n.below(1_000_000_000)
            );
        }
    }
    let _ = write!(
        out,
        "<p><em>© {}</em></p><h3>{}</h3>",
        prose(&mut n, &words, 60),
        prose(&mut n, &words, 20)
    );
    for _ in 0..12 {
        out.push_str("<div>");
        picture(&mut out, &mut n);
        let _ = write!(
            out,
            "<b>{}</b>：{}</div>",
            prose(&mut n, &words, 7),
            prose(&mut n, &words, 105)
        );
    }
    out
}

/// The contents of a feed, one an entry; `first` is the seed of the first.
pub(crate) fn articles(entries: usize, first: u64) -> Vec<String> {
    (0..entries as u64).map(|n| article(first + n)).collect()
}

/// An RSS feed of these contents, in CDATA sections as such sites write them.
pub(crate) fn rss(contents: &[String], first: u64) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\">\n<channel>\n<title>河谷新闻</title>\n<link>https://www.news.example/</link>\n<description>一份为测量而写的报纸</description>\n<language>zh-CN</language>\n<atom:link href=\"https://rss.news.example/all\" rel=\"self\" type=\"application/rss+xml\"/>\n",
    );
    for (n, content) in contents.iter().enumerate() {
        let id = first + n as u64;
        let _ = write!(
            out,
            "<item>\n<title>第{id}篇：河流与灯塔</title>\n<link>https://www.news.example/zh/a-{id}</link>\n<guid isPermaLink=\"false\">article-{id}</guid>\n<pubDate>Tue, 07 Apr 2026 12:{:02}:23 +0000</pubDate>\n<description>关于河流与灯塔的一篇短文，供测量之用。</description>\n<content:encoded><![CDATA[{content}]]></content:encoded>\n</item>\n",
            id % 60
        );
    }
    out.push_str("</channel>\n</rss>\n");
    out
}

/// A page of English prose that is rich in tags, some of them seldom, and not one in order.
pub(crate) fn tangled(seed: u64) -> String {
    let mut n = Numbers::new(seed + 77);
    let words = [
        "river", "harbour", "morning", "station", "market", "lantern", "bridge", "teacher", "garden",
        "winter", "letter", "window", "valley", "painter", "orchard", "the", "a", "of", "and", "to", "in",
        "was", "that",
    ];
    let mut out = String::new();
    for _ in 0..24 {
        out.push_str("<P CLASS=lead>");
        for word in 0..45 {
            let text = words[n.below(words.len())];
            match word % 15 {
                3 => {
                    let _ = write!(out, "<b><i>{text}</b></i> ");
                }
                8 => {
                    let _ = write!(
                        out,
                        "<a href='/page/{}?utm_source=rss'>{text}</a> ",
                        n.below(1000)
                    );
                }
                _ => {
                    let _ = write!(out, "{text} ");
                }
            }
        }
        out.push_str("<table><tr><td>a<td>b</table><ul><li>one<li>two</ul>");
    }
    out
}

/// The policy of a server with one key: pictures through us.
pub(crate) fn proxied() -> Policy {
    let key = Key {
        id: 'k',
        secret: [7; 32],
        created: 0,
    };
    let keys = KeyRing::new(vec![key]);
    let url = Url::parse("https://feeds.home.example/").ok();
    let mut policy = Policy::default();
    policy.clean.trackers = true;
    if let (Some(keys), Some(url)) = (keys, url) {
        policy.clean.images = images::Policy::Proxy(Signer::new(Arc::new(keys), &url));
        policy.self_url = url.join("feeds/news").ok();
    }
    policy
}

/// As an origin would send it.
pub(crate) fn source(bytes: &[u8]) -> Source<'_> {
    Source {
        bytes,
        content_type: Some("application/rss+xml; charset=utf-8"),
        content_encoding: None,
        base: None,
    }
}
