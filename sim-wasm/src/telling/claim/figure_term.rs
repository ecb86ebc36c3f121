//! A figure's number: `FIGURE=STATE/QUANTITY`.
//!
//! Not modelled: quantities between two frames.

use alloc::format;
use alloc::string::{String, ToString};

use crate::telling::claim::error::ClaimError;
use crate::telling::claim::ratio::Ratio;
use crate::telling::player::Player;

/// What every run has besides its figure's quantities.
const ANSWER: &str = "answer";
const TIME: &str = "time";
const STEPS: &str = "steps";

/// The number, and what it counts; places are bytes of `term`.
pub(super) fn read(term: &str) -> Result<(Ratio, String), ClaimError> {
    let whole = 0..term.len();
    let Some((state, name)) = term.rsplit_once('/') else {
        return Err(ClaimError::new(whole, "a state is no number: write `/` and the name of a quantity behind it"));
    };
    let player = Player::open(state)
        .map_err(|error| ClaimError::new(error.place(state), error.to_string()).knowing(error.known()))?;
    let spec = player.spec();
    let at = state.len() + 1..term.len();
    let frame = player.at();
    if let (Some(index), Some(value)) = (spec.quantity(name), player.quantity(name)) {
        let quantity = &spec.quantities[index];
        return Ok((Ratio::from(value), format!("{} at frame {frame} of figure `{}`", quantity.title, spec.name)));
    }
    match name {
        ANSWER => match player.answer() {
            Some(answer) => {
                let question = spec.guess.map_or("", |guess| guess.question);
                Ok((Ratio::from(u64::from(answer.value)), format!("the answer to “{question}”")))
            }
            None => Err(ClaimError::new(at, format!("this run of figure `{}` answers no question", spec.name))),
        },
        TIME => Ok((Ratio::from(player.now().0), format!("nanoseconds at frame {frame} of figure `{}`", spec.name))),
        STEPS => Ok((Ratio::from(u64::from(player.steps())), format!("steps of this run of figure `{}`", spec.name))),
        _ => {
            let known = spec.quantities.iter().map(|quantity| quantity.name);
            let what = format!("the figure `{}` has no quantity `{name}`", spec.name);
            Err(ClaimError::new(at, what).knowing(known.chain([ANSWER, TIME, STEPS])))
        }
    }
}
