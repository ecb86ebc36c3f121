//! Whether a folder may hold a site's output.

use std::path::{Component, Path, PathBuf};

use crate::files::{cache, graphviz};
use crate::words::diagnostic::Diagnostic;

/// Where the output folder is, and what it is called: relative to the site when it lies in it.
///
/// It may neither hold the site or its sources nor lie in them, and no symbolic link may lead it, or what genblog
/// remembers, out of the site.
pub(crate) fn check(root: &Path, folder: &Path) -> Result<(PathBuf, String), Box<Diagnostic>> {
    let root = std::path::absolute(root).map_or_else(|_| root.to_path_buf(), |root| plain(&root));
    let folder = plain(&root.join(folder));
    let name = folder.strip_prefix(&root).unwrap_or(&folder).display().to_string();
    let refuse = |code, message: String, help: &str| {
        Err(Box::new(Diagnostic::error(code, message).in_path(if name.is_empty() { "." } else { &name }).help(help)))
    };
    let real_root = real(&root);
    for inside in [root.join(cache::FOLDER), folder.clone()] {
        if inside.starts_with(&root) && !real(&inside).starts_with(&real_root) {
            let inside = inside.strip_prefix(&root).unwrap_or(&inside).display().to_string();
            let help = "make it a folder, or name the folder that it leads to with `--output-dir`";
            return refuse("symlink", format!("`{inside}` is a symbolic link that leaves the site"), help);
        }
    }
    let help = "choose a folder of its own, for example `public`";
    let real_folder = real(&folder);
    if real_root.starts_with(&real_folder) {
        return refuse(
            "output-folder",
            format!("the output folder `{}` holds the site itself", folder.display()),
            help,
        );
    }
    for part in ["content", "static", "templates", "themes", graphviz::FOLDER, cache::FOLDER] {
        let source = real(&root.join(part));
        if real_folder.starts_with(&source) || source.starts_with(&real_folder) {
            let message = if real_folder == source {
                format!("the output folder `{name}` is one of the site's own")
            } else {
                format!("the output folder `{name}` and the site's own `{part}` lie in each other")
            };
            return refuse("output-folder", message, help);
        }
    }
    if folder.exists() && !folder.is_dir() {
        return refuse(
            "output-folder",
            format!("`{name}` is not a folder"),
            "move the file away, or choose another folder",
        );
    }
    Ok((folder, name))
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => plain.push(part),
        }
    }
    plain
}

/// A path with every symbolic link followed as far as it exists.
fn real(path: &Path) -> PathBuf {
    for existing in path.ancestors() {
        if let Ok(real) = existing.canonicalize() {
            return real.join(path.strip_prefix(existing).expect("an ancestor is a prefix"));
        }
    }
    path.to_path_buf()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(root: &Path, folder: &str) -> Result<String, &'static str> {
        check(root, Path::new(folder)).map(|(_, name)| name).map_err(|diagnostic| diagnostic.code)
    }

    #[test]
    fn the_output_folder_keeps_clear_of_the_sources() {
        let root = tempfile::tempdir().expect("a temporary folder");
        std::fs::create_dir(root.path().join("content")).expect("writable");
        for folder in [".", "..", "content", "content/x", "static", "templates/y", ".genblog", "x/../content", "/"] {
            assert_eq!(code(root.path(), folder), Err("output-folder"), "{folder}");
        }
        for (folder, name) in [("public", "public"), ("a/./b", "a/b"), ("public/../out", "out")] {
            assert_eq!(code(root.path(), folder).as_deref(), Ok(name));
        }
        assert!(code(root.path(), "../beside").is_ok_and(|name| name.starts_with('/')));
    }

    #[cfg(unix)]
    #[test]
    fn no_symbolic_link_leads_out_of_the_site() {
        let (root, elsewhere) = (tempfile::tempdir().expect("temporary"), tempfile::tempdir().expect("temporary"));
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join("public")).expect("writable");
        assert_eq!(code(root.path(), "public"), Err("symlink"));
        std::os::unix::fs::symlink(elsewhere.path(), root.path().join(".genblog")).expect("writable");
        assert_eq!(code(root.path(), "other"), Err("symlink"));
        std::os::unix::fs::symlink(root.path().join("inner"), root.path().join("link")).expect("writable");
    }
}
