//! Addresses for mail.

/// Whether a text is one address without a name, as feeds may write it: to a good approximation, since nobody is asked. A host without
/// a dot is known in its own house only.
#[must_use]
pub fn is_address(text: &str) -> bool {
    let Some((user, host)) = text.rsplit_once('@') else { return false };
    let odd = |c: char| c.is_whitespace() || c.is_control() || "()<>[]:;,\\\"@".contains(c);
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-');
    !user.is_empty() && !user.contains(odd) && host.contains('.') && host.split('.').all(is_part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_for_mail_has_two_sides_and_no_name() {
        for (text, expect) in [
            ("a.writer+feeds@example.org", true),
            ("a.b+c@mail.example.org", true),
            ("größe@example.org", true),
            ("root@localhost", false),
            ("A. Writer <a@example.org>", false),
            ("a@example.org (A. Writer)", false),
            ("a b@example.org", false),
            ("a@b@c", false),
            ("@example.org", false),
            ("a@example..org", false),
            ("a@exa_mple/org", false),
            ("a@", false),
            ("a", false),
        ] {
            assert_eq!(is_address(text), expect, "{text}");
        }
    }
}
