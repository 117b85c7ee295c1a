//! Characters that nobody sees.

use unicode_width::UnicodeWidthChar;

/// Whether a character leaves no mark on a screen: white space, a control, a filler, a joiner, a mark of direction.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    let is_filler = matches!(
        c,
        '\u{ad}' | '\u{115f}' | '\u{1160}' | '\u{2800}' | '\u{fff9}'..='\u{fffb}'
    );
    c.is_whitespace() || is_filler || c.width().unwrap_or(0) == 0
}

/// Whether there is nothing to see in `text`.
#[must_use]
pub fn is_blank(text: &str) -> bool {
    text.chars().all(is_invisible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leaves_no_mark_is_invisible() {
        for blank in [
            "",
            " \t\u{3000}\u{a0}",
            "\0",
            "\u{7}\u{1b}\u{7f}\u{85}",
            "\u{200b}\u{200c}\u{200d}\u{200e}\u{200f}",
            "\u{202a}\u{202b}\u{202c}\u{202d}\u{202e}",
            "\u{2060}\u{2061}\u{2066}\u{2067}\u{2068}\u{2069}\u{feff}",
            "\u{3164}\u{ffa0}\u{115f}\u{1160}",
            "\u{ad}\u{34f}\u{61c}\u{180e}\u{2800}",
            "\u{fe0f}\u{e0001}\u{e0020}\u{fff9}",
        ] {
            for c in blank.chars() {
                assert!(is_invisible(c), "{c:?}");
            }
            assert!(is_blank(blank), "{blank:?}");
        }
        for text in [
            "张三",
            "a",
            "\u{200b}a",
            "❤\u{fe0f}",
            ".",
            "é",
            "\u{1f468}\u{200d}\u{1f469}",
            "ก",
        ] {
            assert!(!is_blank(text), "{text:?}");
        }
    }
}
