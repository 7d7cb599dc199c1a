//! A smaller picture of a picture: never larger than it in pixels or bytes, never one that moves. Pure.

use super::sniff::Type;

/// A smaller picture: its type and bytes. `None`: the picture itself is the best there is.
#[cfg(not(feature = "transform"))]
pub(super) fn resize(_: &'static str, _: &[u8], _: u32, _: u64) -> Option<(Type, Vec<u8>)> {
    None
}

#[cfg(feature = "transform")]
pub(super) use with_transform::resize;

#[cfg(feature = "transform")]
mod with_transform {
    use std::io::Cursor;

    use fast_image_resize::{ResizeOptions, Resizer};
    use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
    use image::codecs::png::{PngDecoder, PngEncoder};
    use image::codecs::webp::WebPDecoder;
    use image::{DynamicImage, ImageDecoder, ImageEncoder, Limits};

    use super::Type;

    /// Of 100; artefacts are not seen at this size.
    const QUALITY: u8 = 82;

    /// A picture `width` pixels wide: its type and bytes. `None`: the picture itself is the best there
    /// is, or decoding it would take more than `memory` bytes.
    pub(in crate::images) fn resize(
        media_type: &'static str,
        bytes: &[u8],
        width: u32,
        memory: u64,
    ) -> Option<(Type, Vec<u8>)> {
        let reader = Cursor::new(bytes);
        let (picture, colours) = match media_type {
            "image/jpeg" => decode(JpegDecoder::new(reader).ok()?, width, memory)?,
            "image/png" => {
                let decoder = PngDecoder::new(reader).ok()?;
                if decoder.is_apng().ok()? {
                    return None;
                }
                decode(decoder, width, memory)?
            }
            "image/webp" => {
                let decoder = WebPDecoder::new(reader).ok()?;
                if decoder.has_animation() {
                    return None;
                }
                decode(decoder, width, memory)?
            }
            _ => return None,
        };
        let made = encode(&scaled(&picture, width)?, colours)?;
        (made.1.len() < bytes.len()).then_some(made)
    }

    /// The picture the right way up, and its colour profile.
    fn decode(
        mut decoder: impl ImageDecoder,
        width: u32,
        memory: u64,
    ) -> Option<(DynamicImage, Option<Vec<u8>>)> {
        let mut limits = Limits::default();
        limits.max_alloc = Some(memory);
        decoder.set_limits(limits).ok()?;
        // The decoded picture, its copy in 8 bits, and what the decoder needs beside it.
        if decoder.total_bytes().saturating_mul(3) > memory {
            return None;
        }
        let orientation = decoder.orientation().ok()?;
        let colours = decoder.icc_profile().ok().flatten();
        let mut picture = DynamicImage::from_decoder(decoder).ok()?;
        picture.apply_orientation(orientation);
        let picture = if picture.color().has_alpha() {
            DynamicImage::ImageRgba8(picture.into_rgba8())
        } else {
            DynamicImage::ImageRgb8(picture.into_rgb8())
        };
        (picture.width() > width).then_some((picture, colours))
    }

    fn scaled(picture: &DynamicImage, width: u32) -> Option<DynamicImage> {
        let height = u64::from(picture.height()) * u64::from(width) / u64::from(picture.width());
        let height = u32::try_from(height).ok()?.max(1);
        let mut smaller = DynamicImage::new(width, height, picture.color());
        Resizer::new()
            .resize(picture, &mut smaller, &ResizeOptions::new())
            .ok()?;
        Some(smaller)
    }

    /// As JPEG, or as PNG what can be seen through.
    fn encode(picture: &DynamicImage, colours: Option<Vec<u8>>) -> Option<(Type, Vec<u8>)> {
        let mut bytes = Vec::new();
        let size = (picture.width(), picture.height());
        let colour = picture.color().into();
        // A profile that cannot be kept is better lost than the picture.
        let kind = if picture.color().has_alpha() {
            let mut encoder = PngEncoder::new(&mut bytes);
            let _ = encoder.set_icc_profile(colours.unwrap_or_default());
            encoder
                .write_image(picture.as_bytes(), size.0, size.1, colour)
                .ok()?;
            Type::Png
        } else {
            let mut encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
            let _ = colours.map(|colours| encoder.set_icc_profile(colours));
            encoder
                .write_image(picture.as_bytes(), size.0, size.1, colour)
                .ok()?;
            Type::Jpeg
        };
        Some((kind, bytes))
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        /// A picture with something to see in it.
        fn picture(width: u32, height: u32) -> DynamicImage {
            let pixel =
                |x: u32, y: u32| image::Rgb([(x * 7 % 251) as u8, (y * 5 % 241) as u8, (x * y % 239) as u8]);
            DynamicImage::ImageRgb8(image::RgbImage::from_fn(width, height, pixel))
        }

        const PLENTY: u64 = 64 << 20;

        #[test]
        fn a_photo_gets_smaller_in_its_proportions() {
            let (_, photo) = encode(&picture(800, 400), None).expect("encoded");
            let (kind, small) = resize("image/jpeg", &photo, 320, PLENTY).expect("smaller");
            assert_eq!(kind, Type::Jpeg);
            let size = imagesize::blob_size(&small).expect("size");
            assert_eq!((size.width, size.height), (320, 160));
            assert!(small.len() < photo.len());
        }

        #[test]
        fn what_can_be_seen_through_stays_so() {
            let seen_through = DynamicImage::ImageRgba8(picture(400, 400).into_rgba8());
            let (kind, png) = encode(&seen_through, None).expect("encoded");
            assert_eq!(kind, Type::Png);
            let (kind, small) = resize("image/png", &png, 160, PLENTY).expect("smaller");
            assert_eq!(
                (kind, imagesize::blob_size(&small).expect("size").width),
                (Type::Png, 160)
            );
        }

        #[test]
        fn a_small_picture_a_broken_one_and_one_too_large_to_decode_stay_as_they_are() {
            let (_, photo) = encode(&picture(300, 200), None).expect("encoded");
            assert!(resize("image/jpeg", &photo, 320, PLENTY).is_none());
            assert!(resize("image/jpeg", &photo, 160, 10_000).is_none());
            assert!(resize("image/jpeg", photo.get(..300).expect("long"), 160, PLENTY).is_none());
            assert!(resize("image/gif", &photo, 160, PLENTY).is_none());
        }
    }
}
