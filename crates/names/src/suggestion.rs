//! What somebody may have meant.

/// ` (did you mean ...?)` if a known name is close.
pub fn suggestion(found: &str, known: &[String]) -> String {
    let closest = known.iter().map(|name| (edit_distance(found, name), name)).min();
    match closest {
        Some((distance, name)) if distance <= 1 + found.len() / 4 => format!(" (did you mean `{name}`?)"),
        _ => String::new(),
    }
}

/// Levenshtein's distance.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, &cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_gets_a_suggestion_and_a_stranger_none() {
        let known = ["fig2", "fig7", "table1"].map(String::from);
        assert_eq!(suggestion("gif7", &known), " (did you mean `fig7`?)");
        assert_eq!(suggestion("energy", &known), "");
    }
}
