//! The quick tier: every experiment with fewer images, trials, draws and networks, to see within minutes that all of it works here.

/// What a quick experiment says of itself.
pub const SAID: &str = "quick: fewer images, trials, draws, networks and ways";

/// The first and the last of a list.
pub fn keep_ends<T>(list: &mut Vec<T>) {
    if list.len() > 2 {
        list.drain(1..list.len() - 1);
    }
}
