//! Photographs (`cargo bench --bench photographs`): what their sizes cost beside `vipsthumbnail` (libvips-tools) on the same files
//! in the same run, what a site of them costs, and what a build costs when nothing has changed.
//!
//! Goals: at most 0.35 of the processors' time of vips for JPEG and no more than its time for WebP; 250 MB; and 100 ms for a build
//! of 1,000 photographs that has nothing to do. Nothing fails here: a busy machine is slow. `PHOTOGRAPHS=4` draws fewer of 24
//! megapixels than 40.

#[path = "../cost.rs"]
mod cost;
mod drawn;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use imaging::{Format, Gate, Limits, Wanted, derive, look};

use crate::cost::{Cost, measure};
use crate::drawn::{HEIGHT, WIDTH, photograph};

const WIDTHS: [u32; 4] = [1600, 800, 400, 115];
const QUALITY: u8 = 80;
const THREADS: usize = 2;

/// Bytes that decoding may take at a time.
const IN_FLIGHT: u64 = 150 << 20;

/// After so long a file that nobody writes to need not be read again.
const SETTLED: Duration = Duration::from_millis(200);

/// Photographs of the site in which nothing changes.
const MANY: usize = 1_000;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("derive", [format, files @ ..])) = arguments.split_first().map(|(word, rest)| (&**word, rest)) {
        return derive_all(format, files);
    }
    let count = std::env::var("PHOTOGRAPHS").ok().and_then(|count| count.parse().ok()).unwrap_or(40);
    let folder = std::env::temp_dir().join(format!("photographs-{}", std::process::id()));
    let files = draw(&folder.join("drawn"), count);
    let bytes: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
    println!("{count} photographs of {WIDTH} × {HEIGHT} pixels, {} kB each", bytes / count.max(1) / 1000);
    println!("{:34} {:>11} {:>11} {:>10}", "", "clock", "processors", "memory");
    sizes(&files, "jpeg");
    sizes(&files, "webp");
    site(&folder.join("large"), &files);
    unchanged(&folder.join("many"));
    fs::remove_dir_all(folder).expect("removed");
}

/// Draws photographs, on two threads.
fn draw(folder: &Path, count: u64) -> Vec<PathBuf> {
    fs::create_dir_all(folder).expect("a folder");
    let files: Vec<PathBuf> = (0..count).map(|number| folder.join(format!("{number:03}.jpg"))).collect();
    each(&files, |number, file| {
        let number = u32::try_from(number).expect("few");
        fs::write(file, photograph(number, (WIDTH, HEIGHT))).expect("room for the photographs");
    });
    files
}

/// Does something with each, on two threads.
fn each<T: Sync>(all: &[T], what: impl Fn(usize, &T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(number) else { break };
                    what(number, one);
                }
            });
        }
    });
}

/// What a site's build does with its photographs.
fn derive_all(format: &str, files: &[String]) {
    let format = if format == "webp" { Format::WebP { quality: QUALITY } } else { Format::Jpeg { quality: QUALITY } };
    let gate = Gate::new(IN_FLIGHT);
    each(files, |_, file| {
        let file = Path::new(file);
        let bytes = fs::read(file).expect("the photograph was drawn before");
        let seen = look(&bytes).expect("it is a photograph");
        let height = |width: u32| (width * seen.height + seen.width / 2) / seen.width;
        let wanted = WIDTHS.map(|width| Wanted { width, height: height(width), format });
        let made = derive(&bytes, &wanted, &Limits::default(), &gate).expect("it is sound");
        for (bytes, width) in made.iter().zip(WIDTHS) {
            let ending = format!("{width}.{}", format.to_string().to_lowercase());
            fs::write(file.with_extension(ending), bytes).expect("room");
        }
    });
}

/// The same sizes by genblog's package of pictures and by vips.
fn sizes(files: &[PathBuf], format: &str) {
    let this = std::env::current_exe().expect("it runs");
    let ours = measure(Command::new(this).args(["derive", format]).args(files));
    let options = if format == "jpeg" { "optimize_coding," } else { "" };
    let theirs = WIDTHS.map(|width| {
        let output = format!("%s.vips{width}.{format}[{options}Q={QUALITY},strip]");
        measure(Command::new("vipsthumbnail").args(["--size", &format!("{width}x"), "--output", &output]).args(files))
    });
    // A program for each size, since one makes one.
    let theirs = theirs.into_iter().collect::<Option<Vec<_>>>().and_then(|each| each.into_iter().reduce(both));
    print(&format!("{format}, genblog"), ours);
    print(&format!("{format}, vipsthumbnail"), theirs);
    if let (Some(ours), Some(theirs)) = (ours, theirs) {
        let (clock, work) = (ours.clock / theirs.clock, ours.work / theirs.work);
        println!("{:34} {clock:>11.2} {work:>11.2}", format!("{format}, ratio"));
    }
    let kilobytes = |ending: String| {
        let lengths = files.iter().filter_map(|file| fs::metadata(file.with_extension(&ending)).ok());
        lengths.map(|file| file.len()).sum::<u64>() / files.len().max(1) as u64 / 1000
    };
    let (ours, theirs) = (kilobytes(format!("1600.{format}")), kilobytes(format!("vips1600.{format}")));
    println!("{format}, 1600 pixels: {ours} kB and {theirs} kB");
}

/// The cost of both, one after the other.
fn both(one: Cost, next: Cost) -> Cost {
    Cost { clock: one.clock + next.clock, work: one.work + next.work, memory: one.memory.max(next.memory) }
}

fn print(name: &str, cost: Option<Cost>) {
    println!("{name:34} {}", cost.map_or("did not run".to_owned(), Cost::row));
}

/// A site with these photographs, built from nothing.
fn site(root: &Path, files: &[PathBuf]) {
    let album = album(root, files.len());
    for (number, file) in files.iter().enumerate() {
        fs::copy(file, album.join(format!("{number:04}.jpg"))).expect("room");
    }
    print(&format!("a site of {} from nothing", files.len()), build(root));
}

/// A site with many small photographs, built from nothing and then again.
fn unchanged(root: &Path) {
    let album = album(root, MANY);
    let one = photograph(1, (1200, 800));
    for number in 0..MANY {
        // What follows the end of a JPEG is no part of the picture, and yet makes it another file.
        fs::write(album.join(format!("{number:04}.jpg")), [&*one, number.to_string().as_bytes()].concat())
            .expect("room");
    }
    // Files that were only just written are read once more.
    thread::sleep(SETTLED);
    print(&format!("a site of {MANY} small from nothing"), build(root));
    thread::sleep(SETTLED);
    for again in ["second", "third", "fourth"] {
        print(&format!("its {again} build, nothing changed"), build(root));
    }
}

/// The folder of an album on a new site, described for so many photographs.
fn album(root: &Path, count: usize) -> PathBuf {
    let album = root.join("content/gallery/album");
    fs::create_dir_all(&album).expect("a folder");
    let config = "base_url = \"https://example.org/\"\ntitle = \"Photographs\"\ntimezone = \"UTC\"\n";
    fs::write(root.join("genblog.toml"), config).expect("room");
    let entry = |number: usize| format!("[[photos]]\nfile = \"{number:04}.jpg\"\nalt = \"Hills\"\n");
    let entries: String = (0..count).map(entry).collect();
    fs::write(album.join("index.md"), format!("+++\ntitle = \"Album\"\n{entries}+++\n")).expect("room");
    album
}

fn build(root: &Path) -> Option<Cost> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_genblog"));
    measure(command.arg("--root").arg(root).arg("build").env("RAYON_NUM_THREADS", THREADS.to_string()))
}
