//! 7 REWRITE: the event stream. It passes everything and stops only at markup, addresses and the
//! nodes we own.
