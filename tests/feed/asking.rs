//! When readers are asked to ask.

use chrono::{Duration, TimeZone};
use chrono_tz::Australia::Sydney;
use genblog::files::config::{FeedFormat, Rule};
use genblog::graph::site::Site;

use crate::common::{Picture, body, outputs, post, site};
use crate::{BASE, feed, moment};

#[test]
fn an_author_hears_of_posts_in_hours_that_readers_skip() {
    let picture = Picture::new("feed-hours");
    let mut site = site(BASE, &picture.0);
    assert!(outputs(&site).1.is_empty());
    // 01:35 and 01:36 in Sydney are 23:35 and 23:36 in Tokyo, where the author keeps quiet from 22 o'clock on.
    for (post, moment_of) in site.posts.iter_mut().zip(["2008-12-13T01:36:00+11:00", "2008-12-13T01:35:00+11:00"]) {
        post.date = moment(moment_of);
    }
    let problems = outputs(&site).1;
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!(
        (problem.code, &*problem.message),
        ("feed-hours", "2 of the 2 newest posts came out in hours that `skip_hours` tells readers to skip")
    );
    site.config.feed.formats = vec![FeedFormat::Atom, FeedFormat::Json];
    assert!(outputs(&site).1.is_empty(), "only RSS has such hours");
}

#[test]
fn a_date_alone_lies_in_no_hour_that_readers_skip() {
    let picture = Picture::new("feed-hours-of-dates");
    let mut site = site(BASE, &picture.0);
    // Midnight in Sydney is 22 o'clock in Tokyo, where the author keeps quiet.
    for (post, moment_of) in site.posts.iter_mut().zip(["2008-12-13T00:00:00+11:00", "2008-12-12T00:00:00+11:00"]) {
        post.date = moment(moment_of);
    }
    assert_eq!(outputs(&site).1, []);
    site.posts.iter_mut().for_each(|post| post.date += Duration::minutes(1));
    assert_eq!(outputs(&site).1.len(), 1);
}

/// A site whose feed asks for everything to be computed, with so many posts: one a week, on Fridays at half past nine in Sydney.
fn weekly(posts: u32, picture: &Picture) -> Site {
    let mut site = site(BASE, &picture.0);
    let feed = &mut site.config.feed;
    (feed.ttl, feed.skip_hours, feed.skip_days) = (Some(Rule::Computed), Some(Rule::Computed), Some(Rule::Computed));
    site.tags.clear();
    let newest = Sydney.with_ymd_and_hms(2008, 12, 12, 9, 30, 0).single().expect("not ambiguous");
    site.posts = (0..posts)
        .map(|week| {
            let mut post = post(&format!("week-{week}"), 9, body("<p>a</p>"));
            let local = newest.naive_local() - Duration::weeks(week.into());
            post.date = Sydney.from_local_datetime(&local).single().expect("not ambiguous");
            post
        })
        .collect();
    site
}

#[test]
fn hours_days_and_minutes_are_computed_from_the_posts_so_far() {
    let picture = Picture::new("feed-computed");
    let site = weekly(80, &picture);
    let rss = feed(&site);
    let told = |name: &str| -> Vec<String> {
        let start = format!("<{name}>");
        rss.split(&*start).skip(1).map(|rest| rest.split('<').next().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(told("ttl"), ["960"]);
    // Quiet from eleven to seven in Sydney; in December midnight is Greenwich's 13 o'clock of the day before.
    let hours = (13..=20).chain(0..=12).map(|hour| hour.to_string());
    assert_eq!(told("hour"), hours.collect::<Vec<_>>());
    assert_eq!(told("day"), ["Monday", "Tuesday", "Wednesday", "Saturday", "Sunday"]);
    assert!(outputs(&site).1.is_empty(), "nobody posts in hours that are computed");
    assert_eq!(feed(&weekly(80, &picture)), rss);
}

#[test]
fn a_short_history_says_nothing_and_the_author_hears_of_it() {
    let picture = Picture::new("feed-short-history");
    let mut site = weekly(9, &picture);
    let rss = feed(&site);
    assert!(!rss.contains("<ttl>") && !rss.contains("<skipHours>") && !rss.contains("<skipDays>"), "{rss}");
    let problems = outputs(&site).1;
    let messages: Vec<&str> = problems.iter().map(|problem| &*problem.message).collect();
    let expected = [
        "`ttl` is to be computed from 10 posts of the last five years, and there are 9",
        "`skip_hours` is to be computed from 75 posts with a time of day of the last five years, and there are 9",
        "`skip_days` is to be computed from 50 posts of the last five years, and there are 9",
    ];
    assert_eq!(messages, expected);
    assert!(problems.iter().all(|problem| problem.code == "feed-history"));
    site.config.feed.formats = vec![FeedFormat::Atom];
    assert!(outputs(&site).1.is_empty(), "only RSS says such things");
}
