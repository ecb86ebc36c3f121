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
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, Response};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream;
use notify_debouncer_full::notify::{EventKind, RecommendedWatcher, RecursiveMode};
use notify_debouncer_full::{DebounceEventResult, Debouncer, RecommendedCache, new_debouncer};
use tokio::sync::watch;

use crate::files::config::{self, CONFIG_FILE};
use crate::files::output::Failure;
use crate::running::http::{Asked, Reply, answer};
use crate::running::pipeline::Inputs;
use crate::running::report::{self, Form, Outcome};
use crate::running::shown::Shown;
use crate::words::diagnostic::Diagnostic;

/// Folders of a site that an edit can happen in.
const FOLDERS: [&str; 3] = ["content", "templates", "static"];

/// How Rust programs end after a panic.
const PANICKED: i32 = 101;

/// Edits that come within this time are one: an editor's save is several events.
const QUIET_TIME: Duration = Duration::from_millis(100);

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
    let (sender, shown) = watch::channel(Arc::new(Shown::default()));
    rebuild(&serve.inputs, &origin, &sender)?;

    let (edits, edited) = mpsc::channel();
    let watcher = match watch_site(&serve.inputs, edits) {
        Ok(watcher) => watcher,
        Err(problem) => return report::failure(&Failure::Machine(problem), Form::Text),
    };
    let (inputs, address) = (serve.inputs.clone(), origin.clone());
    // Ends with the process: a build in memory has nothing to lose.
    thread::spawn(move || {
        let followed = panic::catch_unwind(AssertUnwindSafe(|| follow(watcher, &edited, &inputs, &address, &sender)));
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
fn rebuild(inputs: &Inputs, origin: &str, sender: &watch::Sender<Arc<Shown>>) -> io::Result<()> {
    let before = Arc::clone(&sender.borrow());
    let (next, problems) = before.next(inputs, origin);
    if !problems.is_empty() {
        report::diagnostics(&problems, Form::Text)?;
    }
    if next.number != before.number {
        sender.send_replace(Arc::new(next));
    }
    Ok(())
}

/// Builds after every edit, until nobody tells of edits any more.
fn follow(
    mut watcher: Watcher,
    edited: &mpsc::Receiver<()>,
    inputs: &Inputs,
    origin: &str,
    sender: &watch::Sender<Arc<Shown>>,
) {
    while edited.recv().is_ok() {
        // Edits that came during the last build are in this one.
        while edited.try_recv().is_ok() {}
        watcher.take_in_new_folders();
        let before = sender.borrow().number.clone();
        // When the terminal is gone there is nobody to be told; the pages still follow.
        let _ = rebuild(inputs, origin, sender).and_then(|()| {
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
        if_none_match: header(IF_NONE_MATCH),
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

/// The number of what is shown: at once, and after every change.
fn events(server: Server) -> Sse<impl stream::Stream<Item = Result<Event, Infallible>>> {
    let Server { mut shown, ended } = server;
    shown.mark_changed();
    let stream = stream::unfold((shown, ended), |(mut shown, mut ended)| async move {
        tokio::select! {
            changed = shown.changed() => changed.ok()?,
            _ = ended.wait_for(|ended| *ended) => return None,
        }
        let number = shown.borrow_and_update().number.clone();
        Some((Ok(Event::default().event("site").data(number)), (shown, ended)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}

/// Follows edits in a site's folder.
struct Watcher {
    debouncer: Debouncer<RecommendedWatcher, RecommendedCache>,
    root: PathBuf,
    watched: Vec<PathBuf>,
}

impl Watcher {
    /// Watches those of the site's folders that came to be since the last call.
    fn take_in_new_folders(&mut self) {
        for folder in FOLDERS.map(|folder| self.root.join(folder)) {
            let is_new = !self.watched.contains(&folder) && folder.is_dir();
            if is_new && self.debouncer.watch(&folder, RecursiveMode::Recursive).is_ok() {
                self.watched.push(folder);
            }
        }
    }
}

fn watch_site(inputs: &Inputs, edits: mpsc::Sender<()>) -> Result<Watcher, Box<Diagnostic>> {
    let failed = |error: notify_debouncer_full::notify::Error| {
        let message = format!("edits cannot be followed: {error}");
        Box::new(Diagnostic::error("watch", message).in_path(inputs.root.display().to_string()))
    };
    let config = inputs.config.clone().unwrap_or_else(|| inputs.root.join(CONFIG_FILE));
    let mut interesting: Vec<PathBuf> = FOLDERS.iter().map(|folder| inputs.root.join(folder)).collect();
    interesting.push(config.clone());
    let handler = move |result: DebounceEventResult| {
        let is_edit =
            |paths: &[PathBuf]| paths.iter().any(|path| interesting.iter().any(|known| path.starts_with(known)));
        let edited = match result {
            Ok(events) => {
                events.iter().any(|event| !matches!(event.kind, EventKind::Access(_)) && is_edit(&event.paths))
            }
            // Events may be lost: look again.
            Err(_) => true,
        };
        if edited {
            // The builder is gone only when the process ends.
            let _ = edits.send(());
        }
    };
    let debouncer = new_debouncer(QUIET_TIME, None, handler).map_err(failed)?;
    let mut watcher = Watcher { debouncer, root: inputs.root.clone(), watched: Vec::new() };
    watcher.debouncer.watch(&inputs.root, RecursiveMode::NonRecursive).map_err(failed)?;
    if let Some(folder) = config.parent().filter(|folder| *folder != inputs.root) {
        watcher.debouncer.watch(folder, RecursiveMode::NonRecursive).map_err(failed)?;
    }
    watcher.take_in_new_folders();
    Ok(watcher)
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
