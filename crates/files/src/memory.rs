//! One budget of memory, which whoever reads a file asks before it takes what the file claims to need.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is taken where nobody can tell how much the computer has.
const UNKNOWN: u64 = 8 << 30;
/// The budget in bytes; 0 until it is set or asked for.
static BUDGET: AtomicU64 = AtomicU64::new(0);

/// Somebody asked for more memory than there is to give.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TooMuch {
    what: String,
    bytes: u64,
    budget: u64,
}

impl fmt::Display for TooMuch {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, bytes, budget) = (&self.what, in_words(self.bytes), in_words(self.budget));
        write!(out, "{what} asks for {bytes} of memory; the budget is {budget} (--memory)")
    }
}

impl std::error::Error for TooMuch {}

/// Bytes as a reader is told.
fn in_words(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

/// Sets the budget, in bytes.
pub fn set_budget(bytes: u64) {
    BUDGET.store(bytes.max(1), Ordering::Relaxed);
}

/// The budget in bytes: half of the memory that this process may have, if it was not set.
pub fn budget() -> u64 {
    match BUDGET.load(Ordering::Relaxed) {
        0 => {
            let half = machine().map_or(UNKNOWN, |bytes| bytes / 2).max(1);
            set_budget(half);
            half
        }
        set => set,
    }
}

/// The memory of the computer, or of the group of processes that this one is confined to.
fn machine() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let whole = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024;
    let confined = std::fs::read_to_string("/sys/fs/cgroup/memory.max").ok();
    let confined = confined.and_then(|text| text.trim().parse::<u64>().ok());
    Some(confined.map_or(whole, |confined| confined.min(whole)))
}

/// Asks for memory before it is taken.
///
/// # Errors
/// If it is more than the budget; the error says what for.
pub fn ask(what: impl fmt::Display, bytes: u64) -> Result<(), TooMuch> {
    let budget = budget();
    if bytes <= budget { Ok(()) } else { Err(TooMuch { what: what.to_string(), bytes, budget }) }
}

/// Memory that is taken bit by bit and kept, such as by the values of a model.
#[derive(Debug, Default)]
pub struct Account {
    taken: u64,
}

impl Account {
    /// Asks for more, beside what was taken.
    ///
    /// # Errors
    /// If all of it is more than the budget; the error says what for.
    pub fn take(&mut self, what: impl fmt::Display, bytes: u64) -> Result<(), TooMuch> {
        let taken = self.taken.saturating_add(bytes);
        ask(what, taken)?;
        self.taken = taken;
        Ok(())
    }
}

/// Bytes as a user writes them: `500MB`, `4GB`, `2GiB`, or a number of bytes.
///
/// # Errors
/// In words, if it is none.
pub fn parse_bytes(text: &str) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor: f64 = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "kb" | "k" => 1e3,
        "mb" | "m" => 1e6,
        "gb" | "g" => 1e9,
        "tb" | "t" => 1e12,
        "kib" => 1024.0,
        "mib" => f64::from(1 << 20),
        "gib" => f64::from(1 << 30),
        _ => return Err("expected bytes, such as 500MB, 4GB or 2GiB".to_owned()),
    };
    let bytes =
        number.parse::<f64>().map_err(|_| "expected bytes, such as 500MB, 4GB or 2GiB".to_owned())? * factor;
    // At least what any command takes anyway.
    if (1e6..1e15).contains(&bytes) { Ok(bytes as u64) } else { Err("expected 1MB to 1000TB".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_as_they_are_written() {
        for (text, bytes) in
            [("2000000", 2_000_000), ("1.5GB", 1_500_000_000), ("2GiB", 2 << 30), ("64m", 64_000_000)]
        {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in ["", "GB", "-1GB", "4XB", "1e9", "0", "1kB", "inf", "1.2.3GB"] {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_budget_is_a_share_of_what_there_is_and_what_is_beyond_it_is_named() {
        let budget = budget();
        assert!(budget > 1 << 24);
        assert!(ask("a table", budget).is_ok());
        let error = ask("a table", budget + 1).unwrap_err().to_string();
        assert!(error.starts_with("a table asks for ") && error.contains("(--memory)"), "{error}");
        let mut account = Account::default();
        account.take("half", budget / 2).unwrap();
        account.take("another", budget / 2).unwrap();
        assert!(account.take("one more", 2).is_err());
        assert!(account.take("absurd", u64::MAX).is_err());
    }
}
