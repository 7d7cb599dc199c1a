//! Which redirect may be followed. Pure.
