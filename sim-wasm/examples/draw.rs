//! Prints one frame of a figure as SVG: `cargo run -p sim-wasm --example draw -- 'ring=v1.burst.n5' wide dark`, or its charts:
//! `chart` instead of `wide`.

use std::process::ExitCode;

use sim_wasm::telling::player::Player;
use sim_wasm::telling::story::Layout;
use sim_wasm::telling::svg::Ink;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let word =
        |position: usize, otherwise: &'static str| words.get(position).map_or(otherwise, String::as_str).to_owned();
    let player = match Player::open(&word(0, "ring=v1.one-request.n0")) {
        Ok(player) => player,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::from(2);
        }
    };
    if word(1, "wide") == "chart" {
        let ink = if word(2, "light") == "dark" { Ink::Dark } else { Ink::Light };
        println!("{}", player.chart(Layout::Wide, None, ink));
        return ExitCode::SUCCESS;
    }
    let layout = match word(1, "wide").as_str() {
        "narrow" => Layout::Narrow,
        "film" => Layout::Film,
        _ => Layout::Wide,
    };
    let ink = if word(2, "light") == "dark" { Ink::Dark } else { Ink::Light };
    println!("{}", player.svg(layout, ink));
    eprintln!("{} {} {}", player.time(), player.sentence(), player.source());
    ExitCode::SUCCESS
}
