//! Counts what is looked at and what later steps are made to look at, in tests: so that "linear" is a fact and not a feeling.

#[cfg(test)]
thread_local! {
    static STEPS: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Notes that `steps` bytes or elements were looked at.
#[cfg(test)]
pub(super) fn did(steps: usize) {
    STEPS.with(|count| count.set(count.get() + steps as u64));
}

/// Notes that `steps` bytes or elements were looked at.
#[cfg(not(test))]
pub(super) fn did(_steps: usize) {}

/// How much was looked at on this thread while `f` ran.
#[cfg(test)]
pub(super) fn of(f: impl FnOnce()) -> u64 {
    let before = STEPS.with(std::cell::Cell::get);
    f();
    STEPS.with(std::cell::Cell::get) - before
}
