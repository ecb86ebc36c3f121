//! `genblog serve`: the site in memory, on a port of this machine, built anew after every edit.
//!
//! ```text
//! watcher ── paths ──> builder thread ── Shown ──> watch channel ──> answers, and an event to every open page
//! ```

use std::convert::Infallible;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, IF_NONE_MATCH, IF_RANGE, ORIGIN, RANGE};
use axum::http::{HeaderMap, HeaderName, Response};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use chrono::{DateTime, Utc};
use futures_util::stream;
use tokio::sync::watch;

use crate::files::config;
use crate::files::output::Failure;
use crate::running::http::{Asked, Reply, answer};
use crate::running::pipeline::Inputs;
use crate::running::report::{self, Form, Outcome};
use crate::running::shown::{Last, Shown};
use crate::running::watcher::{Edit, Watcher};
use crate::words::diagnostic::Diagnostic;

/// How Rust programs end after a panic.
const PANICKED: i32 = 101;

/// What `serve` takes besides the inputs.
#[derive(Debug, Clone)]
pub struct Serve {
    /// The site and what to take of it.
    pub inputs: Inputs,
    /// The address to listen at.
    pub bind: IpAddr,
    /// The port to listen at; 0 finds a free one.
    pub port: u16,
    /// Show the site in the browser.
    pub open: bool,
    /// The clock that posts come and go by; without one time stands still at the moment of the inputs.
    pub clock: Option<fn() -> DateTime<Utc>>,
}

impl Serve {
    /// The inputs of a build that begins now.
    fn inputs(&self) -> Inputs {
        let mut inputs = self.inputs.clone();
        if let Some(clock) = self.clock {
            inputs.choice.now = clock();
        }
        inputs
    }

    /// How long it is until posts come or go by themselves.
    fn until_due(&self, shown: &Shown) -> Option<Duration> {
        let (now, due) = (self.clock?(), shown.due?);
        // A moment that has passed already is met at once.
        Some((due - now).to_std().unwrap_or_default())
    }
}

/// What answers need.
#[derive(Clone)]
struct Server {
    shown: watch::Receiver<Arc<Shown>>,
    ended: watch::Receiver<bool>,
}

/// Serves the site until the process is asked to end.
pub fn serve(serve: &Serve) -> io::Result<Outcome> {
    let (config, problems) = config::read(&serve.inputs.root, serve.inputs.config.as_deref(), &serve.inputs.overrides);
    if config.is_none() {
        return report::failure(&Failure::Site(problems), Form::Text);
    }
    let listener = match TcpListener::bind((serve.bind, serve.port)) {
        Ok(listener) => listener,
        Err(error) => return report::failure(&cannot_listen(serve, &error), Form::Text),
    };
    let origin = origin(listener.local_addr()?);
    // What is edited during the first build is built after it.
    let watcher = match Watcher::new(&serve.inputs) {
        Ok(watcher) => watcher,
        Err(problem) => return report::failure(&Failure::Machine(problem), Form::Text),
    };
    let (sender, shown) = watch::channel(Arc::new(Shown::default()));
    let mut last = Last::default();
    rebuild(serve, &origin, &Edit::Any, &mut last, &sender)?;

    let (site, address) = (serve.clone(), origin.clone());
    // Ends with the process: a build in memory has nothing to lose.
    thread::spawn(move || {
        let followed = panic::catch_unwind(AssertUnwindSafe(|| follow(watcher, &site, &address, last, &sender)));
        if followed.is_err() {
            // The panic has said why. To go on would be to show an old site for ever.
            process::exit(PANICKED);
        }
    });

    let base_path = shown.borrow().files.as_ref().map_or_else(|| "/".to_owned(), |files| files.base_path.clone());
    report::line(&format!("serving at {origin}{base_path} (Ctrl-C ends)"))?;
    if serve.open {
        open_browser(&format!("{origin}{base_path}"));
    }
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(listen(listener, shown))?;
    Ok(Outcome::Fine)
}

/// Builds, tells what is wrong, and shows the result.
fn rebuild(
    serve: &Serve,
    origin: &str,
    edit: &Edit,
    last: &mut Last,
    sender: &watch::Sender<Arc<Shown>>,
) -> io::Result<()> {
    let before = Arc::clone(&sender.borrow());
    let inputs = serve.inputs();
    let amended = match edit {
        Edit::Of(files) => before.amended(&inputs, files, last),
        Edit::Any => None,
    };
    let (next, problems) = amended.unwrap_or_else(|| before.next(&inputs, origin, last));
    let next = Arc::new(next);
    // Pages first: whoever waits looks at one.
    sender.send_if_modified(|shown| {
        *shown = Arc::clone(&next);
        next.number != before.number
    });
    if !problems.is_empty() {
        report::diagnostics(&problems, Form::Text)?;
    }
    Ok(())
}

/// Builds after every edit, and whenever posts come or go by themselves.
fn follow(mut watcher: Watcher, serve: &Serve, origin: &str, mut last: Last, sender: &watch::Sender<Arc<Shown>>) -> ! {
    loop {
        let edit = watcher.wait(|| serve.until_due(&sender.borrow()));
        let before = sender.borrow().number.clone();
        // When the terminal is gone there is nobody to be told; the pages still follow.
        let _ = rebuild(serve, origin, &edit, &mut last, sender).and_then(|()| {
            let changed = sender.borrow().number != before && sender.borrow().problems.is_empty();
            if changed { report::line("built again") } else { Ok(()) }
        });
    }
}

async fn listen(listener: TcpListener, shown: watch::Receiver<Arc<Shown>>) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let (end, ended) = watch::channel(false);
    let router = Router::new().fallback(respond).with_state(Server { shown, ended });
    axum::serve(listener, router)
        .with_graceful_shutdown(async move {
            asked_to_end().await;
            // Open event streams would keep the server alive for ever.
            end.send_replace(true);
        })
        .await
}

/// Ctrl-C, or the signal that service managers send.
async fn asked_to_end() {
    let interrupted = tokio::signal::ctrl_c();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = interrupted => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    // Without a handler the signal ends the process at once, which is as good.
    let _ = interrupted.await;
}

async fn respond(State(server): State<Server>, request: Request) -> Response<Body> {
    let shown = Arc::clone(&server.shown.borrow());
    let header = |name: HeaderName| text_of(request.headers(), &name);
    let asked = Asked {
        method: request.method().as_str(),
        host: header(HOST),
        path: request.uri().path(),
        origin: header(ORIGIN),
        if_none_match: header(IF_NONE_MATCH),
        range: header(RANGE),
        if_range: header(IF_RANGE),
    };
    let answer = match answer(&shown, asked) {
        Reply::Once(answer) => answer,
        Reply::Events => return events(server).into_response(),
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("statuses and headers are sound")
}

fn text_of<'r>(headers: &'r HeaderMap, name: &HeaderName) -> Option<&'r str> {
    headers.get(name)?.to_str().ok()
}

/// What is shown: its number at once, and after every change also what has changed.
fn events(server: Server) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
    let Server { mut shown, ended } = server;
    shown.mark_changed();
    let stream = stream::unfold((shown, ended, true), |(mut shown, mut ended, greeting)| async move {
        tokio::select! {
            changed = shown.changed() => changed.ok()?,
            _ = ended.wait_for(|ended| *ended) => return None,
        }
        let told = shown.borrow_and_update().told(greeting);
        Some((Ok(Event::default().event("site").data(told)), (shown, ended, false)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// The address that links to the site start with.
fn origin(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

fn cannot_listen(serve: &Serve, error: &io::Error) -> Failure {
    let address = SocketAddr::new(serve.bind, serve.port);
    let (message, help) = match error.kind() {
        io::ErrorKind::AddrInUse => (
            format!("something else listens at {address}"),
            "stop it, or choose another port: `--port 0` finds a free one",
        ),
        _ => (format!("it is not possible to listen at {address}: {error}"), "choose another `--bind` or `--port`"),
    };
    Failure::Machine(Box::new(Diagnostic::error("port", message).in_path(address.to_string()).help(help)))
}

fn open_browser(url: &str) {
    let program = if cfg!(target_os = "macos") {
        "open"
    } else if cfg!(windows) {
        "explorer"
    } else {
        "xdg-open"
    };
    // The address is on the terminal for those who have no such program.
    let _ = Command::new(program).arg(url).spawn();
}

/// The root as the watcher names it in its events.
#[must_use]
pub fn canonical(root: &Path) -> PathBuf {
    root.canonicalize().unwrap_or_else(|_| root.to_owned())
}
