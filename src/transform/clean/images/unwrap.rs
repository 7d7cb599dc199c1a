//! Recovers an origin address from the address of an image wrapper.
