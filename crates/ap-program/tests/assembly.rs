//! The parser of the assembly on text that is right, nearly right, and anything at all.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use ap_program::assembly::{AssemblyErrorKind, parse};
use proptest::prelude::*;
use proptest::sample::{Index, select};

const VALID: &str = "; y = x0 - x1
.geometry rows=64 columns=8 domains=16
.lut clear R
  - -> 0
.end
.lut subtract_in_place C A B
  010 -> 1-1
  011 -> --0
  101 -> 0-0
  100 -> --1
.end
load 0,0,0 -> c0.0:4>
load 4294967295,255,255 -> c5.0:4 ; the target
apply clear 1 c5.4:1
apply clear 1 c7.0:1
apply subtract_in_place 5 c7.0:1 c0.0:4> c5.0:5
store c5.0:5 signed -> 0
store c5.0:5 unsigned -> 4294967295
";

/// Words and pieces of words that the grammar knows, and some that it nearly knows.
const PIECES: [&str; 40] = [
    ".geometry",
    "rows=64",
    "columns=8",
    "domains=16",
    "rows=",
    "columns=-1",
    "domains=129",
    ".lut",
    ".end",
    "load",
    "apply",
    "store",
    "->",
    "signed",
    "unsigned",
    "clear",
    "add",
    "C",
    "A",
    "0",
    "1",
    "-",
    "01-",
    "-----",
    "0,0,0",
    "1,2",
    "c0.0:4",
    "c0.0:4>",
    "c.:",
    "c70000.0:1",
    "c0.300:1",
    "c0.0:0",
    "c0.0:256",
    "4294967296",
    "+5",
    ";",
    "\n",
    "\r\n",
    "\u{a0}",
    "é-",
];

fn never_panics_and_reads_back(text: &str) {
    if let Ok(program) = parse(text) {
        assert_eq!(parse(&program.to_string()).as_ref(), Ok(&program));
    }
}

/// One change of a text, at a place and with a piece.
#[derive(Debug, Clone)]
enum Change {
    Insert(Index, String),
    Delete(Index, usize),
    SwapLines(Index, Index),
    RepeatLine(Index),
    ReplaceWord(Index, String),
}

fn change() -> impl Strategy<Value = Change> {
    let piece =
        prop_oneof![select(PIECES.to_vec()).prop_map(str::to_owned), any::<char>().prop_map(String::from)];
    prop_oneof![
        (any::<Index>(), piece.clone()).prop_map(|(at, piece)| Change::Insert(at, piece)),
        (any::<Index>(), 1_usize..6).prop_map(|(at, count)| Change::Delete(at, count)),
        (any::<Index>(), any::<Index>()).prop_map(|(a, b)| Change::SwapLines(a, b)),
        any::<Index>().prop_map(Change::RepeatLine),
        (any::<Index>(), piece).prop_map(|(at, piece)| Change::ReplaceWord(at, piece)),
    ]
}

fn changed(text: &str, change: &Change) -> String {
    let characters: Vec<char> = text.chars().collect();
    let mut lines: Vec<&str> = text.lines().collect();
    if characters.is_empty() || lines.is_empty() {
        return text.to_owned();
    }
    match change {
        Change::Insert(at, piece) => {
            let (before, after) = characters.split_at(at.index(characters.len()));
            before.iter().collect::<String>() + piece + &after.iter().collect::<String>()
        }
        Change::Delete(at, count) => {
            let at = at.index(characters.len());
            let rest = characters.iter().skip(at + count);
            characters.iter().take(at).chain(rest).collect()
        }
        Change::SwapLines(a, b) => {
            let (a, b) = (a.index(lines.len()), b.index(lines.len()));
            lines.swap(a, b);
            lines.join("\n")
        }
        Change::RepeatLine(at) => {
            let at = at.index(lines.len());
            lines.insert(at, lines[at]);
            lines.join("\n")
        }
        Change::ReplaceWord(at, piece) => {
            let mut words: Vec<&str> = text.split(' ').collect();
            let at = at.index(words.len());
            words[at] = piece;
            words.join(" ")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn any_text_is_a_program_or_an_error(text: String) {
        never_panics_and_reads_back(&text);
    }

    #[test]
    fn any_sequence_of_words_is_a_program_or_an_error(words in prop::collection::vec(select(PIECES.to_vec()), 0..60)) {
        never_panics_and_reads_back(&words.join(" "));
        never_panics_and_reads_back(&format!("{VALID}{}", words.join(" ")));
    }

    #[test]
    fn a_program_with_a_few_mistakes_is_a_program_or_an_error(changes in prop::collection::vec(change(), 1..8)) {
        let text = changes.iter().fold(VALID.to_owned(), |text, change| changed(&text, change));
        never_panics_and_reads_back(&text);
    }

    #[test]
    fn an_error_names_a_line_of_the_text(changes in prop::collection::vec(change(), 1..8)) {
        let text = changes.iter().fold(VALID.to_owned(), |text, change| changed(&text, change));
        if let Err(error) = parse(&text) {
            prop_assert!(error.line <= text.lines().count(), "{error} in\n{text}");
        }
    }
}

#[test]
fn mistakes_are_named_with_their_line() {
    let parsed = parse(VALID).unwrap();
    assert_eq!(parsed.instructions.len(), 7);
    for (from, to, message) in [
        (".geometry", ".geometri", "line 2: found `.geometri rows=64 columns=8 domains=16`, expected"),
        ("rows=64", "rows=+64", "line 2: found `.geometry rows=+64"),
        ("columns=8", "columns=3", "line 2: an array has 4 to 4096 columns"),
        ("- -> 0", "- -> 00", "line 4: found `00`, expected one of `0`, `1`, `-`"),
        ("C A B", "", "line 6: look-up table `subtract_in_place` has 0 columns; 1 to 4 are supported"),
        (".lut subtract_in_place", ".lut clear", "line 6: `.lut clear` stands here a second time"),
        ("c0.0:4>", "c0.0:0", "line 12: found `c0.0:0`, expected an operand"),
        (
            "apply clear 1 c5.4:1",
            "apply clean 1 c5.4:1",
            "line 14: there is no table `clean`; defined are: clear,",
        ),
        ("apply clear 1 c5.4:1", "apply clear 0 c5.4:1", "line 14: found `0`, expected 1 to 255 bits"),
        ("c0.0:4> c5.0:5", "c5.0:5", "line 16: table `subtract_in_place` has 3 columns, but 2 operands"),
        ("signed -> 0", "sign -> 0", "line 17: found `sign`, expected `signed` or `unsigned`"),
        ("-> 4294967295", "-> 4294967296", "line 18: found `4294967296`, expected the number of an output"),
        (
            "unsigned -> 4294967295\n",
            "unsigned -> 0\n.lut x A\n",
            "line 19: found `the end of the text`, expected `.end`",
        ),
        (
            ".geometry rows=64 columns=8 domains=16\n",
            "",
            "line 17: found `the end of the text`, expected `.geometry",
        ),
    ] {
        let text = VALID.replacen(from, to, 1);
        assert_ne!(text, VALID, "{from}");
        let found = parse(&text).unwrap_err().to_string();
        assert!(found.starts_with(message), "{found}\nexpected {message}");
    }
}

#[test]
fn a_program_has_one_geometry_and_at_most_256_tables() {
    let twice = format!("{VALID}.geometry rows=1 columns=4 domains=1\n");
    assert_eq!(parse(&twice).unwrap_err().kind, AssemblyErrorKind::Repeated(".geometry".into()));
    let tables = |count: usize| (0..count).map(|i| format!(".lut t{i} R\n.end\n")).collect::<String>();
    let geometry = ".geometry rows=1 columns=4 domains=1\n";
    assert_eq!(parse(&format!("{geometry}{}", tables(256))).unwrap().luts.len(), 256);
    assert_eq!(
        parse(&format!("{geometry}{}", tables(257))).unwrap_err().kind,
        AssemblyErrorKind::TooManyLuts
    );
}
