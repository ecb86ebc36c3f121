//! Links that leave the site, against servers of the tests' own.

use std::path::Path;
use std::sync::{Arc, Barrier};

use serde_json::Value;
use tempfile::TempDir;

use crate::server::{Server, page, status, usual};
use crate::{hold, run, sites};

/// In golden files, in place of a server's port: as wide as one is.
const PORT: &str = "NNNNN";

/// A site with one post.
fn site(text: &str) -> TempDir {
    sites::folder(&format!("--- content/posts/2026-01-02-a.md\n+++\ntitle = \"A\"\n+++\n{text}\n"))
}

/// The codes and messages of what is wrong, without the server's address.
fn problems(folder: &Path, server: &Server, arguments: &[&str], code: i32) -> Vec<String> {
    let (json, _) = run(folder, &[&["check", "--external", "--json"], arguments].concat(), code);
    let json: Value = serde_json::from_str(&json).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let told = json.as_array().expect("a list").iter();
    told.map(|one| format!("{}: {}", text(&one["code"]), text(&one["message"])).replace(&server.url(""), "")).collect()
}

#[test]
fn each_answer_is_told_where_its_link_stands() {
    let server = usual();
    let port = server.address.port().to_string();
    for name in ["dead-link.txt", "unanswered-link.txt", "moved-link.txt", "lost-place.txt"] {
        hold(name, |site| {
            let folder = sites::folder(&site.replace(PORT, &port));
            let code = i32::from(site.contains("(errors)"));
            run(folder.path(), &["check", "--external"], code).1.replace(&port, PORT)
        });
    }
}

#[test]
fn an_address_is_asked_for_once_by_its_head_if_that_will_do() {
    let server = usual();
    let [there, no_head, place] = ["/there", "/no-head", "/place#here"].map(|path| server.url(path));
    let folder =
        site(&format!("[a]({there}) [b]({there}#:~:text=x) ![c]({there}) <img src='{no_head}' alt=''> [d]({place})"));
    let (said, complaints) = run(folder.path(), &["check", "--external"], 0);
    assert!(said.trim_end().ends_with("3 links elsewhere (3 asked)") && complaints.is_empty(), "{said}{complaints}");
    let requests = server.requests();
    assert!(requests.iter().all(|request| request.agent.starts_with("genblog/")), "{requests:?}");
    let mut lines: Vec<String> = requests.into_iter().map(|request| request.line).collect();
    lines.sort();
    assert_eq!(lines, ["GET /no-head", "GET /place", "HEAD /no-head", "HEAD /there"]);
}

#[test]
fn who_wants_to_be_left_alone_for_long_is_asked_nothing_more() {
    let server = Server::new(|_| {
        Some("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 3600\r\nContent-Length: 0\r\n\r\n".to_owned())
    });
    let links: Vec<String> = (0..20).map(|number| format!("[a]({})", server.url(&format!("/{number}")))).collect();
    let told = problems(site(&links.join("\n")).path(), &server, &[], 0);
    assert_eq!(told.len(), 20, "{told:?}");
    assert!(told.iter().all(|one| one.starts_with("unanswered-link: ")), "{told:?}");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn nobody_is_asked_unless_that_is_wanted() {
    let server = usual();
    let folder = site(&format!("[a]({}) [b](mailto:a@example.org)", server.url("/gone")));
    run(folder.path(), &["check"], 0);
    run(folder.path(), &["build"], 0);
    assert_eq!(server.lines(), Vec::<String>::new());
    let skip = format!("base_url = 'https://example.org/'\ntitle = 'T'\n[check]\nskip = ['{}']\n", server.url("/go"));
    std::fs::write(folder.path().join("genblog.toml"), skip).expect("writable");
    run(folder.path(), &["check", "--external"], 0);
    assert_eq!(server.lines(), Vec::<String>::new());
    run(folder.path(), &["check", "--timeout", "5"], 2);
}

#[test]
fn what_is_on_the_site_is_not_asked_for() {
    let server = usual();
    let folder = sites::folder(&format!(
        "--- genblog.toml\nbase_url = '{0}'\ntitle = 'T'\nnavigation = [{{ name = 'A', link = '{0}posts/a/' }}]\n\
         --- content/posts/2026-01-02-a.md\n+++\ntitle = 'A'\n+++\n[a]({0}posts/a) [b]({0}feed.xml) [c]({0}posts/b/)\n",
        server.url("/blog/")
    ));
    let told = problems(folder.path(), &server, &[], 1);
    assert_eq!(told, ["dead-link: `/blog/posts/b/` leads nowhere: the server answers 404 Not Found"]);
    assert_eq!(server.lines(), ["HEAD /blog/posts/b/", "GET /blog/posts/b/"]);
}

#[test]
fn good_answers_are_remembered_for_a_week_and_others_are_not() {
    let server = usual();
    let folder = site(&format!("[a]({}) [b]({})", server.url("/there"), server.url("/withdrawn")));
    let asked = |clock: &str| {
        run(folder.path(), &["check", "--external", "--clock", clock], 1);
        let mut lines = server.lines();
        lines.sort();
        lines
    };
    let bad = ["GET /withdrawn", "HEAD /withdrawn"];
    let all = ["GET /withdrawn", "HEAD /there", "HEAD /withdrawn"];
    assert_eq!(asked("2026-12-01T00:00:00Z"), all);
    assert_eq!(asked("2026-12-07T23:59:59Z"), bad);
    assert_eq!(asked("2026-12-08T00:00:00Z"), all);
    assert_eq!(asked("2026-12-01T00:00:00Z"), all, "an answer of the future is none");
    let file = folder.path().join(".genblog/links");
    std::fs::write(&file, "damaged").expect("writable");
    assert_eq!(asked("2026-12-01T00:00:00Z"), all);
    run(folder.path(), &["clean"], 0);
    assert!(!file.exists());
}

#[test]
fn a_server_that_is_busy_broken_or_no_server_is_a_warning() {
    let unknown =
        |path: &str, why: &str| vec![format!("unanswered-link: whether `{path}` is there is not known: {why}")];
    for (path, code, expected) in [
        ("/busy", 0, vec![]),
        ("/busy-for-long", 0, unknown("/busy-for-long", "the server answers 429 Too Many Requests")),
        ("/broken", 0, unknown("/broken", "the server answers 500 Internal Server Error")),
        ("/forbidden", 0, unknown("/forbidden", "the server answers 403 Forbidden")),
        ("/no-http", 0, unknown("/no-http", "the server does not speak HTTP as it should")),
        ("/circle", 1, vec!["dead-link: `/circle` leads nowhere: servers lead on more than 10 times".to_owned()]),
    ] {
        let server = usual();
        let folder = site(&format!("[x]({})", server.url(path)));
        assert_eq!(problems(folder.path(), &server, &[], code), expected);
    }
    let silent = Server::new(|_| None);
    let folder = site(&format!("[x]({})", silent.url("/")));
    let told = problems(folder.path(), &silent, &["--timeout", "1"], 0);
    let expected = "unanswered-link: whether `/` is there is not known: the server took too long to answer";
    assert_eq!(told, [expected]);
}

/// Where no resolver can be asked, nobody knows whether there is such a host.
#[test]
fn a_host_that_nobody_has_is_told() {
    let folder = site("[x](http://nobody.invalid/x)");
    let output = crate::genblog(folder.path(), &["check", "--external", "--json"]);
    let said = String::from_utf8(output.stdout).expect("text");
    if output.status.code() == Some(1) {
        assert!(said.contains("leads nowhere: there is no host `nobody.invalid`"), "{said}");
    } else {
        assert!(said.contains("unanswered-link"), "{said}");
    }
}

#[test]
fn redirects_for_good_are_followed_and_told() {
    let server = usual();
    let links = ["/moved-twice#here", "/elsewhere", "/large#x"].map(|path| format!("[x]({}) ", server.url(path)));
    let folder = site(&links.concat());
    let told = problems(folder.path(), &server, &[], 0);
    assert_eq!(told, ["moved-link: `/moved-twice#here` has moved for good"]);
    // What is remembered says the same.
    server.lines();
    assert_eq!(problems(folder.path(), &server, &[], 0), told);
    assert_eq!(server.lines(), Vec::<String>::new());
}

/// Each of these servers answers when all have been asked.
#[test]
fn several_servers_are_asked_at_a_time() {
    let all = Arc::new(Barrier::new(4));
    let servers: Vec<Server> = (0..4)
        .map(|_| {
            let all = Arc::clone(&all);
            Server::new(move |_| {
                all.wait();
                page("")
            })
        })
        .collect();
    let links: String = servers.iter().map(|server| format!("[x]({}) ", server.url("/"))).collect();
    run(site(&links).path(), &["check", "--external"], 0);
}

#[test]
fn one_server_is_asked_one_thing_at_a_time() {
    let guests = Arc::new(std::sync::Mutex::new(()));
    let server = Server::new(move |_| match guests.try_lock() {
        Ok(_alone) => {
            std::thread::sleep(std::time::Duration::from_millis(20));
            page("")
        }
        Err(_) => status("404 Not Found", ""),
    });
    let links: String = (0..4).map(|number| format!("[x]({}) ", server.url(&format!("/{number}")))).collect();
    run(site(&links).path(), &["check", "--external"], 0);
}

#[test]
fn links_of_posts_people_and_the_header_are_looked_at_too() {
    let server = usual();
    let folder = sites::folder(&format!(
        "--- genblog.toml\nbase_url = 'https://example.org/'\ntitle = 'T'\nauthor = {{ name = 'A', url = '{0}/1' }}\n\
         navigation = [{{ name = 'B', link = '{0}/2' }}]\n\
         --- content/posts/2026-01-02-a.md\n+++\ntitle = 'A'\nlink = '{0}/3'\n\
         enclosure = {{ url = '{0}/4.mp3', length = 1 }}\n+++\nText.[^1]\n\n[^1]: A [note]({0}/5).\n",
        server.url("")
    ));
    let told = problems(folder.path(), &server, &[], 1);
    let paths: Vec<&str> = told.iter().filter_map(|told| told.split('`').nth(1)).collect();
    assert_eq!(paths, ["/3", "/4.mp3", "/5", "/1", "/2"]);
}
