//! The lines of the table.

use std::error::Error;

use crate::clock::Times;

/// One way to run the model.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) times: Times,
    /// Packets of a run.
    pub(crate) packets: u32,
    /// Changes of state of a run, counted as the engine's log counts them.
    pub(crate) events: u64,
}

impl Row {
    pub(crate) fn events_per_second(&self) -> f64 {
        self.events as f64 / self.seconds()
    }

    fn seconds(&self) -> f64 {
        self.times.median() as f64 / 1e9
    }
}

/// What the columns are.
pub(crate) fn print_title(runs: u32) {
    println!("The complete transmit path, medians of {runs} runs; the best run in packets/s");
    println!("{:38} {:>12} {:>12} {:>14} {:>12}", "", "packets/s", "ns/packet", "events/s", "best run");
}

/// A line of the table.
pub(crate) fn print_row(row: &Row) {
    let packets = f64::from(row.packets);
    println!(
        "{:38} {:>12} {:>12} {:>14} {:>12}",
        row.name,
        grouped(packets / row.seconds()),
        grouped(row.seconds() * 1e9 / packets),
        grouped(row.events_per_second()),
        grouped(packets * 1e9 / row.times.fastest() as f64),
    );
}

/// A line without measurement.
pub(crate) fn print_note(name: &str, reason: &dyn Error) {
    println!("{name:38} left out: {reason}");
}

/// A whole number with a comma after every third digit from the right.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
