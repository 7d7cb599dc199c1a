//! ★ One refresh: fetch → transform → date it.
