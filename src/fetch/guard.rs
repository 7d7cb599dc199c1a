//! Which addresses may be dialled. Pure.

use std::net::IpAddr;

use ipnet::IpNet;

/// Addresses that may be dialled though they are not public.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allow {
    /// Networks, any port.
    pub networks: Vec<IpNet>,
    /// Names or literals with a port (`nas.lan:8080`), as the address is written.
    pub hosts: Vec<(String, u16)>,
}

/// True when `ip` is on the public internet (formats of the table in the security notes, RFC 6890).
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    let _ = ip;
    false
}
