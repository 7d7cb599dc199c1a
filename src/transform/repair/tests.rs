use super::*;

fn repaired(text: &str) -> String {
    repair(text, &Limits::default(), &mut Report::default())
        .expect(text)
        .text
}

#[test]
fn a_well_formed_feed_comes_through_byte_for_byte() {
    let text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- a --><rss version='2.0'\n  xmlns:dc = \"urn:x\"><channel ><item><dc:a b='&amp;'/><![CDATA[<p>]]></item\n></channel></rss>\n";
    assert_eq!(repaired(text), text.replace("</item\n>", "</item>"));
}
