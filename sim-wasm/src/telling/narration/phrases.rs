//! Pieces of sentences: counts, places, numbers and times.
//!
//! Not modelled: other languages, and sentences for several events at once.

use crate::hypervisor::grant_entry::{GTF_INVALID, GTF_PERMIT_ACCESS, GTF_READING, GTF_READONLY, GTF_WRITING};
use crate::words::ids::GrantRef;
use crate::words::text::Text;
use crate::words::time::Time;

/// `3 pages`, `1 page`.
pub(super) fn count_of(out: &mut Text, count: u32, thing: &str) {
    out.push_u32(count).push_char(' ').push_str(thing);
    if count != 1 {
        out.push_char('s');
    }
}

/// `the page`, `3 pages`.
pub(super) fn the(out: &mut Text, count: u32, thing: &str) {
    if count == 1 {
        out.push_str("the ").push_str(thing);
    } else {
        count_of(out, count, thing);
    }
}

/// `request 3`, or `4 requests`.
pub(super) fn things(out: &mut Text, count: u32, thing: &str, id: u16) {
    if count == 1 {
        out.push_str(thing).push_char(' ').push_u32(u32::from(id));
    } else {
        count_of(out, count, thing);
    }
}

/// ` at index 3`, or ` at indexes 3 to 6`.
pub(super) fn push_places(out: &mut Text, preposition: &str, first: u32, count: u32) {
    out.push_str(preposition).push_str(if count == 1 { " index " } else { " indexes " });
    push_index(out, first);
    if count > 1 {
        out.push_str(" to ");
        push_index(out, first.wrapping_add(count - 1));
    }
}

/// `grant entry 9`, or `3 grant entries, 9 first`.
pub(super) fn push_entries(out: &mut Text, first: GrantRef, count: u32) {
    if count == 1 {
        out.push_str("grant entry ").push_u32(first.0);
    } else {
        out.push_u32(count).push_str(" grant entries, ").push_u32(first.0).push_str(" first");
    }
}

/// `3 to 6.`
pub(super) fn stretch(out: &mut Text, old: u32, new: u32) {
    push_index(out, old);
    out.push_str(" to ");
    push_index(out, new);
    out.push_char('.');
}

/// Whether the other side asked to hear of it.
pub(super) fn bell(out: &mut Text, event: u32, notify: bool, who: &str) {
    out.push_str(" The ").push_str(who).push_str(" asked for an event at ");
    push_index(out, event);
    out.push_str(if notify {
        ", which lies in this stretch: the bell rings."
    } else {
        ", which lies outside this stretch: no bell."
    });
}

/// Why Xen refused, as its header names it (`GNTST_*` of `xen/include/public/grant_table.h`).
pub(super) fn push_grant_status(out: &mut Text, status: i16) {
    out.push_str("status ").push_i32(i32::from(status));
    let name = match status {
        -1 => "general_error",
        -2 => "bad_domain",
        -3 => "bad_gntref",
        -4 => "bad_handle",
        -5 => "bad_virt_addr",
        -6 => "bad_dev_addr",
        -7 => "no_device_space",
        -8 => "permission_denied",
        -9 => "bad_page",
        -10 => "bad_copy_arg",
        -11 => "address_too_big",
        -12 => "eagain",
        -13 => "no_space",
        _ => return,
    };
    out.push_str(", ").push_str(name);
}

/// Writes the flags of an entry that lets pages be mapped, as a number and by name: `0x000d = permit_access | readonly | reading`
/// (`GTF_*` of `xen/include/public/grant_table.h`).
pub fn push_grant_flags(out: &mut Text, flags: u16) {
    out.push_str("0x").push_hex(u64::from(flags), 4);
    if flags == GTF_INVALID {
        out.push_str(" = invalid");
    }
    let mut separator = " = ";
    let names = [
        (GTF_PERMIT_ACCESS, "permit_access"),
        (GTF_READONLY, "readonly"),
        (GTF_READING, "reading"),
        (GTF_WRITING, "writing"),
    ];
    for (bit, name) in names {
        if flags & bit != 0 {
            out.push_str(separator).push_str(name);
            separator = " | ";
        }
    }
}

/// Writes a ring index: in decimal while it is small, in hexadecimal near the wrap.
pub fn push_index(out: &mut Text, index: u32) {
    if index < 100_000 {
        out.push_u32(index);
    } else {
        out.push_str("0x").push_hex(u64::from(index), 8);
    }
}

/// Writes a time with three digits at most after the point, in the unit that suits it.
pub fn push_time(out: &mut Text, time: Time) {
    let (unit, size) = match time.0 {
        0..1_000 => (" ns", 1),
        1_000..1_000_000 => (" µs", 1_000),
        1_000_000..1_000_000_000 => (" ms", 1_000_000),
        _ => (" s", 1_000_000_000),
    };
    out.push_u64(time.0 / size);
    let thousandths = time.0 % size * 1_000 / size;
    if thousandths > 0 {
        out.push_char('.');
        let (digits, width) = match thousandths {
            n if n % 100 == 0 => (n / 100, 1),
            n if n % 10 == 0 => (n / 10, 2),
            n => (n, 3),
        };
        out.push_padded(digits, width);
    }
    out.push_str(unit);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_take_the_unit_that_suits_them() {
        for (nanos, expect) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_000, "1 µs"),
            (12_112, "12.112 µs"),
            (2_860_000, "2.86 ms"),
            (2_006_000_000, "2.006 s"),
        ] {
            let mut text = Text::new();
            push_time(&mut text, Time(nanos));
            assert_eq!(text.as_str(), expect);
        }
    }

    #[test]
    fn places_are_told_from_first_to_last() {
        let mut text = Text::new();
        push_places(&mut text, "at", u32::MAX - 1, 4);
        push_places(&mut text, ", from", 7, 1);
        assert_eq!(text.as_str(), "at indexes 0xfffffffe to 1, from index 7");
    }
}
