//! The allow-list: the last hand on any markup.
