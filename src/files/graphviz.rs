//! Graphviz, the program that lays diagrams out: [`Graphviz::lay_out`] turns a text in its language into SVG.
//!
//! `dot` is another program of the machine's, found where the shell finds it. It gets the text and gives the drawing, with nothing to
//! read besides, for so long and in so many bytes; what it gave is kept by the hash of the text and of the program. A site may hold
//! drawings that were laid out before, under `diagrams/`, which count first: with them a machine without Graphviz builds the same site.

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use blake3::Hash;

use crate::files::kept::Kept;

/// The folder of a site that holds drawings of its diagrams.
pub const FOLDER: &str = "diagrams";

/// Bytes of a diagram's text. What is larger is no picture that anybody reads.
pub const MOST_TEXT: usize = 64 << 10;

/// Bytes of a drawing.
pub const MOST_DRAWING: u64 = 4 << 20;

/// Seconds that `dot` may take; a diagram that people read takes a tenth of one.
pub const MOST_SECONDS: u32 = 10;

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(4);

/// So often it is tried to start a program that is being written.
const BUSY: u32 = 100;

/// What texts are set in unless they say otherwise: letters about as wide as those of pages.
const DEFAULTS: [&str; 4] = ["-Tsvg", "-Gfontname=Helvetica", "-Nfontname=Helvetica", "-Efontname=Helvetica"];

/// The program, if there is one, and what it has laid out before.
#[derive(Debug, Clone)]
pub struct Graphviz {
    program: Option<Program>,
    kept: Kept,
}

#[derive(Debug, Clone)]
struct Program {
    file: PathBuf,
    /// Stands for it among its versions.
    hash: Hash,
}

/// Why there is no drawing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// There is no Graphviz on this machine.
    Missing,
    /// It says that the text is wrong: in that line, counted from 1, where it says so.
    Text {
        /// From 1.
        line: Option<usize>,
        /// In its words.
        message: String,
    },
    /// It does not start: in the system's words.
    Start(String),
    /// It took too long.
    Slow,
    /// The drawing has too many bytes.
    Large,
}

impl Default for Graphviz {
    fn default() -> Self {
        Self { program: None, kept: Kept::nothing() }
    }
}

impl Graphviz {
    /// The program that the shell would find, and what is kept of its drawings.
    #[must_use]
    pub fn find(kept: Kept) -> Self {
        let folders = env::var_os("PATH").unwrap_or_default();
        let name = format!("dot{}", env::consts::EXE_SUFFIX);
        let program = env::split_paths(&folders).filter(|folder| folder.is_absolute()).find_map(|folder| {
            let file = folder.join(&name);
            // The program itself is small: what it does lies in libraries of its version.
            let hash = file.is_file().then(|| fs::read(&file).ok())??;
            Some(Program { hash: blake3::hash(&hash), file })
        });
        Self { program, kept }
    }

    /// Stands for the program among its versions, and for none where there is none.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.program.as_ref().map_or_else(|| blake3::hash(b"none"), |program| program.hash)
    }

    /// The name under which the drawing of `text` is kept.
    #[must_use]
    pub fn kept_name(&self, text: &str) -> String {
        format!("dot {} {} {}", DEFAULTS.join(" "), self.hash().to_hex(), name(text))
    }

    /// The SVG that Graphviz makes of `text`, as it makes it.
    pub fn lay_out(&self, text: &str) -> Result<String, Failure> {
        let Some(program) = &self.program else { return Err(Failure::Missing) };
        let name = self.kept_name(text);
        let kept = self.kept.find(&name).and_then(|kept| String::from_utf8(kept.into_bytes().ok()?).ok());
        if let Some(kept) = kept {
            return Ok(kept);
        }
        let drawn = run(&program.file, text)?;
        let _ = self.kept.keep(&name, drawn.clone().into_bytes());
        Ok(drawn)
    }
}

/// The name of the file under [`FOLDER`] that holds the drawing of `text`: it stands for the text, so no other drawing is taken for it.
#[must_use]
pub fn name(text: &str) -> String {
    format!("{}.svg", &blake3::hash(text.as_bytes()).to_hex()[..24])
}

/// Whether a file under [`FOLDER`] is called as [`name`] calls one.
#[must_use]
pub fn is_name(file: &str) -> bool {
    file.strip_suffix(".svg").is_some_and(|hash| hash.len() == 24 && hash.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// How it ended, and what it said.
struct Ended {
    status: Option<ExitStatus>,
    drawn: Vec<u8>,
    said: String,
}

fn run(program: &Path, text: &str) -> Result<String, Failure> {
    let mut child = started(program).map_err(|error| Failure::Start(format!("`{}`: {error}", program.display())))?;
    let Ended { status, drawn, said } = talk(&mut child, text);
    let Some(status) = status else { return Err(Failure::Slow) };
    if drawn.len() as u64 > MOST_DRAWING {
        return Err(Failure::Large);
    }
    let error = said.lines().find_map(|line| line.strip_prefix("Error: "));
    match (error, String::from_utf8(drawn)) {
        (None, Ok(drawn)) if status.success() => Ok(drawn),
        (error, _) => {
            let message = error.or(said.lines().next()).unwrap_or("it says nothing");
            let message = message.strip_prefix("<stdin>: ").unwrap_or(message);
            let (message, line) = match message.split_once(" in line ") {
                Some((what, rest)) => {
                    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
                    (format!("{what}{}", &rest[digits..]), rest[..digits].parse().ok())
                }
                None => (message.to_owned(), None),
            };
            Err(Failure::Text { line, message })
        }
    }
}

/// Starts the program. One that is being written this moment, by an upgrade for example, will be there in the next.
fn started(program: &Path) -> io::Result<Child> {
    let start = || {
        Command::new(program)
            .args(DEFAULTS)
            // Older versions read no file where this is set; all are asked for none (`parsing/dot.rs`), and find none by its name here.
            .env("SERVER_NAME", "genblog")
            .env_remove("GV_FILE_PATH")
            .env_remove("DOTFONTPATH")
            .env("LC_ALL", "C.UTF-8")
            .current_dir(Path::new("/"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    };
    for _ in 0..BUSY {
        match start() {
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => thread::sleep(LOOK),
            started => return started,
        }
    }
    start()
}

/// Writes the text and reads what comes until the program ends, or is ended. What it may have started itself is not waited for.
fn talk(child: &mut Child, text: &str) -> Ended {
    let until = Instant::now() + Duration::from_secs(MOST_SECONDS.into());
    let (stdin, text) = (child.stdin.take(), text.to_owned());
    thread::spawn(move || {
        // Who does not read to the end says why.
        let _ = stdin.map(|mut stdin| stdin.write_all(text.as_bytes()));
    });
    let (drawn, said) = (all(child.stdout.take(), MOST_DRAWING + 1), all(child.stderr.take(), 64 << 10));
    let ended = loop {
        match child.try_wait().ok().flatten() {
            None if Instant::now() < until => thread::sleep(LOOK),
            ended => break ended,
        }
    };
    if ended.is_none() {
        let _ = child.kill();
        let _ = child.wait();
    }
    let rest = || until.saturating_duration_since(Instant::now()).max(LOOK);
    match (ended, drawn.recv_timeout(rest()), said.recv_timeout(rest())) {
        (Some(status), Ok(drawn), Ok(said)) => {
            Ended { status: Some(status), drawn, said: String::from_utf8_lossy(&said).into_owned() }
        }
        _ => Ended { status: None, drawn: Vec::new(), said: String::new() },
    }
}

/// Reads at most so many bytes, and hands them over when they end.
fn all(from: Option<impl Read + Send + 'static>, most: u64) -> Receiver<Vec<u8>> {
    let (done, all) = channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(from) = from {
            // What was read before a pipe broke is what there is.
            let _ = from.take(most).read_to_end(&mut bytes);
        }
        // Nobody may be waiting any more.
        let _ = done.send(bytes);
    });
    all
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::files::kept::Access;

    /// A program of a shell's lines in place of `dot`.
    fn scripted(lines: &str) -> (Graphviz, tempfile::TempDir) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("dot");
        fs::write(&file, format!("#!/bin/sh\n{lines}\n")).expect("writable");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("ours");
        let program = Some(Program { hash: blake3::hash(lines.as_bytes()), file });
        (Graphviz { program, kept: Kept::new(folder.path(), Access::Write) }, folder)
    }

    #[test]
    fn what_dot_says_is_understood() {
        let text = |line, message: &str| Err(Failure::Text { line, message: message.to_owned() });
        for (lines, expected) in [
            ("cat", Ok("a -> b".to_owned())),
            (
                "echo \"Error: <stdin>: syntax error in line 3 near '->'\" >&2; exit 1",
                text(Some(3), "syntax error near '->'"),
            ),
            ("echo 'Warning: odd' >&2; cat", Ok("a -> b".to_owned())),
            ("echo 'Warning: odd' >&2; echo 'Error: bad label' >&2; cat", text(None, "bad label")),
            ("exit 3", text(None, "it says nothing")),
            ("printf '\\377'", text(None, "it says nothing")),
            ("head -c 5000000 /dev/zero", Err(Failure::Large)),
        ] {
            let (graphviz, _folder) = scripted(lines);
            assert_eq!(graphviz.lay_out("a -> b"), expected, "{lines}");
        }
        assert_eq!(Graphviz::default().lay_out("a"), Err(Failure::Missing));
        let (mut graphviz, folder) = scripted("cat");
        graphviz.program.as_mut().expect("a program").file = folder.path().to_owned();
        assert!(matches!(graphviz.lay_out("a"), Err(Failure::Start(_))));
    }

    #[test]
    fn a_drawing_is_made_once() {
        let (graphviz, folder) = scripted("cat; echo x >> \"$(dirname \"$0\")/times\"");
        for text in ["a", "a", "b", "a"] {
            assert_eq!(graphviz.lay_out(text).as_deref(), Ok(text));
        }
        assert_eq!(fs::read_to_string(folder.path().join("times")).expect("written").lines().count(), 2);
    }

    #[test]
    fn a_program_that_does_not_end_is_ended() {
        // The second has a child that outlives it, the third is there no more while its child goes on.
        let programs = ["exec sleep 100", "sleep 100; true", "sleep 100 &"].map(scripted);
        thread::scope(|scope| {
            for (graphviz, _) in &programs {
                scope.spawn(|| assert_eq!(graphviz.lay_out("a"), Err(Failure::Slow)));
            }
        });
    }
}
