//! Tracking pixels, parameters, redirectors and share buttons: lists as data.
