use super::*;
use crate::transform::clean::embeds;

async fn explained(origin: Origin) -> Explanation {
    let policy = Policy {
        clean: transform::clean::Policy {
            trackers: true,
            embeds: embeds::Policy::default(),
            ..transform::clean::Policy::default()
        },
        ..Policy::default()
    };
    explain(&Fetcher::new(fetch::Options::default()), &origin, &policy).await
}

#[tokio::test]
async fn the_demo_is_told_step_by_step() {
    let told = explained(Origin::Demo).await;
    assert!(told.is_good());
    let steps: Vec<_> = told.steps.iter().map(|step| step.what.name()).collect();
    assert_eq!(steps, ["body", "charset", "repair", "clean", "result"]);
    assert!(told.ending.contains("RSS with 3 entries"), "{}", told.ending);
    assert!(told.steps[3].says.contains("embeds"), "{}", told.steps[3].says);
    assert!(told.original.is_some());
}

#[tokio::test]
async fn a_private_address_is_not_asked_and_the_setting_is_named() {
    let url = Url::parse("http://127.0.0.1/feed?<script>").unwrap();
    let told = explained(Origin::Http(url)).await;
    assert!(!told.is_good());
    assert_eq!(told.steps.len(), 2, "nothing was dialled");
    assert!(!told.steps[0].fine);
    assert!(told.next.contains("fetch.allow_private"), "{}", told.next);
    assert!(told.ending.ends_with("it is not public."), "{}", told.ending);
}

#[tokio::test]
async fn a_missing_file_ends_in_a_sentence() {
    let told = explained(Origin::File("/nowhere/feed.xml".into())).await;
    assert_eq!(told.ending, "The document cannot be read: it does not exist.");
    assert!(told.next.contains("path"), "{}", told.next);
}

#[test]
fn every_reason_is_explained_once() {
    let mut names: Vec<_> = reasons::ALL
        .iter()
        .map(|&reason| reasons::why(reason).short)
        .collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), reasons::ALL.len());
}
