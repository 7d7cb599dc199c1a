//! Tracking pixels, parameters, redirectors and share buttons: lists as data.

use std::borrow::Cow;
use std::sync::LazyLock;

use url::Url;

use super::address::{Ends, Located, end_of};

/// Parameters that only follow people around (names in lower case).
#[rustfmt::skip]
static PARAMETERS: &[&str] = &[
    "__hsfp", "__hssc", "__hstc", "__readwiselocation", "__s", "_bhlid", "_branch_match_id", "_branch_referrer",
    "_hsenc", "_hsmi", "_ke", "_openstat", "at_campaign", "at_custom1", "at_medium", "campaign_content", "campaign_id",
    "campaign_medium", "campaign_name", "campaign_source", "campaign_term", "dclid", "dm_i", "ef_id", "epik",
    "fb_action_ids", "fb_action_types", "fb_comment_id", "fb_ref", "fb_source", "fbclid", "gad_source", "gbraid",
    "gclid", "gclsrc", "hmb_campaign", "hmb_medium", "hmb_source", "hsa_acc", "hsa_ad", "hsa_cam", "hsa_grp", "hsa_kw",
    "hsa_mt", "hsa_net", "hsa_src", "hsa_tgt", "hsa_ver", "hsctatracking", "igsh", "igshid", "irclickid",
    "itm_campaign", "itm_medium", "itm_source", "mc_cid", "mc_eid", "mc_tc", "mibextid", "mkt_tok", "ml_subscriber",
    "ml_subscriber_hash", "msclkid", "ncid", "oly_anon_id", "oly_enc_id", "rb_clickid", "s_cid", "s_kwcid", "sc_cid",
    "srsltid", "ttclid", "twclid", "vero_conv", "vero_id", "wbraid", "wickedid", "wt_mc", "wt_zmc", "xtor", "yclid",
    "ysclid",
];

/// Beginnings of such names.
static PARAMETER_PREFIXES: &[&str] = &[
    "utm_",
    "mtm_",
    "pk_campaign",
    "pk_kwd",
    "pk_medium",
    "pk_source",
    "piwik_",
];

/// Fragments that are trackers in disguise.
static FRAGMENT_PREFIXES: &[&str] = &["xtor=", "utm_", "ref=rss", "rss_id="];

/// What a row of a table matches: the host (a leading dot: any below it), then how the path begins.
type Place = (&'static str, &'static str);

/// Redirectors that carry their target in a parameter.
#[rustfmt::skip]
static REDIRECTORS: &[(Place, &[&str])] = &[
    ((".google.com", "/url"), &["q", "url"]),
    (("google.com", "/url"), &["q", "url"]),
    (("news.url.google.com", "/"), &["url"]),
    (("l.facebook.com", "/l.php"), &["u"]),
    (("lm.facebook.com", "/l.php"), &["u"]),
    (("www.facebook.com", "/l.php"), &["u"]),
    (("l.instagram.com", "/"), &["u"]),
    (("l.threads.net", "/"), &["u"]),
    (("l.threads.com", "/"), &["u"]),
    (("l.messenger.com", "/l.php"), &["u"]),
    (("t.umblr.com", "/redirect"), &["z"]),
    (("www.youtube.com", "/redirect"), &["q"]),
    (("out.reddit.com", "/"), &["url"]),
    (("steamcommunity.com", "/linkfilter"), &["u", "url"]),
    (("duckduckgo.com", "/l/"), &["uddg"]),
    (("www.bing.com", "/news/apiclick.aspx"), &["url"]),
    (("vk.com", "/away.php"), &["to"]),
    (("away.vk.com", "/away.php"), &["to"]),
    (("link.zhihu.com", "/"), &["target"]),
    (("link.juejin.cn", "/"), &["target"]),
    (("link.csdn.net", "/"), &["target"]),
    (("www.douban.com", "/link2"), &["url"]),
    (("www.jianshu.com", "/go-wild"), &["url"]),
    (("jump2.bdimg.com", "/"), &["url"]),
    (("disq.us", "/url"), &["url"]),
    (("slack-redir.net", "/link"), &["url"]),
    (("www.linkedin.com", "/redir/redirect"), &["url"]),
    (("www.pixiv.net", "/jump.php"), &["url"]),
    (("www.deviantart.com", "/users/outgoing"), &[""]),
    (("go.skimresources.com", "/"), &["url"]),
    (("click.linksynergy.com", "/"), &["murl"]),
    (("www.awin1.com", "/cread.php"), &["ued", "p"]),
    (("www.getrevue.co", "/"), &["url"]),
    (("href.li", "/"), &[""]),
    (("dereferer.me", "/"), &[""]),
    ((".safelinks.protection.outlook.com", "/"), &["url"]),
];

/// Pictures that only count who reads.
#[rustfmt::skip]
static BEACONS: &[Place] = &[
    ("pixel.wp.com", "/"), ("stats.wordpress.com", "/"), ("feeds.wordpress.com", "/1.0/"), ("pixel.quantserve.com", "/"),
    (".doubleclick.net", "/"), ("www.google-analytics.com", "/"), ("ssl.google-analytics.com", "/"),
    ("google-analytics.com", "/"), ("www.googletagmanager.com", "/"), ("medium.com", "/_/stat"),
    ("sb.scorecardresearch.com", "/"), ("b.scorecardresearch.com", "/"), ("www.facebook.com", "/tr"),
    ("feeds.feedburner.com", "/~r/"), ("feeds2.feedburner.com", "/~r/"), (".feedsportal.com", "/"),
    ("feedsportal.com", "/"), ("rss.feedsportal.com", "/"), ("feeds.feedblitz.com", "/-/"), ("tracking.feedpress.com", "/"),
    ("tracking.feedpress.it", "/"), ("feedpress.me", "/link/"), ("pi.feedsportal.com", "/"), ("vg08.met.vgwort.de", "/"),
    (".met.vgwort.de", "/"), ("ssl-vg03.met.vgwort.de", "/"), (".list-manage.com", "/track/open"), ("pixel.mathtag.com", "/"),
    ("hits.theguardian.com", "/"), ("analytics.twitter.com", "/"), ("t.co", "/i/adsct"), ("www.statcounter.com", "/"),
    ("c.statcounter.com", "/"), ("counter.yadro.ru", "/"), ("mc.yandex.ru", "/"), ("top-fwz1.mail.ru", "/"),
    ("hm.baidu.com", "/"), (".cnzz.com", "/"), ("counter.theconversation.com", "/"), ("counter.theconversation.edu.au", "/"),
    ("blogger.googleusercontent.com", "/tracker/"), ("ad.zanox.com", "/"), ("www.awin1.com", "/cshow.php"),
    ("ir-na.amazon-adsystem.com", "/"), (".amazon-adsystem.com", "/"), ("ads.pheedo.com", "/"), ("www.pheedcontent.com", "/"),
    ("a.rfihub.com", "/"), ("track.hubspot.com", "/"), ("substack.com", "/api/v1/email"), ("email.mg.substack.com", "/o/"),
    ("open.substack.com", "/o/"), ("pixel.newscgp.com", "/"), ("www.npr.org", "/include/images/tracking/"),
    ("tracking.npr.org", "/"), ("media.npr.org", "/include/images/tracking/"),
];

/// Links and pictures that only share or count: buttons under an article.
#[rustfmt::skip]
static SHARE_BUTTONS: &[Place] = &[
    ("api.flattr.com", "/"), ("www.facebook.com", "/sharer"), ("facebook.com", "/sharer"), ("www.facebook.com", "/share.php"),
    ("www.facebook.com", "/dialog/share"), ("feeds.feedburner.com", "/~ff/"), ("feeds2.feedburner.com", "/~ff/"),
    ("feeds.wordpress.com", "/1.0/go"), (".addtoany.com", "/"), ("addtoany.com", "/"), (".sharethis.com", "/"),
    (".addthis.com", "/"), ("share.feedsportal.com", "/"), ("res.feedsportal.com", "/"), ("da.feedsportal.com", "/"),
    ("www.linkedin.com", "/shareArticle"), ("www.linkedin.com", "/sharing/share-offsite"),
    ("pinterest.com", "/pin/create/"), ("www.pinterest.com", "/pin/create/"), ("twitter.com", "/intent/tweet"),
    ("twitter.com", "/share"), ("x.com", "/intent/tweet"), ("x.com", "/intent/post"), ("x.com", "/share"),
    ("www.reddit.com", "/submit"), ("reddit.com", "/submit"), ("www.tumblr.com", "/share"), ("getpocket.com", "/save"),
    ("getpocket.com", "/edit"), ("www.instapaper.com", "/hello2"), ("digg.com", "/submit"), ("www.stumbleupon.com", "/submit"),
    ("delicious.com", "/post"), ("del.icio.us", "/post"), ("service.weibo.com", "/share/"), ("vk.com", "/share.php"),
    ("connect.ok.ru", "/offer"), ("t.me", "/share/"), ("telegram.me", "/share/"), ("api.whatsapp.com", "/send"),
    ("wa.me", "/?text="), ("bsky.app", "/intent/compose"), ("www.xing.com", "/spi/shares/"), ("slashdot.org", "/bookmark.pl"),
    ("news.ycombinator.com", "/submitlink"), ("assets.feedblitz.com", "/"), ("feeds.feedblitz.com", "/_/"),
];

/// True for a picture address that only counts readers.
pub(super) fn is_beacon(url: &impl Located) -> bool {
    BEACON_ENDS.hold(url.host()) && BEACONS.iter().any(|place| matches(place, url))
}

/// True for the address of a share button or counter.
pub(super) fn is_share_button(url: &impl Located) -> bool {
    SHARE_BUTTON_ENDS.hold(url.host()) && SHARE_BUTTONS.iter().any(|place| matches(place, url))
}

/// True when a picture of this size shows nothing: a width or height of at most one pixel.
pub(super) fn is_pixel_size(width: Option<&str>, height: Option<&str>, style: Option<&str>) -> bool {
    let tiny =
        |value: Option<&str>| value.is_some_and(|value| length(value).is_some_and(|pixels| pixels <= 1.0));
    if tiny(width) || tiny(height) {
        return true;
    }
    style.is_some_and(|style| {
        style.split(';').any(|declaration| {
            let (name, value) = declaration.split_once(':').unwrap_or_default();
            let (name, value) = (name.trim(), value.trim());
            let dimension = ["width", "height", "max-width", "max-height"]
                .iter()
                .any(|known| name.eq_ignore_ascii_case(known));
            (dimension && tiny(Some(value)))
                || (name.eq_ignore_ascii_case("display") && value.eq_ignore_ascii_case("none"))
                || (name.eq_ignore_ascii_case("visibility") && value.eq_ignore_ascii_case("hidden"))
        })
    })
}

/// A length in pixels; `None` for percentages and other units.
fn length(value: &str) -> Option<f64> {
    let value = value.trim();
    let value = value.strip_suffix("!important").unwrap_or(value);
    let value = value.trim();
    let number = value.strip_suffix("px").unwrap_or(value);
    number.trim().parse().ok()
}

static BEACON_ENDS: LazyLock<Ends> = LazyLock::new(|| Ends::of(BEACONS.iter().map(|(host, _)| *host)));
static SHARE_BUTTON_ENDS: LazyLock<Ends> =
    LazyLock::new(|| Ends::of(SHARE_BUTTONS.iter().map(|(host, _)| *host)));
static REDIRECTOR_ENDS: LazyLock<Ends> =
    LazyLock::new(|| Ends::of(REDIRECTORS.iter().map(|((host, _), _)| *host)));

/// True for every address that [`redirected`] follows, and few others.
pub(super) fn may_redirect(url: &impl Located) -> bool {
    REDIRECTOR_ENDS.hold(url.host()) && REDIRECTORS.iter().any(|(place, _)| matches(place, url))
}

fn matches((host, path): &Place, url: &impl Located) -> bool {
    let actual = url.host();
    if end_of(host) != end_of(actual) {
        return false;
    }
    let same = match host.strip_prefix('.') {
        Some(above) => actual
            .strip_suffix(above)
            .is_some_and(|below| below.ends_with('.')),
        None => actual == *host,
    };
    same && (url.path().starts_with(path) || url.after_host().starts_with(path))
}

/// The target that a redirector's address holds, through up to four of them.
pub(super) fn redirected(url: &Url) -> Option<Url> {
    let mut found: Option<Url> = None;
    for _ in 0..4 {
        let Some(target) = target(found.as_ref().unwrap_or(url)) else {
            break;
        };
        found = Some(target);
    }
    found
}

fn target(url: &Url) -> Option<Url> {
    let (_, names) = REDIRECTORS.iter().find(|(place, _)| matches(place, url))?;
    let held = names.iter().find_map(|name| {
        if name.is_empty() {
            return url.query().map(|query| Cow::Owned(query.to_owned()));
        }
        url.query_pairs()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value)
    })?;
    let target = Url::parse(&held).ok()?;
    (matches!(target.scheme(), "http" | "https") && target.has_host() && target != *url).then_some(target)
}

/// The address without tracking parameters. The raw query is edited: what stays is not re-encoded.
/// `site`: the feed's own host, whose name as `ref` is a tracker too.
pub(super) fn without_parameters<'a>(address: &'a str, site: Option<&str>) -> Cow<'a, str> {
    let (before, fragment) = match address.split_once('#') {
        Some((before, fragment)) => (before, Some(fragment)),
        None => (address, None),
    };
    let keep_fragment = fragment.filter(|fragment| {
        !FRAGMENT_PREFIXES
            .iter()
            .any(|prefix| fragment.starts_with(prefix))
    });
    let (path, query) = match before.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (before, None),
    };
    let tracked = |query: &str| query.split('&').any(|pair| is_tracking(pair, site));
    if keep_fragment == fragment && !query.is_some_and(tracked) {
        return Cow::Borrowed(address);
    }
    let mut out = path.to_owned();
    let mut separator = '?';
    for pair in query.unwrap_or_default().split('&') {
        let needless = pair.is_empty() && separator == '?';
        if !needless && !is_tracking(pair, site) {
            out.push(separator);
            out.push_str(pair);
            separator = '&';
        }
    }
    if let Some(fragment) = keep_fragment {
        out.push('#');
        out.push_str(fragment);
    }
    Cow::Owned(out)
}

fn is_tracking(pair: &str, site: Option<&str>) -> bool {
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    // Twice escaped: `&amp;utm_source=`.
    let key = key.strip_prefix("amp;").unwrap_or(key);
    let begins = |prefix: &&str| {
        key.get(..prefix.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    is_parameter(key)
        || PARAMETER_PREFIXES.iter().any(begins)
        || (key.eq_ignore_ascii_case("ref")
            && site.is_some_and(|site| value == site || site.strip_prefix("www.") == Some(value)))
}

fn is_parameter(key: &str) -> bool {
    /// No name is longer.
    const MOST: usize = 24;
    let mut folded = [0; MOST];
    let Some(folded) = folded.get_mut(..key.len()) else {
        return false;
    };
    folded.copy_from_slice(key.as_bytes());
    folded.make_ascii_lowercase();
    PARAMETERS
        .binary_search_by(|known| known.as_bytes().cmp(folded))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(address: &str) -> Url {
        Url::parse(address).expect("url")
    }

    #[test]
    fn all_below_a_host_end_as_it_does() {
        let redirectors = REDIRECTORS.iter().map(|(place, _)| place);
        for (host, _) in BEACONS.iter().chain(SHARE_BUTTONS).chain(redirectors) {
            assert!(!host.starts_with('.') || end_of(&host[1..]) != 0, "{host}");
        }
    }

    #[test]
    fn the_list_of_parameters_is_sorted_and_every_one_is_found() {
        assert!(PARAMETERS.is_sorted());
        assert!(
            PARAMETERS
                .iter()
                .all(|name| is_parameter(&name.to_ascii_uppercase()))
        );
    }

    #[test]
    fn only_tracking_parameters_go_and_the_rest_is_not_touched() {
        for (given, told) in [
            (
                "https://a.example/p?utm_source=rss&b=%20+&UTM_Medium=x",
                "https://a.example/p?b=%20+",
            ),
            ("https://a.example/p?utm_source=rss", "https://a.example/p"),
            (
                "https://a.example/p?z=1&fbclid=x&a=2#part",
                "https://a.example/p?z=1&a=2#part",
            ),
            (
                "https://a.example/p?z=1&amp;utm_source=x",
                "https://a.example/p?z=1",
            ),
            (
                "https://a.example/p?sig=a%2Bb&&x",
                "https://a.example/p?sig=a%2Bb&&x",
            ),
            ("https://a.example/p#xtor=RSS-1", "https://a.example/p"),
            ("https://a.example/p?ref=site.example", "https://a.example/p"),
            ("https://a.example/p?ref=other", "https://a.example/p?ref=other"),
            (
                "https://a.example/p#?utm_source=x",
                "https://a.example/p#?utm_source=x",
            ),
        ] {
            let cleaned = without_parameters(given, Some("www.site.example"));
            assert_eq!(cleaned, told);
            assert_eq!(without_parameters(&cleaned, Some("www.site.example")), told);
        }
    }

    #[test]
    fn a_redirector_is_followed_offline() {
        for (given, told) in [
            (
                "https://www.google.com/url?rct=j&url=https://a.example/x%3Fy%3D1&ct=ga",
                Some("https://a.example/x?y=1"),
            ),
            (
                "https://l.facebook.com/l.php?u=https%3A%2F%2Fa.example%2F&h=AT0",
                Some("https://a.example/"),
            ),
            (
                "https://href.li/?https://a.example/b",
                Some("https://a.example/b"),
            ),
            (
                "https://t.umblr.com/redirect?z=https%3A%2F%2Fl.facebook.com%2Fl.php%3Fu%3Dhttps%253A%252F%252Fa.example%252F",
                Some("https://a.example/"),
            ),
            ("https://www.google.com/url?q=javascript:alert(1)", None),
            ("https://www.google.com/search?q=https://a.example/", None),
            ("https://notgoogle.com/url?q=https://a.example/", None),
        ] {
            assert_eq!(redirected(&url(given)).as_ref().map(Url::as_str), told, "{given}");
        }
    }

    #[test]
    fn a_pixel_is_known_by_its_size_or_its_address() {
        for (width, height, style, told) in [
            (Some("1"), Some("1"), None, true),
            (Some("1px"), None, None, true),
            (None, Some("0"), None, true),
            (Some("100%"), None, None, false),
            (Some("10"), Some("10"), None, false),
            (None, None, Some("width: 1px !important; height:1px"), true),
            (None, None, Some("border:1px;max-width:100%"), false),
            (None, None, Some("DISPLAY:none"), true),
            (None, None, None, false),
        ] {
            assert_eq!(
                is_pixel_size(width, height, style),
                told,
                "{width:?} {height:?} {style:?}"
            );
        }
        assert!(is_beacon(&url("https://pixel.wp.com/b.gif?host=x")));
        assert!(is_beacon(&url("http://feeds.feedburner.com/~r/site/~4/abc")));
        assert!(is_beacon(&url("https://ad.doubleclick.net/x")));
        assert!(!is_beacon(&url("https://notdoubleclick.net/x")));
        assert!(is_share_button(&url("http://feeds.feedburner.com/~ff/site?a=1")));
        assert!(is_share_button(&url("https://www.addtoany.com/share")));
        assert!(!is_share_button(&url("https://twitter.com/someone/status/1")));
    }
}
