//! `X-Hub-Signature` (WebSub §8): `method=hexadecimal`, an HMAC of the body under the subscriber's secret. Pure.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Sha256, Sha384, Sha512};

/// What a signature says of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged {
    /// Who sent it knows the secret.
    Right,
    /// It is there, and made in a way (SHA-1) that proves nothing any more.
    Weak,
    /// It is missing, unreadable or wrong.
    Wrong,
}

/// Signs `body`.
pub(super) fn sign(secret: &str, body: &[u8]) -> Option<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).ok()?;
    mac.update(body);
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Some(format!("sha256={digits}"))
}

/// Judges `signature`; takes the same time for any wrong one.
pub(super) fn judge(secret: &str, signature: Option<&str>, body: &[u8]) -> Judged {
    let Some((method, digits)) = signature.and_then(|signature| signature.trim().split_once('=')) else {
        return Judged::Wrong;
    };
    let Some(tag) = bytes(digits) else {
        return Judged::Wrong;
    };
    macro_rules! is_right {
        ($hash:ty) => {
            Hmac::<$hash>::new_from_slice(secret.as_bytes()).is_ok_and(|mut mac| {
                mac.update(body);
                mac.verify_slice(&tag).is_ok()
            })
        };
    }
    let right = match method.to_ascii_lowercase().as_str() {
        "sha256" => is_right!(Sha256),
        "sha384" => is_right!(Sha384),
        "sha512" => is_right!(Sha512),
        "sha1" if tag.len() == 20 => return Judged::Weak,
        _ => false,
    };
    if right { Judged::Right } else { Judged::Wrong }
}

fn bytes(digits: &str) -> Option<Vec<u8>> {
    let is_hex = digits.len().is_multiple_of(2)
        && digits.len() <= 128
        && digits.bytes().all(|b| b.is_ascii_hexdigit());
    let pairs = is_hex.then(|| (0..digits.len()).step_by(2));
    pairs?
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_sign_is_right_and_anything_else_is_not() {
        let signed = sign("secret", b"body").expect("signed");
        // RFC 4231, test case 2.
        let known = sign("Jefe", b"what do ya want for nothing?").expect("signed");
        assert_eq!(
            known,
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(judge("secret", Some(&signed), b"body"), Judged::Right);
        let upper = signed.to_ascii_uppercase();
        assert_eq!(judge("secret", Some(&upper), b"body"), Judged::Right);
        for (secret, signature, body) in [
            ("other", signed.as_str(), "body"),
            ("secret", &signed, "bodz"),
            ("secret", &signed[..signed.len() - 2], "body"),
            ("secret", "sha256=", "body"),
            ("secret", "md5=00", "body"),
            ("secret", "", "body"),
            ("secret", "sha256=zz", "body"),
        ] {
            assert_eq!(
                judge(secret, Some(signature), body.as_bytes()),
                Judged::Wrong,
                "{signature}"
            );
        }
        assert_eq!(judge("secret", None, b"body"), Judged::Wrong);
        let sha1 = format!("sha1={}", "00".repeat(20));
        assert_eq!(judge("secret", Some(&sha1), b"body"), Judged::Weak);
    }
}
