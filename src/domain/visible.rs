//! Characters that nobody sees.

use unicode_width::UnicodeWidthChar;

/// Marks that begin and end text of another direction, and so change how what follows is read.
const TURNS: [char; 9] = [
    '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}', '\u{2067}', '\u{2068}',
    '\u{2069}',
];

/// Whether a character leaves no mark on a screen: white space, a control, a filler, a joiner, a mark of direction.
#[must_use]
pub fn is_invisible(c: char) -> bool {
    let is_filler = matches!(
        c,
        '\u{ad}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{2800}'
            | '\u{fff9}'..='\u{fffc}'
            | '\u{13430}'..='\u{1343f}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d159}'
            | '\u{1d173}'..='\u{1d17a}'
    );
    c.is_whitespace() || is_filler || is_noncharacter(c) || c.width().unwrap_or(0) == 0
}

/// Whether Unicode will never give the code point to a character.
fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

/// Whether no text for people has the character: a control that is no white space, a turn of direction, a noncharacter.
#[must_use]
pub fn is_stray(c: char) -> bool {
    c.is_control() && !c.is_whitespace() || TURNS.contains(&c) || is_noncharacter(c)
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
            "\u{fffc}\u{1d159}\u{1d173}\u{13430}\u{1343f}\u{1bca0}\u{16fe4}",
            "\u{fdd0}\u{fdef}\u{ffff}\u{1fffe}\u{10ffff}",
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
