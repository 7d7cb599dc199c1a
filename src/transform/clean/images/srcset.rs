//! The WHATWG srcset attribute (HTML §4.8.4.2.1).
