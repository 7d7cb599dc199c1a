//! One file per command; each calls the same ★ functions as the server.
