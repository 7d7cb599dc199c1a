//! iframe, object and embed become a plain link to what they showed, or nothing.

use url::Url;

use super::address::{Located, Simple};

/// What becomes of an embed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Policy {
    /// A link (and a poster, as a picture) to what it showed.
    #[default]
    Link,
    /// Nothing.
    Strip,
}

/// What an embed showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Shown {
    /// The page a person goes to.
    pub address: String,
    /// What to call it: `YouTube video`, or the host's name.
    pub label: String,
    /// A still picture of it.
    pub poster: Option<String>,
}

/// A player: its hosts, how its path begins, and the page that shows the same.
///
/// In `page` and `poster`, `{id}` is the path's next segment, `{rest}` all of the rest of the path, and
/// `{name}` (or `{?name}`) the query's parameter of that name, `{=name}` one that is itself an address or a path; a row whose places cannot all be filled does not fit.
struct Player {
    hosts: &'static [&'static str],
    path: &'static str,
    page: &'static str,
    label: &'static str,
    poster: Option<&'static str>,
}

const fn row(
    hosts: &'static [&'static str],
    path: &'static str,
    page: &'static str,
    label: &'static str,
) -> Player {
    Player {
        hosts,
        path,
        page,
        label,
        poster: None,
    }
}

const YOUTUBE: &[&str] = &["youtube.com", "youtube-nocookie.com", "m.youtube.com"];
const YOUTUBE_POSTER: Option<&str> = Some("https://i.ytimg.com/vi/{id}/hqdefault.jpg");

#[rustfmt::skip]
static PLAYERS: &[Player] = &[
    row(YOUTUBE, "/embed/videoseries", "https://www.youtube.com/playlist?list={list}", "YouTube playlist"),
    row(YOUTUBE, "/embed/live_stream", "https://www.youtube.com/channel/{channel}/live", "YouTube live stream"),
    Player { poster: YOUTUBE_POSTER, ..row(YOUTUBE, "/embed/", "https://www.youtube.com/watch?v={id}&t={start}s", "YouTube video") },
    Player { poster: YOUTUBE_POSTER, ..row(YOUTUBE, "/embed/", "https://www.youtube.com/watch?v={id}", "YouTube video") },
    Player { poster: YOUTUBE_POSTER, ..row(YOUTUBE, "/v/", "https://www.youtube.com/watch?v={id}", "YouTube video") },
    Player { poster: YOUTUBE_POSTER, ..row(&["youtu.be"], "/", "https://www.youtube.com/watch?v={id}", "YouTube video") },
    row(&["player.vimeo.com"], "/video/", "https://vimeo.com/{id}/{h}", "Vimeo video"),
    row(&["player.vimeo.com"], "/video/", "https://vimeo.com/{id}", "Vimeo video"),
    row(&["vimeo.com"], "/moogaloop.swf", "https://vimeo.com/{clip_id}", "Vimeo video"),
    row(&["player.bilibili.com"], "/", "https://www.bilibili.com/video/{bvid}", "Bilibili video"),
    row(&["player.bilibili.com"], "/", "https://www.bilibili.com/video/av{aid}", "Bilibili video"),
    row(&["bilibili.com"], "/blackboard/html5mobileplayer.html", "https://www.bilibili.com/video/{bvid}", "Bilibili video"),
    row(&["bilibili.com"], "/blackboard/html5mobileplayer.html", "https://www.bilibili.com/video/av{aid}", "Bilibili video"),
    row(&["open.spotify.com", "embed.spotify.com"], "/embed-podcast/", "https://open.spotify.com/{rest}", "Spotify"),
    row(&["open.spotify.com", "embed.spotify.com"], "/embed/", "https://open.spotify.com/{rest}", "Spotify"),
    row(&["w.soundcloud.com"], "/player", "{=url}", "SoundCloud audio"),
    Player { poster: Some("https://www.dailymotion.com/thumbnail/video/{id}"), ..row(&["dailymotion.com"], "/embed/video/", "https://www.dailymotion.com/video/{id}", "Dailymotion video") },
    Player { poster: Some("https://www.dailymotion.com/thumbnail/video/{video}"), ..row(&["geo.dailymotion.com"], "/player", "https://www.dailymotion.com/video/{video}", "Dailymotion video") },
    row(&["tiktok.com"], "/embed/v2/", "https://www.tiktok.com/embed/v2/{id}", "TikTok video"),
    row(&["tiktok.com"], "/embed/v3/", "https://www.tiktok.com/embed/v3/{id}", "TikTok video"),
    row(&["tiktok.com"], "/player/v1/", "https://www.tiktok.com/player/v1/{id}", "TikTok video"),
    row(&["tiktok.com"], "/embed/", "https://www.tiktok.com/embed/{id}", "TikTok video"),
    row(&["platform.twitter.com", "platform.x.com"], "/embed/", "https://x.com/i/status/{?id}", "Post on X"),
    row(&["twitframe.com"], "/show", "{=url}", "Post on X"),
    row(&["google.com", "maps.google.com"], "/maps/embed/v1/place", "https://www.google.com/maps/search/?api=1&query={q}", "Google Maps"),
    row(&["google.com", "maps.google.com"], "/maps/embed", "https://www.google.com/maps/embed?pb={pb}", "Google Maps"),
    row(&["google.com", "maps.google.com"], "/maps", "https://www.google.com/maps/search/?api=1&query={q}", "Google Maps"),
    row(&["player.twitch.tv"], "/", "https://www.twitch.tv/videos/{video}", "Twitch video"),
    row(&["player.twitch.tv"], "/", "https://www.twitch.tv/{channel}", "Twitch channel"),
    row(&["clips.twitch.tv"], "/embed", "https://clips.twitch.tv/{clip}", "Twitch clip"),
    row(&["embed.podcasts.apple.com"], "/", "https://podcasts.apple.com/{rest}?i={i}", "Apple Podcasts"),
    row(&["embed.podcasts.apple.com"], "/", "https://podcasts.apple.com/{rest}", "Apple Podcasts"),
    row(&["embed.music.apple.com"], "/", "https://music.apple.com/{rest}", "Apple Music"),
    row(&["instagram.com"], "/p/", "https://www.instagram.com/p/{id}/", "Instagram post"),
    row(&["instagram.com"], "/reel/", "https://www.instagram.com/reel/{id}/", "Instagram reel"),
    row(&["facebook.com"], "/plugins/video.php", "{=href}", "Facebook video"),
    row(&["facebook.com"], "/plugins/post.php", "{=href}", "Facebook post"),
    row(&["embed.reddit.com", "redditmedia.com"], "/r/", "https://www.reddit.com/r/{rest}", "Reddit post"),
    row(&["player.youku.com"], "/embed/", "https://v.youku.com/v_show/id_{id}.html", "Youku video"),
    row(&["v.qq.com"], "/txp/iframe/player.html", "https://v.qq.com/x/page/{vid}.html", "Tencent video"),
    row(&["v.qq.com"], "/iframe/player.html", "https://v.qq.com/x/page/{vid}.html", "Tencent video"),
    row(&["rutube.ru"], "/play/embed/", "https://rutube.ru/video/{id}/", "Rutube video"),
    row(&["fast.wistia.net", "fast.wistia.com"], "/embed/iframe/", "https://fast.wistia.net/embed/iframe/{id}", "Wistia video"),
    row(&["loom.com"], "/embed/", "https://www.loom.com/share/{id}", "Loom video"),
    row(&["streamable.com"], "/e/", "https://streamable.com/{id}", "Streamable video"),
    row(&["odysee.com"], "/$/embed/", "https://odysee.com/{rest}", "Odysee video"),
    row(&["ted.com", "embed.ted.com"], "/talks/", "https://www.ted.com/talks/{id}", "TED talk"),
    row(&["archive.org"], "/embed/", "https://archive.org/details/{id}", "Internet Archive"),
    row(&["codepen.io"], "/", "https://codepen.io/{rest}", "CodePen"),
    row(&["mixcloud.com", "player-widget.mixcloud.com"], "/widget/iframe/", "https://www.mixcloud.com{=feed}", "Mixcloud audio"),
    row(&["widget.deezer.com"], "/widget/auto/", "https://www.deezer.com/{rest}", "Deezer"),
    row(&["cdn.embedly.com"], "/widgets/media.html", "{=url}", "Embedded page"),
];

/// The page that shows what the embed at `url` showed; failing a known player, the address itself.
pub(super) fn shown(url: &impl Located) -> Shown {
    let host = url.host();
    let host = host.strip_prefix("www.").unwrap_or(host);
    let known = PLAYERS
        .iter()
        .filter(|player| player.hosts.contains(&host))
        .find_map(|player| {
            let rest = url.path().strip_prefix(player.path)?;
            Some(Shown {
                address: fill(player.page, rest, url)?,
                label: player.label.to_owned(),
                poster: player.poster.and_then(|poster| fill(poster, rest, url)),
            })
        });
    known.unwrap_or_else(|| Shown {
        address: url.as_str().to_owned(),
        label: host.to_owned(),
        poster: None,
    })
}

fn fill(template: &str, rest: &str, url: &impl Located) -> Option<String> {
    let mut out = String::with_capacity(template.len() + rest.len());
    let mut template = template;
    while let Some((before, after)) = template.split_once('{') {
        let (name, after) = after.split_once('}')?;
        out.push_str(before);
        match name {
            "id" => out.push_str(segment(rest)?),
            "rest" => out.push_str(Some(rest).filter(|rest| !rest.is_empty())?),
            name => {
                let whole = name.starts_with('=');
                let name = name.trim_start_matches(['=', '?']);
                let query = url.query().unwrap_or_default();
                let (_, value) = url::form_urlencoded::parse(query.as_bytes())
                    .find(|(key, value)| key == name && !value.is_empty())?;
                if whole {
                    out.push_str(&value);
                } else {
                    out.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
                }
            }
        }
        template = after;
    }
    out.push_str(template);
    if Simple::of(&out).is_some() {
        return Some(out);
    }
    let page = Url::parse(&out).ok()?;
    matches!(page.scheme(), "http" | "https").then(|| out)
}

fn segment(rest: &str) -> Option<&str> {
    // Flash players took their parameters after an ampersand.
    rest.split(['/', '&']).next().filter(|id| !id.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_player_s_page_is_known() {
        for (embed, page, label) in [
            (
                "https://www.youtube.com/embed/abc_-12?wmode=transparent",
                "https://www.youtube.com/watch?v=abc_-12",
                "YouTube video",
            ),
            (
                "https://www.youtube-nocookie.com/embed/abc?start=90&rel=0",
                "https://www.youtube.com/watch?v=abc&t=90s",
                "YouTube video",
            ),
            (
                "https://www.youtube.com/embed/videoseries?list=PL1",
                "https://www.youtube.com/playlist?list=PL1",
                "YouTube playlist",
            ),
            (
                "http://www.youtube.com/v/abc&hl=en",
                "https://www.youtube.com/watch?v=abc",
                "YouTube video",
            ),
            (
                "https://player.vimeo.com/video/42?title=0",
                "https://vimeo.com/42",
                "Vimeo video",
            ),
            (
                "https://player.vimeo.com/video/42?h=k1",
                "https://vimeo.com/42/k1",
                "Vimeo video",
            ),
            (
                "https://player.bilibili.com/player.html?aid=1&bvid=BV1x",
                "https://www.bilibili.com/video/BV1x",
                "Bilibili video",
            ),
            (
                "https://player.bilibili.com/player.html?aid=170001",
                "https://www.bilibili.com/video/av170001",
                "Bilibili video",
            ),
            (
                "https://open.spotify.com/embed/episode/7x?utm_source=y",
                "https://open.spotify.com/episode/7x",
                "Spotify",
            ),
            (
                "https://w.soundcloud.com/player/?url=https%3A//soundcloud.com/a/b&color=x",
                "https://soundcloud.com/a/b",
                "SoundCloud audio",
            ),
            (
                "https://www.dailymotion.com/embed/video/x9",
                "https://www.dailymotion.com/video/x9",
                "Dailymotion video",
            ),
            (
                "https://platform.twitter.com/embed/Tweet.html?id=99",
                "https://x.com/i/status/99",
                "Post on X",
            ),
            (
                "https://player.twitch.tv/?channel=someone&parent=x",
                "https://www.twitch.tv/someone",
                "Twitch channel",
            ),
            (
                "https://embed.podcasts.apple.com/us/podcast/x/id1?i=2",
                "https://podcasts.apple.com/us/podcast/x/id1?i=2",
                "Apple Podcasts",
            ),
            (
                "https://maps.google.com/maps?q=Bonn+am+Rhein&output=embed",
                "https://www.google.com/maps/search/?api=1&query=Bonn+am+Rhein",
                "Google Maps",
            ),
            (
                "https://charts.example/embed/1",
                "https://charts.example/embed/1",
                "charts.example",
            ),
            (
                "https://w.soundcloud.com/player/?url=javascript:x",
                "https://w.soundcloud.com/player/?url=javascript:x",
                "w.soundcloud.com",
            ),
        ] {
            let shown = shown(&Url::parse(embed).expect("address"));
            assert_eq!(
                (shown.address.as_str(), shown.label.as_str()),
                (page, label),
                "{embed}"
            );
        }
    }
}
