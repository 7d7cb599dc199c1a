//! All feeds at our addresses, for a reader to import.

use http::{HeaderValue, Method, header};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{Pages, answer};
use crate::serve::respond::reply::Reply;

pub(super) fn opml(pages: &Pages, method: &Method) -> Reply {
    let in_force = pages.app.in_force();
    let public = in_force.signer.public_url();
    let mut feeds: Vec<_> = in_force
        .endpoints
        .values()
        .map(|endpoint| {
            let title = endpoint.transform.title.as_deref();
            let title = title.map_or_else(|| pages.known_title(&endpoint.name), str::to_owned);
            (endpoint.name.as_str(), title)
        })
        .collect();
    feeds.sort_unstable();
    let written = write(&feeds, public).unwrap_or_default();
    let mut reply = answer::body(method, written.into(), "text/x-opml; charset=utf-8");
    reply.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"limpid.opml\""),
    );
    reply
}

fn write(feeds: &[(&str, String)], public: &str) -> std::io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 2);
    writer.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    writer
        .create_element("opml")
        .with_attribute(("version", "2.0"))
        .write_inner_content(|writer| {
            writer.create_element("head").write_inner_content(|writer| {
                writer
                    .create_element("title")
                    .write_text_content(BytesText::new("Feeds through Limpid"))?;
                Ok(())
            })?;
            writer.create_element("body").write_inner_content(|writer| {
                for (name, title) in feeds {
                    let address = format!("{public}/feeds/{name}");
                    writer
                        .create_element("outline")
                        .with_attribute(("type", "rss"))
                        .with_attribute(("text", title.as_str()))
                        .with_attribute(("title", title.as_str()))
                        .with_attribute(("xmlUrl", address.as_str()))
                        .write_empty()?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
    Ok(writer.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_escaped() {
        let opml = write(
            &[("blog", "A & <b>\"B\"</b>".to_owned())],
            "https://feeds.example",
        )
        .unwrap();
        let opml = String::from_utf8(opml).unwrap();
        assert!(
            opml.contains("xmlUrl=\"https://feeds.example/feeds/blog\""),
            "{opml}"
        );
        assert!(opml.contains("&amp; &lt;b&gt;&quot;B&quot;&lt;/b&gt;"), "{opml}");
    }
}
