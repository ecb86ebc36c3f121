//! A real browser, and a site in it.
//!
//! A test has a browser to itself, and gives it back for the next one when it is through: with a new tab and without anything
//! that the test left behind. A test that fails takes its browser along. Ports are those that the system chooses, and whatever
//! was started ends with the test program, however that ends.

use std::cmp::Ordering;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use fantoccini::actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction};
use fantoccini::error::CmdError;
use fantoccini::wd::{WebDriverCompatibleCommand, WindowHandle};
use fantoccini::{Client, ClientBuilder, Locator};
use http::Method;
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tokio::runtime::Handle;
use url::{ParseError, Url};

use crate::host::{Habit, host, own_site};

/// Longer than anything takes on a busy machine; only a failure waits that long.
const PATIENCE: Duration = Duration::from_secs(60);

/// How Chromium is started, here and by Lighthouse: it shows no window and asks the network for nothing of its own.
const FLAGS: &str = include_str!("../tools/chromium.json");

/// The key as WebDriver names it.
const SHIFT: char = '\u{e008}';

/// The article with both figures.
pub(crate) const ARTICLE: &str = "posts/transmit-flow-control/";

/// Runs a program until the other end of its input is closed, which the system does when the test program is gone. Where a
/// folder is named, whatever was started with it ends too, since a browser outlives its driver. A key that ends the test program
/// reaches the shell as well, which has work to do then.
const WATCHED: &str = "trap '' INT TERM HUP
  folder=$1; shift
  \"$@\" &
  cat >/dev/null
  kill -KILL $!
  if [ -n \"$folder\" ]; then pkill -KILL -f \"user-data-dir=$folder\"; rm -rf \"$folder\"; fi";

/// A program that ends with its owner.
struct Process(Child);

impl Process {
    /// Starts a program and waits for the line that says where it listens; `find` takes the address out of it. `None` when it ends
    /// before. The folder, if there is one, goes with the program.
    fn listening(
        program: &[&OsStr],
        folder: Option<&Path>,
        find: fn(&str) -> Option<String>,
    ) -> Option<(Self, String)> {
        let mut child = Command::new("sh")
            .args(["-c", WATCHED, "sh"])
            .arg(folder.unwrap_or(Path::new("")))
            .args(program)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell runs");
        let mut out = BufReader::new(child.stdout.take().expect("a pipe"));
        let process = Self(child);
        let mut line = String::new();
        let address = loop {
            line.clear();
            if out.read_line(&mut line).expect("text") == 0 {
                return None;
            }
            if let Some(address) = find(&line) {
                break address;
            }
        };
        // Somebody reads on, so that the program can go on talking.
        std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
        Some((process, address))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ = self.0.wait();
    }
}

/// A command of Chromium's own protocol (`/goog/cdp/execute`).
#[derive(Debug)]
struct Devtools {
    command: &'static str,
    parameters: Value,
}

impl WebDriverCompatibleCommand for Devtools {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!("session/{}/goog/cdp/execute", session.unwrap_or_default()))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        let body = json!({ "cmd": self.command, "params": self.parameters });
        (Method::POST, Some(body.to_string()))
    }
}

/// A browser and its driver.
struct Chromium {
    client: Client,
    _driver: Process,
}

/// Browsers that a test has given back.
static IDLE: Mutex<Vec<Chromium>> = Mutex::new(Vec::new());

/// A browser that shows a site.
pub(crate) struct Browser {
    chromium: Chromium,
    site: String,
    _server: Option<Process>,
}

/// Runs a test with this repository's own site in a browser with a window of so many CSS pixels.
pub(crate) fn in_browser(width: u32, height: u32, test: impl AsyncFnOnce(&Browser)) {
    in_browser_at(host(own_site(), Habit::Proper), width, height, test);
}

/// The same with any site, served by `genblog serve`.
pub(crate) fn in_browser_with(root: &Path, width: u32, height: u32, test: impl AsyncFnOnce(&Browser)) {
    let serve = [env!("CARGO_BIN_EXE_genblog"), "serve", "--port", "0", "--root"].map(OsStr::new);
    let serve: Vec<&OsStr> = serve.into_iter().chain([root.as_os_str()]).collect();
    let (server, site) = Process::listening(&serve, None, |line| {
        let address = line.split_whitespace().find(|word| word.starts_with("http://"))?;
        Some(address.trim_end_matches('/').to_owned())
    })
    .expect("genblog serves the site");
    run(site, Some(server), (width, height), test);
}

/// The same with the site at an address that somebody else serves.
pub(crate) fn in_browser_at(site: String, width: u32, height: u32, test: impl AsyncFnOnce(&Browser)) {
    run(site, None, (width, height), test);
}

fn run(site: String, server: Option<Process>, (width, height): (u32, u32), test: impl AsyncFnOnce(&Browser)) {
    conversations().block_on(async {
        let idle = IDLE.lock().expect("nobody fails while holding it").pop();
        let chromium = match idle {
            Some(chromium) => chromium,
            None => Chromium::start().await,
        };
        let browser = Browser { chromium, site, _server: server };
        browser.window(width, height).await;
        // Events of the focus are told to the tab in front only.
        browser.until("the tab is in front", "return document.hasFocus()").await;
        test(&browser).await;
        let Browser { chromium, .. } = browser;
        chromium.forget().await;
        IDLE.lock().expect("nobody fails while holding it").push(chromium);
    });
}

/// What talks to drivers. It belongs to no test, since a conversation goes on with the next one; and no test keeps others from
/// talking while it computes.
fn conversations() -> &'static Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    HANDLE.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let handle = runtime.handle().clone();
        std::thread::spawn(move || runtime.block_on(std::future::pending::<()>()));
        handle
    })
}

impl Chromium {
    async fn start() -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile").keep();
        // The driver looks for a port that is free, and ends when somebody else has taken it meanwhile.
        let start = |_| {
            let driver = ["chromedriver", "--port=0"].map(OsStr::new);
            Process::listening(&driver, Some(&profile), |line| {
                let (_, rest) = line.split_once("started successfully on port ")?;
                Some(rest.trim_end().trim_end_matches('.').to_owned())
            })
        };
        let (driver, port) =
            (0..20).find_map(start).expect("chromedriver listens: `make setup` installs what the tests need");
        Self { client: session(&port, &profile).await, _driver: driver }
    }

    /// Gives Chromium a command of its own protocol.
    async fn devtools(&self, command: &'static str, parameters: Value) -> Value {
        self.client.issue_cmd(Devtools { command, parameters }).await.expect("Chromium knows the command")
    }

    /// Goes on in a tab in which nothing has happened, and forgets everything else: what tests asked for goes with their tabs, what
    /// sites left with their origins.
    async fn forget(&self) {
        let fresh = self.client.new_window(true).await.expect("a tab opens").handle;
        for tab in self.client.windows().await.expect("there are tabs").into_iter().filter(|tab| *tab != fresh) {
            self.client.switch_to_window(tab).await.expect("the tab is there");
            self.client.close_window().await.expect("the tab closes");
        }
        self.client.switch_to_window(fresh).await.expect("the tab is there");
        self.devtools("Page.bringToFront", json!({})).await;
        self.devtools("Network.clearBrowserCache", json!({})).await;
        self.devtools("Network.clearBrowserCookies", json!({})).await;
        self.devtools("Storage.clearDataForOrigin", json!({ "origin": "*", "storageTypes": "all" })).await;
        self.devtools("Browser.resetPermissions", json!({})).await;
    }
}

async fn session(port: &str, profile: &Path) -> Client {
    let mut arguments: Vec<String> = serde_json::from_str(FLAGS).expect("a list");
    arguments.push(format!("--user-data-dir={}", profile.display()));
    let capabilities =
        json!({ "goog:chromeOptions": { "args": arguments }, "timeouts": { "script": 60_000, "pageLoad": 60_000 } });
    let capabilities = capabilities.as_object().expect("an object").clone();
    ClientBuilder::new(HttpConnector::new())
        .capabilities(capabilities)
        .connect(&format!("http://127.0.0.1:{port}"))
        .await
        .expect("the driver starts a browser")
}

impl Browser {
    /// Makes the page so many CSS pixels large, smaller than a window can be if need be.
    pub(crate) async fn window(&self, width: u32, height: u32) {
        let mobile = width < 500;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile });
        self.devtools("Emulation.setDeviceMetricsOverride", metrics).await;
    }

    /// A media feature from here on, such as `prefers-color-scheme`.
    pub(crate) async fn prefers(&self, name: &str, value: &str) {
        self.prefer(&[(name, value)]).await;
    }

    /// Several media features from here on, and no other.
    pub(crate) async fn prefer(&self, features: &[(&str, &str)]) {
        let features: Vec<Value> =
            features.iter().map(|(name, value)| json!({ "name": name, "value": value })).collect();
        self.devtools("Emulation.setEmulatedMedia", json!({ "features": features })).await;
    }

    /// Shows pages as they are printed, or no longer.
    pub(crate) async fn on_paper(&self, paper: bool) {
        self.devtools("Emulation.setEmulatedMedia", json!({ "media": if paper { "print" } else { "" } })).await;
    }

    /// Runs no script of any page from here on.
    pub(crate) async fn without_scripts(&self) {
        self.devtools("Emulation.setScriptExecutionDisabled", json!({ "value": true })).await;
    }

    /// Fetches nothing that looks like this from here on.
    pub(crate) async fn block(&self, pattern: &str) {
        self.devtools("Network.enable", json!({})).await;
        self.devtools("Network.setBlockedURLs", json!({ "urls": [pattern] })).await;
    }

    /// Gives Chromium a command of its own protocol.
    pub(crate) async fn devtools(&self, command: &'static str, parameters: Value) {
        self.chromium.devtools(command, parameters).await;
    }

    /// Goes to a page of the site.
    pub(crate) async fn visit(&self, path: &str) {
        self.chromium.client.goto(&format!("{}/{path}", self.site)).await.expect("the page loads");
        let status = self.run("return performance.getEntriesByType('navigation')[0].responseStatus", &[]).await;
        assert_eq!(status, json!(200), "{path}");
    }

    /// Goes one entry of the history back.
    pub(crate) async fn back(&self) {
        self.chromium.client.back().await.expect("there is an entry before");
    }

    /// Goes one entry of the history on.
    pub(crate) async fn forward(&self) {
        self.chromium.client.forward().await.expect("there may be an entry after");
    }

    /// Loads the present page anew.
    pub(crate) async fn reload(&self) {
        self.chromium.client.refresh().await.expect("the page loads");
    }

    /// Opens another tab and goes on there.
    pub(crate) async fn new_tab(&self) {
        let tab = self.chromium.client.new_window(true).await.expect("a tab opens");
        self.chromium.client.switch_to_window(tab.handle).await.expect("the tab is there");
    }

    /// The tab that this is.
    pub(crate) async fn tab(&self) -> WindowHandle {
        self.chromium.client.window().await.expect("a tab")
    }

    /// Goes on in a tab.
    pub(crate) async fn go_on_in(&self, tab: &WindowHandle) {
        self.chromium.client.switch_to_window(tab.clone()).await.expect("the tab is there");
    }

    /// Where the site is, without a slash at the end.
    pub(crate) fn site(&self) -> String {
        self.site.clone()
    }

    /// Goes on in a frame of the present page, which this tag makes.
    pub(crate) async fn frame(&self, tag: &str) {
        self.run("document.body.innerHTML = a[0]", &[json!(tag)]).await;
        self.chromium.client.enter_frame(0).await.expect("the page has a frame");
        self.until(
            "the frame is loaded",
            "return document.readyState === 'complete' && document.URL !== 'about:blank'",
        )
        .await;
    }

    /// Goes to any address.
    pub(crate) async fn go(&self, address: &str) {
        self.chromium.client.goto(address).await.expect("the page loads");
    }

    /// Goes to a page of the site, as if from nowhere: also when only the fragment differs.
    pub(crate) async fn visit_afresh(&self, path: &str) {
        // An empty page of nobody's would begin another process, and so would the page after it.
        self.go(&format!("{}/robots.txt", self.site)).await;
        self.visit(path).await;
    }

    /// What a function body returns in the page; a promise is waited for.
    pub(crate) async fn run(&self, body: &str, arguments: &[Value]) -> Value {
        let answer = self.answer(body, arguments).await.expect("the script runs");
        assert!(answer.get("no").is_none(), "{}: {body}", answer["no"]);
        answer["ok"].clone()
    }

    async fn answer(&self, body: &str, arguments: &[Value]) -> Result<Value, CmdError> {
        let script = format!(
            "const a = [...arguments], done = a.pop(), run = async () => {{ {body} }}; \
             run().then((ok) => done({{ ok: ok ?? null }}), (no) => done({{ no: String(no) }}));"
        );
        self.chromium.client.execute_async(&script, arguments.to_vec()).await
    }

    /// Waits until a function body returns true. Meanwhile the page may be loaded anew, and its scripts end early.
    pub(crate) async fn until(&self, what: &str, body: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.answer(body, &[]).await;
            if matches!(&answer, Ok(answer) if answer["ok"] == json!(true)) {
                return;
            }
            assert!(Instant::now() < deadline, "never: {what}: {answer:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Clicks what a selector finds, as a person would: nothing may lie over it.
    pub(crate) async fn click(&self, selector: &str) {
        // A page that still scrolls by itself would move it away from under the pointer.
        let bring = "const it = document.querySelector(a[0]);
                     const place = () => it.getClientRects()[0];
                     const frame = () => new Promise((next) => requestAnimationFrame(() => next(place().y)));
                     let before;
                     do {
                       it.scrollIntoView({ block: 'center', behavior: 'instant' });
                       before = await frame();
                     } while (before !== await frame());
                     const { x, y, width, height } = place();
                     const middle = [x + width / 2, y + height / 2];
                     const hit = document.elementFromPoint(...middle);
                     if (!it.contains(hit)) throw new Error(`${hit?.outerHTML.slice(0, 80)} lies over it`);
                     return window === top ? middle : null";
        let middle = self.run(bring, &[json!(selector)]).await;
        let (Some(x), Some(y)) = (middle[0].as_f64(), middle[1].as_f64()) else {
            // Within a frame only the driver knows where that is.
            let element = self.chromium.client.find(Locator::Css(selector)).await.expect(selector);
            return element.click().await.expect(selector);
        };
        let to = PointerAction::MoveTo { duration: None, x, y };
        let press = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
        let release = PointerAction::Up { button: MOUSE_BUTTON_LEFT };
        let click = MouseActions::new("mouse".to_owned()).then(to).then(press).then(release);
        self.chromium.client.perform_actions(click).await.expect(selector);
    }

    /// Drags what a selector finds so many pixels to the right.
    pub(crate) async fn drag(&self, selector: &str, by: f64) {
        let place = "const { x, y, width, height } = document.querySelector(a[0]).getBoundingClientRect();
                     return [x + width / 2, y + height / 2]";
        let place = self.run(place, &[json!(selector)]).await;
        let coordinate = |index: usize| place[index].as_f64().expect("a coordinate");
        // By the window's own measure: what is dragged may change its width.
        let to = |by: f64| PointerAction::MoveTo { duration: None, x: coordinate(0) + by, y: coordinate(1) };
        let press = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
        let drag = MouseActions::new("mouse".to_owned()).then(to(0.0)).then(press).then(to(by / 2.0)).then(to(by));
        let drag = drag.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.chromium.client.perform_actions(drag).await.expect("the pointer moves");
    }

    /// Drags what a selector finds onto what another one finds; both must fit into the window.
    pub(crate) async fn drag_to(&self, from: &str, to: &str) {
        let [from, to] = self.middles(from, to).await;
        let at = |(x, y): (f64, f64)| PointerAction::MoveTo { duration: None, x, y };
        let half = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        let press = PointerAction::Down { button: MOUSE_BUTTON_LEFT };
        let drag = MouseActions::new("mouse".to_owned()).then(at(from)).then(press).then(at(half)).then(at(to));
        let drag = drag.then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
        self.chromium.client.perform_actions(drag).await.expect("the pointer moves");
    }

    /// Puts a finger on what a selector finds, moves it to what another one finds, and lifts it.
    pub(crate) async fn touch(&self, from: &str, to: &str) {
        let [from, to] = self.middles(from, to).await;
        let half = ((from.0 + to.0) / 2.0, (from.1 + to.1) / 2.0);
        self.fingers(&[Some(from), Some(half), Some(to), None]).await;
    }

    /// Taps what a selector finds. On a busy machine a finger that should tap seems to rest, and is no press; then it taps again.
    pub(crate) async fn tap(&self, selector: &str) {
        let [place, _] = self.middles(selector, selector).await;
        for _ in 0..10 {
            let listen = "window.pressed = new Promise((next) => {
                            addEventListener('click', () => next(true), { once: true, capture: true });
                            setTimeout(() => next(false), 2000);
                          })";
            self.run(listen, &[]).await;
            self.fingers(&[Some(place), None]).await;
            if self.run("return await window.pressed", &[]).await == json!(true) {
                return;
            }
        }
        panic!("no tap on {selector} is a press");
    }

    /// Where a finger is, one place after the other; nowhere once it is lifted.
    async fn fingers(&self, places: &[Option<(f64, f64)>]) {
        let hands: Vec<Vec<(f64, f64)>> = places.iter().map(|place| place.iter().copied().collect()).collect();
        self.hands(&hands.iter().map(Vec::as_slice).collect::<Vec<_>>()).await;
    }

    /// Where all fingers are, one moment after the other, in CSS pixels of the window; none is down before.
    pub(crate) async fn hands(&self, moments: &[&[(f64, f64)]]) {
        let mut down = 0;
        for places in moments {
            let kind = match places.len().cmp(&down) {
                Ordering::Greater => "touchStart",
                Ordering::Equal => "touchMove",
                Ordering::Less => "touchEnd",
            };
            down = places.len();
            let point = |(id, (x, y)): (usize, &(f64, f64))| json!({ "x": x, "y": y, "id": id });
            let points: Vec<Value> = places.iter().enumerate().map(point).collect();
            self.devtools("Input.dispatchTouchEvent", json!({ "type": kind, "touchPoints": points })).await;
        }
    }

    /// Where two things are seen, once they are brought into the window.
    async fn middles(&self, from: &str, to: &str) -> [(f64, f64); 2] {
        let bring = "const both = a.map((selector) => document.querySelector(selector));
                     both[0].scrollIntoView({ block: 'center', behavior: 'instant' });
                     await new Promise((next) => requestAnimationFrame(() => requestAnimationFrame(next)));
                     return both.flatMap((one) => {
                       const { x, y, width, height } = one.getBoundingClientRect();
                       return [x + width / 2, y + height / 2];
                     })";
        let places = self.run(bring, &[json!(from), json!(to)]).await;
        let number = |index: usize| places[index].as_f64().expect("a coordinate");
        [(number(0), number(1)), (number(2), number(3))]
    }

    /// Types into whatever has the focus; Shift, if it is among the keys, is held all the while.
    pub(crate) async fn press(&self, keys: &str) {
        let shift = |action| keys.contains(SHIFT).then_some(action);
        let strike = |key| [KeyAction::Down { value: key }, KeyAction::Up { value: key }];
        let struck = keys.chars().filter(|&key| key != SHIFT).flat_map(strike);
        let actions = shift(KeyAction::Down { value: SHIFT }).into_iter().chain(struck);
        let actions = actions.chain(shift(KeyAction::Up { value: SHIFT }));
        let typing = actions.fold(KeyActions::new("keys".to_owned()), KeyActions::then);
        self.chromium.client.perform_actions(typing).await.expect("keys arrive");
    }

    /// A picture of the whole page under `target/screenshots/`, to be looked at.
    pub(crate) async fn screenshot(&self, name: &str) {
        let height = self.run("return document.documentElement.scrollHeight", &[]).await.as_u64().unwrap_or(800);
        let width = self.run("return innerWidth", &[]).await.as_u64().unwrap_or(1280);
        self.window(width as u32, height.min(16_000) as u32).await;
        // Larger files that take half the time.
        let picture = self.chromium.devtools("Page.captureScreenshot", json!({ "optimizeForSpeed": true })).await;
        let picture = BASE64_STANDARD.decode(picture["data"].as_str().expect("a picture")).expect("in base 64");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("screenshots");
        std::fs::create_dir_all(&folder).expect("a folder for pictures");
        std::fs::write(folder.join(format!("{name}.png")), picture).expect("written");
    }
}
