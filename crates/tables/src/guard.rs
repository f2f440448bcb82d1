//! A guard around a library that may panic on a damaged file.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Once;

thread_local! {
    /// Whether a panic of this thread is told as an error, and not by whoever tells panics.
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// What a reader gives; a panic in it is an error in words. Memory that cannot be had ends the program all the same: what a file claims is
/// checked before, as far as it stands in its footer.
pub fn guarded<T>(read: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    static SILENCED: Once = Once::new();
    SILENCED.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !IS_GUARDED.get() {
                others(info);
            }
        }));
    });
    IS_GUARDED.set(true);
    // What the reader was making is dropped with it.
    let read = panic::catch_unwind(AssertUnwindSafe(read));
    IS_GUARDED.set(false);
    read.unwrap_or_else(|_| Err("it is damaged: the reader gave up".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_an_error_and_what_is_given_comes_through() {
        assert_eq!(guarded(|| Ok(3)), Ok(3));
        assert_eq!(guarded::<u8>(|| Err("no".into())), Err("no".to_owned()));
        assert!(guarded::<u8>(|| panic!("out of range")).unwrap_err().contains("damaged"));
        assert_eq!(guarded(|| Ok(4)), Ok(4));
    }
}
