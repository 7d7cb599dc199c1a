//! Addresses: absolute and harmless, or gone.
