//! Photographs to four sizes, beside `vipsthumbnail` (libvips-tools) on the same files in the same run.
//!
//! `cargo run --release -p imaging --example photos [PHOTOGRAPHS]` draws that many pictures of 24 megapixels (40 when it is not
//! said), makes each 1600, 800, 400 and 115 pixels wide as JPEG and as WebP, on two threads, and prints seconds by the clock,
//! seconds of processors, and the largest memory. `photos derive jpeg FILE…` is what it measures.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use imaging::{Format, Gate, Limits, Wanted, derive, look};

const WIDTH: u16 = 6000;
const HEIGHT: u16 = 4000;
const WIDTHS: [u32; 4] = [1600, 800, 400, 115];
const QUALITY: u8 = 80;
const THREADS: usize = 2;

/// Pixels in flight: two photographs of 24 megapixels.
const IN_FLIGHT: u64 = 200 << 20;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.split_first() {
        Some((command, [format, files @ ..])) if command == "derive" => {
            derive_all(format, files);
            ExitCode::SUCCESS
        }
        Some((count, [])) if count.parse::<u64>().is_ok() => compare(count.parse().unwrap_or(1)),
        None => compare(40),
        Some(_) => {
            eprintln!("usage: photos [PHOTOGRAPHS]");
            ExitCode::FAILURE
        }
    }
}

/// What a site's build does with its photographs.
fn derive_all(format: &str, files: &[String]) {
    let format = if format == "webp" { Format::WebP { quality: QUALITY } } else { Format::Jpeg { quality: QUALITY } };
    let (gate, next) = (Gate::new(IN_FLIGHT), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    derive_one(Path::new(file), format, &gate);
                }
            });
        }
    });
}

fn derive_one(file: &Path, format: Format, gate: &Gate) {
    let bytes = fs::read(file).expect("the photograph was drawn before");
    let seen = look(&bytes).expect("it is a photograph");
    let height = |width: u32| (width * seen.height + seen.width / 2) / seen.width;
    let wanted = WIDTHS.map(|width| Wanted { width, height: height(width), format });
    let made = derive(&bytes, &wanted, &Limits::default(), gate).expect("it is sound");
    for (bytes, width) in made.iter().zip(WIDTHS) {
        fs::write(file.with_extension(format!("{width}.{}", format.to_string().to_lowercase())), bytes).expect("room");
    }
}

fn compare(count: u64) -> ExitCode {
    let folder = std::env::temp_dir().join(format!("photos-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let files: Vec<PathBuf> = (0..count).map(|number| folder.join(format!("{number:03}.jpg"))).collect();
    for (file, number) in files.iter().zip(0..) {
        fs::write(file, photograph(number)).expect("room for the photographs");
    }
    let bytes: u64 = files.iter().filter_map(|file| fs::metadata(file).ok()).map(|file| file.len()).sum();
    println!("{count} photographs of {WIDTH} × {HEIGHT} pixels, {} kB each", bytes / count.max(1) / 1000);
    for format in ["jpeg", "webp"] {
        let ours = measure(&folder, |command| {
            command.push(std::env::current_exe().expect("it runs").into_os_string());
            command.extend(["derive".into(), format.into()]);
        });
        let options = if format == "jpeg" { "optimize_coding," } else { "" };
        let theirs = WIDTHS.map(|width| {
            measure(&folder, |command| {
                let output = format!("%s.vips{width}.{format}[{options}Q={QUALITY},strip]");
                command.extend(["vipsthumbnail".into(), "--size".into(), format!("{width}x").into()]);
                command.extend(["--output".into(), output.into()]);
            })
        });
        let vips = theirs.iter().copied().flatten().reduce(Cost::and_then);
        println!("{format}: ours  {}", ours.map_or("did not run".to_owned(), Cost::told));
        println!("{format}: vips  {}", vips.map_or("did not run; is vipsthumbnail there?".to_owned(), Cost::told));
        if let (Some(ours), Some(vips)) = (ours, vips) {
            println!(
                "{format}: ratio {:.2} by the clock, {:.2} of processors",
                ours.clock / vips.clock,
                ours.work / vips.work
            );
        }
        for ending in [format!("1600.{format}"), format!("vips1600.{format}")] {
            let sizes = files.iter().filter_map(|file| fs::metadata(file.with_extension(&ending)).ok());
            println!("{format}: {ending} {} kB", sizes.map(|file| file.len()).sum::<u64>() / count.max(1) / 1000);
        }
    }
    fs::remove_dir_all(folder).expect("removed");
    ExitCode::SUCCESS
}

/// What a program took.
#[derive(Clone, Copy)]
struct Cost {
    /// Seconds.
    clock: f64,
    /// Seconds of all processors.
    work: f64,
    /// Kilobytes.
    memory: u64,
}

impl Cost {
    fn and_then(self, next: Self) -> Self {
        Self { clock: self.clock + next.clock, work: self.work + next.work, memory: self.memory.max(next.memory) }
    }

    fn told(self) -> String {
        format!("{:.2} s by the clock, {:.2} s of processors, {} MB", self.clock, self.work, self.memory / 1000)
    }
}

/// Runs a program on the photographs of a folder; `None` when it does not run.
fn measure(folder: &Path, program: impl FnOnce(&mut Vec<std::ffi::OsString>)) -> Option<Cost> {
    let mut words = Vec::new();
    program(&mut words);
    let mut photographs: Vec<PathBuf> =
        fs::read_dir(folder).ok()?.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
    photographs.retain(|path| path.file_stem().is_some_and(|stem| stem.len() == 3));
    photographs.sort();
    let (before, start) = (children_work(), Instant::now());
    let mut child = Command::new(&words[0]).args(&words[1..]).args(photographs).stdin(Stdio::null()).spawn().ok()?;
    let mut memory = 0;
    let status = loop {
        memory = memory.max(peak(child.id()));
        match child.try_wait().ok()? {
            Some(status) => break status,
            None => thread::sleep(Duration::from_millis(2)),
        }
    };
    let clock = start.elapsed().as_secs_f64();
    status.success().then(|| Cost { clock, work: children_work() - before, memory })
}

/// Seconds that the children which have ended took: `cutime` and `cstime` of proc(5), in hundredths.
fn children_work() -> f64 {
    let status = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = status.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(13).take(2).filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}

/// The most kilobytes that a process had: `VmHWM` of proc(5).
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Hills of several sizes in several colours, edges, and the noise of a sensor.
fn photograph(number: u32) -> Vec<u8> {
    let (width, height) = (usize::from(WIDTH), usize::from(HEIGHT));
    let mut random = 0x9e37_79b9 ^ number.wrapping_mul(0x85eb_ca6b) | 1;
    let mut noise = move || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random
    };
    let mut pixels = vec![128_i32; width * height * 3];
    for (step, strength) in [(800, 90), (200, 50), (50, 24), (12, 12), (3, 8)] {
        let across = width / step + 2;
        let heights: Vec<i32> =
            (0..across * (height / step + 2) * 3).map(|_| i32::try_from(noise() % 256).expect("small") - 128).collect();
        let at = |x: usize, y: usize, channel: usize| heights[(y * across + x) * 3 + channel];
        for y in 0..height {
            let (row, down) = (y / step, i32::try_from(y % step).expect("small"));
            for x in 0..width {
                let (column, right) = (x / step, i32::try_from(x % step).expect("small"));
                let scale = i32::try_from(step).expect("small");
                for channel in 0..3 {
                    let above = at(column, row, channel) * (scale - right) + at(column + 1, row, channel) * right;
                    let below =
                        at(column, row + 1, channel) * (scale - right) + at(column + 1, row + 1, channel) * right;
                    let value = (above / scale * (scale - down) + below / scale * down) / scale;
                    pixels[(y * width + x) * 3 + channel] += value * strength / 128;
                }
            }
        }
    }
    let bytes: Vec<u8> = pixels
        .chunks_exact(3)
        .flat_map(|pixel| {
            // A hard edge where two hills meet, and what a sensor adds.
            let edge = if pixel[0] > pixel[1] + 20 { 30 } else { 0 };
            let grain = i32::try_from(noise() % 9).expect("small") - 4;
            [0, 1, 2].map(|channel| u8::try_from((pixel[channel] + edge + grain).clamp(0, 255)).expect("a byte"))
        })
        .collect();
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 92)
        .encode(&bytes, WIDTH, HEIGHT, jpeg_encoder::ColorType::Rgb)
        .expect("it fits");
    file
}
