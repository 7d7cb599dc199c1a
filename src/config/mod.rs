//! What an operator can say: file shape, units, environment; all faults at once, with spans.
