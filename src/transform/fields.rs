//! The audited table: every place where a feed can hold markup or an address.
