//! What a picture is by its first bytes (WHATWG MIME Sniffing §6.1).
