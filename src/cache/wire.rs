//! How plain values lie in a record and in memory: numbers as LEB128, everything else with its length before it.
//!
//! Strict and bounded: what is cut, too long or left over is no value.

use std::ops::Range;
use std::sync::Arc;

use bytes::{Buf as _, Bytes};
use url::Url;

use crate::message::Address;

/// Room reserved for a list before its elements are seen: a damaged length must not reserve gigabytes.
const RESERVED: usize = 1024;

/// A value that can be written down and read again.
pub(super) trait Wire: Sized {
    fn write(&self, out: &mut Vec<u8>);
    /// `None`: these bytes are no such value.
    fn read(from: &mut Bytes) -> Option<Self>;
}

/// The next `length` bytes, shared with the record.
pub(super) fn take(from: &mut Bytes, length: usize) -> Option<Bytes> {
    (length <= from.len()).then(|| from.split_to(length))
}

/// Writes and reads a struct field by field, in this order.
macro_rules! fields {
    ($type:ty { $($field:ident),* $(,)? }) => {
        impl $crate::cache::wire::Wire for $type {
            fn write(&self, out: &mut Vec<u8>) {
                $($crate::cache::wire::Wire::write(&self.$field, out);)*
            }
            fn read(from: &mut bytes::Bytes) -> Option<Self> {
                Some(Self { $($field: $crate::cache::wire::Wire::read(from)?),* })
            }
        }
    };
}
pub(super) use fields;

impl Wire for u64 {
    fn write(&self, out: &mut Vec<u8>) {
        let mut rest = *self;
        while rest >= 0x80 {
            out.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        out.push(rest.to_le_bytes()[0]);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = u8::read(from)?;
            let bits = Self::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return None;
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Some(value);
            }
        }
        None
    }
}

impl Wire for u8 {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let byte = *from.first()?;
        // Not `take`, which counts one more who shares the record, for each byte of each number.
        from.advance(1);
        Some(byte)
    }
}

/// Smaller numbers are written as the largest.
macro_rules! numbers {
    ($($type:ty),*) => {$(
        impl Wire for $type {
            fn write(&self, out: &mut Vec<u8>) {
                u64::try_from(*self).unwrap_or(u64::MAX).write(out);
            }
            fn read(from: &mut Bytes) -> Option<Self> {
                u64::read(from)?.try_into().ok()
            }
        }
    )*};
}
numbers!(u16, u32, usize);

impl Wire for bool {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        match u8::read(from)? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }
}

impl Wire for [u8; 16] {
    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        take(from, 16)?.as_ref().try_into().ok()
    }
}

impl Wire for Bytes {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        out.extend_from_slice(self);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let length = usize::read(from)?;
        take(from, length)
    }
}

fn write_text(text: &str, out: &mut Vec<u8>) {
    text.len().write(out);
    out.extend_from_slice(text.as_bytes());
}

impl Wire for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let bytes = Bytes::read(from)?;
        std::str::from_utf8(&bytes).ok().map(str::to_owned)
    }
}

impl Wire for Arc<str> {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self, out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        String::read(from).map(Self::from)
    }
}

impl Wire for Url {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self.as_str(), out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        Self::parse(&String::read(from)?).ok()
    }
}

impl Wire for Address {
    fn write(&self, out: &mut Vec<u8>) {
        write_text(self.as_str(), out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        Url::read(from).map(Self::from)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        if bool::read(from)? {
            T::read(from).map(Some)
        } else {
            Some(None)
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        for value in self {
            value.write(out);
        }
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let length = usize::read(from)?;
        let mut values = Self::with_capacity(length.min(RESERVED));
        for _ in 0..length {
            values.push(T::read(from)?);
        }
        Some(values)
    }
}

impl<T: Wire> Wire for Arc<[T]> {
    fn write(&self, out: &mut Vec<u8>) {
        self.len().write(out);
        for value in self.iter() {
            value.write(out);
        }
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        Vec::read(from).map(Self::from)
    }
}

impl Wire for Range<usize> {
    fn write(&self, out: &mut Vec<u8>) {
        self.start.write(out);
        self.end.write(out);
    }

    fn read(from: &mut Bytes) -> Option<Self> {
        let (start, end) = (usize::read(from)?, usize::read(from)?);
        (start <= end).then_some(start..end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_written_is_read_and_nothing_is_left(
            number in any::<u64>(),
            texts in proptest::collection::vec(".{0,40}", 0..5),
            flag in proptest::option::of(any::<bool>()),
        ) {
            let mut out = Vec::new();
            number.write(&mut out);
            texts.write(&mut out);
            flag.write(&mut out);
            let mut bytes = Bytes::from(out);
            prop_assert_eq!(u64::read(&mut bytes), Some(number));
            prop_assert_eq!(Vec::<String>::read(&mut bytes), Some(texts));
            prop_assert_eq!(Option::<bool>::read(&mut bytes), Some(flag));
            prop_assert!(bytes.is_empty());
        }

        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let bytes = Bytes::from(bytes);
            let _may_be_none = Vec::<String>::read(&mut bytes.clone());
            let _may_be_none = Vec::<Url>::read(&mut bytes.clone());
            let _may_be_none = u64::read(&mut bytes.clone());
        }
    }

    #[test]
    fn a_length_beyond_the_end_is_refused_at_once() {
        let mut out = Vec::new();
        u64::MAX.write(&mut out);
        let mut bytes = Bytes::from(out);
        assert_eq!(Vec::<String>::read(&mut bytes), None);
    }
}
