//! Resolve, judge, dial, TLS: the address judged is the address dialled.
