//! Graphviz, the program that lays diagrams out: [`Graphviz::lay_out`] turns a text in its language into SVG.
//!
//! `dot` is another program of the machine's, found where the shell finds it. It gets the text and gives the drawing, with nothing to
//! read besides, for so long and in so many bytes; what it gave is kept by the hash of the text and of the program. A site may hold
//! drawings that were laid out before, under `diagrams/`, which count first: with them a machine without Graphviz builds the same site.

use std::env;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use blake3::Hash;

use crate::files::kept::{Access, Kept};

/// The folder of a site that holds drawings of its diagrams.
pub const FOLDER: &str = "diagrams";

/// Bytes of a diagram's text. What is larger is no picture that anybody reads.
pub const MOST_TEXT: usize = 64 << 10;

/// Bytes of a drawing.
const MOST_DRAWING: u64 = 4 << 20;

/// Seconds that `dot` may take; a diagram that people read takes a tenth of one.
pub const MOST_SECONDS: u32 = 10;

/// Milliseconds between two looks at whether it has ended.
const LOOK: u32 = 4;

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
    /// The program that the shell would find, and what is kept of the site in `root`; without one nothing is.
    #[must_use]
    pub fn find(root: Option<&Path>) -> Self {
        let folders = env::var_os("PATH").unwrap_or_default();
        let name = format!("dot{}", env::consts::EXE_SUFFIX);
        let program = env::split_paths(&folders).filter(|folder| folder.is_absolute()).find_map(|folder| {
            let file = folder.join(&name);
            // The program itself is small: what it does lies in libraries of its version.
            let hash = file.is_file().then(|| fs::read(&file).ok())??;
            Some(Program { hash: blake3::hash(&hash), file })
        });
        Self { program, kept: root.map_or_else(Kept::nothing, |root| Kept::new(root, Access::Write)) }
    }

    /// Stands for the program among its versions, and for none where there is none.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.program.as_ref().map_or_else(|| blake3::hash(b"none"), |program| program.hash)
    }

    /// The name under which the drawing of `text` is kept.
    #[must_use]
    pub fn kept_name(&self, text: &str) -> String {
        format!("dot {} {}", self.hash().to_hex(), name(text))
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
    let failed = |message: String| Failure::Text { line: None, message };
    let child = Command::new(program)
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
        .spawn();
    let mut child = child.map_err(|error| failed(format!("`{}` does not start: {error}", program.display())))?;
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

/// Writes the text and reads what comes until the program ends, or is ended.
fn talk(child: &mut Child, text: &str) -> Ended {
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::scope(|scope| {
        scope.spawn(move || {
            // Who does not read to the end says why.
            let _ = stdin.map(|mut stdin| stdin.write_all(text.as_bytes()));
        });
        let drawn = scope.spawn(move || all(stdout, MOST_DRAWING + 1));
        let said = scope.spawn(move || all(stderr, 64 << 10));
        let status = (0..MOST_SECONDS * 1000 / LOOK).find_map(|_| {
            let ended = child.try_wait().ok().flatten();
            if ended.is_none() {
                thread::sleep(Duration::from_millis(LOOK.into()));
            }
            ended
        });
        if status.is_none() {
            let _ = child.kill();
            let _ = child.wait();
        }
        let [drawn, said] = [drawn, said].map(|thread| thread.join().unwrap_or_default());
        Ended { status, drawn, said: String::from_utf8_lossy(&said).into_owned() }
    })
}

fn all(from: Option<impl Read>, most: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(from) = from {
        // What was read before a pipe broke is what there is.
        let _ = from.take(most).read_to_end(&mut bytes);
    }
    bytes
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

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
        let (graphviz, _folder) = scripted("exec sleep 100");
        assert_eq!(graphviz.lay_out("a"), Err(Failure::Slow));
    }
}
