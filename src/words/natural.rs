//! Names in the order that people expect: `2` before `10`.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::str::Chars;

/// Compares two names: numbers in them by their values, the rest letter by letter whatever their case. Names that differ are
/// never equal.
#[must_use]
pub fn natural(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a.chars().peekable(), b.chars().peekable());
    loop {
        let order = match (left.peek(), right.peek()) {
            (None, None) => return a.cmp(b),
            (Some(x), Some(y)) if x.is_ascii_digit() && y.is_ascii_digit() => {
                number(&mut left).cmp(&number(&mut right))
            }
            _ => left.next().map(lower).cmp(&right.next().map(lower)),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// A number that may be longer than any integer: how many digits it has, and which.
fn number(chars: &mut Peekable<Chars<'_>>) -> (usize, String) {
    let mut digits = String::new();
    while let Some(digit) = chars.next_if(char::is_ascii_digit) {
        if !digits.is_empty() || digit != '0' {
            digits.push(digit);
        }
    }
    (digits.len(), digits)
}

fn lower(character: char) -> char {
    character.to_lowercase().next().unwrap_or(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::proptest;

    use super::*;

    #[test]
    fn numbers_count_by_their_values() {
        let mut names = ["b1", "IMG_10.jpg", "img_9.jpg", "a", "IMG_010.jpg", "IMG_2.jpg", "É", "9", "10", ""];
        names.sort_by(|a, b| natural(a, b));
        assert_eq!(names, ["", "9", "10", "a", "b1", "IMG_2.jpg", "img_9.jpg", "IMG_010.jpg", "IMG_10.jpg", "É"]);
    }

    proptest! {
        #[test]
        fn it_is_an_order(a in "[a-bA-B01é]{0,6}", b in "[a-bA-B01é]{0,6}", c in "[a-bA-B01é]{0,6}") {
            assert_eq!(natural(&a, &b), natural(&b, &a).reverse());
            assert_eq!(natural(&a, &b) == Ordering::Equal, a == b);
            if natural(&a, &b).is_le() && natural(&b, &c).is_le() {
                assert!(natural(&a, &c).is_le());
            }
        }
    }
}
