use super::*;

const SECOND: Millis = 1000;
const MINUTE: Millis = 60 * SECOND;

fn options() -> Options {
    Options {
        total: 100,
        per_host: 2,
        spacing: Duration::from_secs(1),
    }
}

fn feed(key: &str, host: &str, due: Millis) -> Feed {
    Feed {
        key: key.into(),
        host: host.into(),
        due,
    }
}

fn planned(feeds: &[(&str, &str, Millis)]) -> Plan {
    let mut plan = Plan::new(options());
    plan.set(
        feeds
            .iter()
            .map(|(key, host, due)| feed(key, host, *due))
            .collect(),
    );
    plan
}

fn start(key: &str) -> Step {
    Step::Start(key.into())
}

fn end(plan: &mut Plan, key: &str, host: &str, due: Millis, said: Said, now: Millis) {
    let said = Some(said);
    plan.ended(&key.into(), host, Outcome { due, said }, now);
}

#[test]
fn feeds_start_in_the_order_in_which_they_are_due() {
    let mut plan = planned(&[("c", "x", 3), ("a", "y", 1), ("b", "z", 2)]);
    assert_eq!(plan.next(0), Step::Wait(1));
    for key in ["a", "b", "c"] {
        assert_eq!(plan.next(3), start(key));
    }
    assert_eq!(plan.next(3), Step::Wait(Millis::MAX));
    end(&mut plan, "b", "z", 9, Said::Answer, 4);
    assert_eq!(plan.next(5), Step::Wait(1003), "a host rests for a second");
    assert_eq!(plan.next(1003), start("b"));
}

#[test]
fn a_host_is_asked_a_few_things_at_once_with_a_breath_between() {
    let mut plan = planned(&[("a", "x", 0), ("b", "x", 0), ("c", "x", 0)]);
    assert_eq!(plan.next(0), start("a"));
    assert_eq!(plan.next(0), Step::Wait(SECOND));
    assert_eq!(plan.next(SECOND), start("b"));
    assert_eq!(
        plan.next(10 * SECOND),
        Step::Wait(Millis::MAX),
        "two are under way"
    );
    end(&mut plan, "a", "x", MINUTE, Said::Answer, 10 * SECOND);
    assert_eq!(plan.next(10 * SECOND), start("c"));
}

#[test]
fn all_hosts_together_have_a_limit() {
    let mut plan = Plan::new(Options {
        total: 2,
        ..options()
    });
    plan.set((0..5).map(|n| feed(&n.to_string(), &n.to_string(), 0)).collect());
    assert_eq!((plan.next(0), plan.next(0)), (start("0"), start("1")));
    assert_eq!(plan.next(0), Step::Wait(Millis::MAX));
    end(&mut plan, "0", "0", MINUTE, Said::Answer, 1);
    assert_eq!(plan.next(1), start("2"));
}

#[test]
fn a_host_that_asks_for_peace_gets_it_for_all_its_feeds() {
    let mut plan = planned(&[("a", "x", 0), ("b", "x", 2 * SECOND), ("c", "y", 2 * SECOND)]);
    assert_eq!(plan.next(0), start("a"));
    end(&mut plan, "a", "x", MINUTE, Said::Later(10 * MINUTE), SECOND);
    assert_eq!(plan.next(2 * SECOND), start("c"));
    assert_eq!(plan.next(9 * MINUTE), Step::Wait(10 * MINUTE));
    assert_eq!(plan.next(10 * MINUTE), start("b"));
}

#[test]
fn a_host_in_trouble_is_tried_with_one_feed_and_well_again_when_that_comes() {
    let keys = ["a", "b", "c", "d", "e"];
    let mut plan = planned(&keys.map(|key| (key, "x", 0)));
    let mut now = 0;
    for key in &keys[..3] {
        now += 2 * SECOND;
        assert_eq!(plan.next(now), start(key));
        end(&mut plan, key, "x", 600 * MINUTE, Said::Nothing, now);
    }
    // About a minute of peace, though two feeds are overdue.
    let Step::Wait(until) = plan.next(now) else {
        panic!("it rests")
    };
    assert!(
        (now + 48 * SECOND..=now + 72 * SECOND).contains(&until),
        "{until}"
    );
    assert_eq!(plan.next(until), start("d"));
    assert_eq!(
        plan.next(until + MINUTE),
        Step::Wait(Millis::MAX),
        "one probe alone"
    );
    end(&mut plan, "d", "x", 600 * MINUTE, Said::Nothing, until);
    let Step::Wait(longer) = plan.next(until) else {
        panic!("it rests")
    };
    assert!(longer - until > 90 * SECOND, "twice as long");
    assert_eq!(plan.next(longer), start("e"));
    end(&mut plan, "e", "x", longer + MINUTE, Said::Answer, longer);
    assert_eq!(plan.next(longer + MINUTE), start("e"));
}

#[test]
fn new_settings_add_and_remove_and_leave_the_rest_where_it_is() {
    let mut plan = planned(&[("a", "x", 5), ("b", "y", 6), ("c", "z", 7)]);
    plan.set(vec![feed("a", "x", 0), feed("b", "w", 8), feed("d", "v", 9)]);
    assert_eq!(plan.len(), 3);
    assert_eq!(plan.next(5), start("a"));
    // Gone while it was under way: it does not come back.
    plan.set(vec![feed("b", "w", 0), feed("d", "v", 0)]);
    end(&mut plan, "a", "x", 6, Said::Answer, 6);
    assert_eq!((plan.next(9), plan.next(9)), (start("b"), start("d")));
    assert_eq!(plan.next(MINUTE), Step::Wait(Millis::MAX));
    assert_eq!(plan.hosts.len(), 2);
}

#[test]
fn a_thousand_feeds_of_one_host_are_spread_over_minutes_and_none_is_forgotten() {
    let keys: Vec<String> = (0..1000).map(|n| n.to_string()).collect();
    let mut plan = Plan::new(options());
    plan.set(keys.iter().map(|key| feed(key, "x", 0)).collect());
    let (mut now, mut seen) = (0, std::collections::HashSet::new());
    while seen.len() < 1000 {
        match plan.next(now) {
            Step::Wait(until) => now = until,
            Step::Start(key) => {
                end(&mut plan, &key, "x", now + 600 * MINUTE, Said::Answer, now);
                assert!(seen.insert(key));
            }
        }
    }
    assert!((9 * MINUTE..=17 * MINUTE).contains(&now), "{now}");
}

#[tokio::test]
async fn a_look_that_crashes_is_looked_at_again_later() {
    let clock = Clock::system();
    let schedule = Schedule::new(options(), clock.clone());
    schedule.set(vec![feed("a", "x", 0)]);
    let look = |_: Arc<str>| async { panic!("as a test wants it") };
    schedule.start_due(&look);
    while !schedule.is_at_rest() {
        tokio::task::yield_now().await;
    }
    let next = schedule.start_due(&look);
    assert!(next > clock.millis() + 50 * MINUTE && next < clock.millis() + 70 * MINUTE);
}
