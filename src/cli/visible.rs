//! Text of users on a terminal: what would write over it, or hide in it, is shown by its number.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Whether a character is a control character, turns the direction of a line, or shows nothing.
fn is_hidden(char: char) -> bool {
    char.is_control()
        || matches!(char,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// The text with its hidden characters as `\u{202e}`.
pub fn visible(text: &str) -> Cow<'_, str> {
    escaped(text, |char| char.escape_unicode().to_string())
}

/// JSON with its hidden characters as JSON escapes: they are in its strings only, so the value is the same.
pub fn visible_json(json: &str) -> Cow<'_, str> {
    escaped(json, |char| match char {
        '\n' => char.to_string(),
        char => {
            let mut units = [0; 2];
            let units = char.encode_utf16(&mut units).iter();
            let escapes: Vec<_> = units.map(|unit| format!("\\u{unit:04x}")).collect();
            escapes.concat()
        }
    })
}

/// Lines with their hidden characters as in [`visible`], but for the ends of lines and tabs.
pub fn visible_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |char| match char {
        '\n' | '\t' => char.to_string(),
        char => char.escape_unicode().to_string(),
    })
}

/// The text with these hidden characters shown, but for the white space that a cell of a file may have.
pub fn visible_cell(text: &str) -> Cow<'_, str> {
    escaped(text, |char| match char {
        '\n' | '\r' | '\t' => char.to_string(),
        char => char.escape_unicode().to_string(),
    })
}

fn escaped(text: &str, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let chars = text.chars().map(|char| {
        if is_hidden(char) {
            escape(char)
        } else {
            char.to_string()
        }
    });
    Cow::Owned(chars.collect())
}

/// Columns of a terminal that the text takes; a Chinese character takes two.
pub fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns, its end cut off for a `…`.
pub fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut room = columns.saturating_sub(1);
    let fitting = text.chars().take_while(|char| {
        let width = char.width().unwrap_or(0);
        let fits = width <= room;
        room = room.saturating_sub(width);
        fits
    });
    let mut cut: String = fitting.collect();
    cut.push('…');
    Cow::Owned(cut)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_writes_over_a_terminal_or_hides_is_shown() {
        for (text, shown) in [
            ("张三 Anne", "张三 Anne"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("a\u{9b}b", "a\\u{9b}b"),
            ("nnA\u{202e}", "nnA\\u{202e}"),
            ("\u{2066}x\u{2069}", "\\u{2066}x\\u{2069}"),
            ("a\u{200b}b\u{3164}", "a\\u{200b}b\\u{3164}"),
            ("a\nb", "a\\u{a}b"),
        ] {
            assert_eq!(visible(text), shown);
        }
    }

    #[test]
    fn lines_stay_lines() {
        assert_eq!(
            visible_lines("a\tb\nc\r\u{1b}\u{202e}"),
            "a\tb\nc\\u{d}\\u{1b}\\u{202e}"
        );
    }

    #[test]
    fn json_keeps_its_value() {
        let text = "a\u{1b}\u{9b}\u{202e}\u{200b}\u{e0041}\n";
        let json = serde_json::to_string_pretty(&serde_json::json!({ "a": text })).unwrap();
        let shown = visible_json(&json);
        assert!(!shown.contains(|char: char| char != '\n' && is_hidden(char)));
        let back: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert_eq!(back["a"], text);
    }

    #[test]
    fn a_long_text_is_cut_by_the_columns_that_it_takes() {
        for (text, columns, shown) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("张三李四", 8, "张三李四"),
            ("张三李四", 7, "张三李…"),
            ("张三李四", 6, "张三…"),
        ] {
            assert_eq!(cut(text, columns), shown, "{text} {columns}");
            assert!(width(&cut(text, columns)) <= columns);
        }
    }
}
