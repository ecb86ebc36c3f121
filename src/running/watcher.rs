//! Edits in a site's folder, followed: [`Watcher::wait`] returns when it is time to build again.
//!
//! An editor's save is several events, and a folder that is copied or checked out is thousands: events that follow each other closely are
//! one edit. The system tells nothing of a folder that was deleted and made anew, or of a site that was moved away and back,
//! so the folders themselves are looked at from time to time.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use notify::event::ModifyKind;
use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::files::config::CONFIG_FILE;
use crate::running::pipeline::Inputs;
use crate::words::diagnostic::Diagnostic;

/// Folders of a site that an edit can happen in.
const FOLDERS: [&str; 5] = ["content", "templates", "themes", "static", "diagrams"];

/// An edit has ended when nothing has happened for so long.
const QUIET: Duration = Duration::from_millis(10);

/// Edits that never end are built from time to time.
const LONGEST_EDIT: Duration = Duration::from_secs(1);

/// How often folders are looked at of which the system tells nothing.
const LOOK: Duration = Duration::from_millis(500);

/// Follows edits in a site's folder.
#[derive(Debug)]
pub struct Watcher {
    system: RecommendedWatcher,
    told: Receiver<Told>,
    watched: Vec<Watched>,
}

/// A folder that is watched when it is there.
#[derive(Debug)]
struct Watched {
    folder: PathBuf,
    mode: RecursiveMode,
    /// Which folder it is that is watched.
    identity: Option<Identity>,
}

/// What stays the same as long as a folder is the same one: device and inode, where there are such.
type Identity = (u64, u64);

/// What the system tells.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    /// These files of the site may have changed.
    Edit(Vec<PathBuf>),
    /// A folder that was watched may be another one, or events are lost, those of new folders perhaps.
    Lost,
}

/// Why it is time to build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Edit {
    /// These files may have changed, and no others.
    Of(BTreeSet<PathBuf>),
    /// Anything may have changed.
    Any,
}

impl Watcher {
    /// Watches the folder of a site, and its configuration wherever that is.
    pub fn new(inputs: &Inputs) -> Result<Self, Box<Diagnostic>> {
        let (sender, told) = mpsc::channel();
        let config = inputs.config.clone().unwrap_or_else(|| inputs.root.join(CONFIG_FILE));
        let system =
            notify::recommended_watcher(teller(inputs, &config, sender)).map_err(|error| failed(inputs, &error))?;
        let below = FOLDERS.iter().map(|folder| (inputs.root.join(folder), RecursiveMode::Recursive));
        let beside = config.parent().filter(|folder| *folder != inputs.root).map(Path::to_path_buf);
        let flat = [Some(inputs.root.clone()), beside].into_iter().flatten();
        let folders = flat.map(|folder| (folder, RecursiveMode::NonRecursive)).chain(below);
        let watched = folders.map(|(folder, mode)| Watched { folder, mode, identity: None }).collect();
        let mut watcher = Self { system, told, watched };
        match watcher.look() {
            Ok(_) => Ok(watcher),
            Err(error) => Err(failed(inputs, &error)),
        }
    }

    /// Waits until the site was edited and is quiet again, or until something else is due: `rest` says how long that is from now on, and is
    /// asked again and again, since clocks are set and machines sleep.
    pub fn wait(&mut self, rest: impl Fn() -> Option<Duration>) -> Edit {
        loop {
            let rest = rest();
            let look = rest.unwrap_or(LOOK).min(LOOK);
            match self.told.recv_timeout(look) {
                Ok(told) => {
                    let edit = self.until_quiet(told);
                    if edit == Edit::Any {
                        self.forget();
                    }
                    // A folder that cannot be watched now is looked at again soon.
                    return if self.look().unwrap_or(true) { Edit::Any } else { edit };
                }
                Err(error) => {
                    if error == RecvTimeoutError::Disconnected {
                        // The system's watcher has ended: nothing is told any more, and folders are still looked at.
                        std::thread::sleep(look);
                    }
                    if self.look().unwrap_or(false) || rest.is_some_and(|rest| rest <= LOOK) {
                        return Edit::Any;
                    }
                }
            }
        }
    }

    fn until_quiet(&self, first: Told) -> Edit {
        let started = Instant::now();
        let mut all = Edit::Of(BTreeSet::new());
        let mut next = Some(first);
        while let Some(told) = next {
            match (told, &mut all) {
                (Told::Edit(paths), Edit::Of(all)) => all.extend(paths),
                (Told::Lost, _) => all = Edit::Any,
                (Told::Edit(_), Edit::Any) => {}
            }
            let waits = started.elapsed() < LONGEST_EDIT;
            next = waits.then(|| self.told.recv_timeout(QUIET).ok()).flatten();
        }
        all
    }

    /// Watches each folder that is there and is not the one that was watched; says whether there was such a one, or one is gone.
    fn look(&mut self) -> notify::Result<bool> {
        let mut different = false;
        for watched in &mut self.watched {
            let identity = identity(&watched.folder);
            if identity == watched.identity {
                continue;
            }
            different = true;
            if watched.identity.take().is_some() {
                // It may be gone, and with it what watched it.
                let _ = self.system.unwatch(&watched.folder);
            }
            if identity.is_some() {
                match self.system.watch(&watched.folder, watched.mode) {
                    Ok(()) => watched.identity = identity,
                    // Gone meanwhile.
                    Err(_) if self::identity(&watched.folder).is_none() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(different)
    }

    /// Watches all folders anew at the next look.
    fn forget(&mut self) {
        for watched in &mut self.watched {
            if watched.identity.take().is_some() {
                let _ = self.system.unwatch(&watched.folder);
            }
        }
    }
}

/// What is done with an event: those that may be an edit are passed on.
fn teller(inputs: &Inputs, config: &Path, sender: Sender<Told>) -> impl Fn(notify::Result<Event>) + use<> {
    let mut folders: Vec<PathBuf> = FOLDERS.iter().map(|folder| inputs.root.join(folder)).collect();
    let edited = [&folders[..], &[config.to_path_buf()]].concat();
    folders.push(inputs.root.clone());
    move |event| {
        let told = match event {
            Ok(event) if event.need_rescan() => Some(Told::Lost),
            Ok(Event { kind: EventKind::Access(_), .. }) => None,
            Ok(Event { kind, paths, .. }) => {
                let came_or_went = matches!(
                    kind,
                    EventKind::Create(_) | EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(_))
                );
                let is_edit = |path: &PathBuf| edited.iter().any(|known| path.starts_with(known));
                if came_or_went && paths.iter().any(|path| folders.contains(path)) {
                    Some(Told::Lost)
                } else {
                    let edits: Vec<PathBuf> = paths.into_iter().filter(is_edit).collect();
                    (!edits.is_empty()).then_some(Told::Edit(edits))
                }
            }
            Err(_) => Some(Told::Lost),
        };
        if let Some(told) = told {
            // The watcher is gone only when the process ends.
            let _ = sender.send(told);
        }
    }
}

fn failed(inputs: &Inputs, error: &notify::Error) -> Box<Diagnostic> {
    let message = format!("edits cannot be followed: {error}");
    Box::new(Diagnostic::error("watch", message).in_path(inputs.root.display().to_string()))
}

/// Which folder is at a path; `None` when none is.
#[cfg(unix)]
fn identity(folder: &Path) -> Option<Identity> {
    use std::os::unix::fs::MetadataExt;
    let metadata = folder.metadata().ok().filter(std::fs::Metadata::is_dir)?;
    Some((metadata.dev(), metadata.ino()))
}

/// Which folder is at a path; `None` when none is. One that was made anew between two looks is taken for the old one.
#[cfg(not(unix))]
fn identity(folder: &Path) -> Option<Identity> {
    folder.is_dir().then_some((0, 0))
}
