//! What can be counted in a run, and what a reader guessed: charts, the table to download, the gap between guess and answer.
//!
//! Not modelled: nothing of a machine; a run is only walked and read here.

use alloc::string::String;

use crate::actors::log::Entry;
use crate::actors::parts;
use crate::telling::chart::{self, Charted};
use crate::telling::narration::name;
use crate::telling::player::Player;
use crate::telling::story::{Answer, Answers, Layout};
use crate::telling::svg::{self, Ink};
use crate::words::text::Text;

impl Player {
    /// A quantity at the present frame; nothing when the figure has none of that name.
    #[must_use]
    pub fn quantity(&self, name: &str) -> Option<u64> {
        self.spec.quantity(name).map(|index| self.run.value(self.at.frame, index))
    }

    /// The charts for a page, coloured by the page's style sheet.
    #[must_use]
    pub fn page_chart(&self, layout: Layout, beside: Option<&Player>) -> String {
        let class = if layout == Layout::Wide { "wide" } else { "narrow" };
        self.chart(layout, beside, Ink::Classes(class))
    }

    /// The charts of the present frame; empty when the figure has none. With a second player of the same figure, its run
    /// lies beside this one.
    #[must_use]
    pub fn chart(&self, layout: Layout, beside: Option<&Player>, ink: Ink) -> String {
        if !self.spec.quantities.iter().any(|quantity| quantity.charted) {
            return String::new();
        }
        let beside = beside.filter(|beside| beside.spec.name == self.spec.name);
        let drawing = chart::draw(self.spec, self.charted(), beside.map(Player::charted), layout);
        svg::write(&drawing, ink).into_string()
    }

    fn charted(&self) -> Charted<'_> {
        Charted { run: &*self.run, at: self.at.frame }
    }

    /// To the frame that a second player of the same figure has come to: by time, or by step where time plays no part.
    pub fn follow(&mut self, other: &Player) {
        if other.is_timed() && self.is_timed() {
            self.seek_time(other.now());
        } else {
            self.seek(other.at.frame);
        }
    }

    /// What the run answers to the figure's question; nothing when it asks none, or none of this set-up.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        self.spec.guess.and_then(|_| self.run.answer())
    }

    /// How a guess stands to the answer, and why, in one or two sentences; empty when nothing was asked.
    #[must_use]
    pub fn gap(&self, guess: u32) -> String {
        let mut text = Text::new();
        let (Some(asked), Some(answer)) = (self.spec.guess, self.answer()) else { return text.into_string() };
        match asked.answers {
            Answers::Choice(choices) => {
                let said = |index: u32| choices.get(index as usize).copied().unwrap_or_default();
                text.push_str("Your guess: ").push_str(said(guess)).push_str(". ");
                if guess == answer.value {
                    text.push_str("So it is. ");
                } else {
                    text.push_str("It is: ").push_str(said(answer.value)).push_str(". ");
                }
            }
            Answers::Number { unit, .. } => {
                text.push_str("Your guess: ");
                chart::push_value(&mut text, u64::from(guess), unit);
                if guess == answer.value {
                    text.push_str(". So it is. ");
                } else {
                    text.push_str(". It is ");
                    chart::push_value(&mut text, u64::from(answer.value), unit);
                    text.push_str(", ");
                    chart::push_value(&mut text, u64::from(guess.abs_diff(answer.value)), "");
                    text.push_str(if guess > answer.value { " fewer. " } else { " more. " });
                }
            }
            Answers::Order { .. } if !parts::ORDERS => parts::missing(),
            Answers::Order { items, unit } => {
                let Some(guessed) = Answers::places(guess, items.len()) else { return text.into_string() };
                self.push_order_gap(&mut text, &guessed, items, unit);
            }
        }
        text.push_str(answer.why);
        text.into_string()
    }

    /// How a guessed order stands to what the items come to. Two that come to as much may stand either way.
    fn push_order_gap(&self, text: &mut Text, guessed: &[usize], items: &[&str], unit: &str) {
        let counts = self.run.ranked();
        let count_of = |item: usize| counts.get(item).copied().unwrap_or(0);
        text.push_str("Your order: ");
        for (place, item) in guessed.iter().enumerate() {
            text.push_str(if place > 0 { "; " } else { "" }).push_str(items[*item]);
        }
        let pairs = (0..items.len()).flat_map(|second| (0..second).map(move |first| (first, second)));
        let wrong = pairs.filter(|(first, second)| count_of(guessed[*first]) > count_of(guessed[*second])).count();
        text.push_str(if wrong == 0 { ". So it is. In " } else { ". It is another. In " }).push_str(unit);
        let actual = Answers::places(Answers::order_of(&counts), items.len()).unwrap_or_default();
        for (place, item) in actual.into_iter().enumerate() {
            text.push_str(if place > 0 { "; " } else { ": " }).push_str(items[item]).push_char(' ');
            text.push_u32(count_of(item));
        }
        text.push_str(". ");
        if wrong > 0 {
            text.push_str("Pairs that stand the other way round: ").push_u32(wrong as u32).push_str(" of ");
            text.push_u32((items.len() * items.len().saturating_sub(1) / 2) as u32).push_str(". ");
        }
    }

    /// The whole run as comma-separated values (RFC 4180): a row for every event, and what can be counted after its step.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut table = Text::new();
        table.push_str("step,time_ns,who,event,function,file,tree");
        for quantity in self.spec.quantities {
            table.push_char(',').push_str(quantity.name);
        }
        table.push_str("\r\n");
        for entry in self.run.log().entries() {
            self.push_record(&mut table, entry);
        }
        table.into_string()
    }

    fn push_record(&self, table: &mut Text, entry: &Entry) {
        table.push_u32(entry.step).push_char(',').push_u64(entry.time.0).push_char(',');
        table.push_str(name(entry.event.who())).push_str(",\"");
        let mut sentence = Text::new();
        self.tell(&mut sentence, entry);
        for character in sentence.as_str().chars() {
            if character == '"' {
                table.push_char('"');
            }
            table.push_char(character);
        }
        table.push_char('"');
        let source = self.source_of(entry);
        table.push_char(',').push_str(source.map_or("", |source| source.function));
        table.push_char(',').push_str(source.map_or("", |source| source.file));
        table.push_char(',').push_str(source.map_or("", |source| source.tree.name()));
        for index in 0..self.spec.quantities.len() {
            table.push_char(',').push_u64(self.run.value(entry.step, index));
        }
        table.push_str("\r\n");
    }
}
