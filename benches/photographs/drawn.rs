//! Photographs that no camera took, as large as those that one does take.

/// Pixels from left to right.
pub(crate) const WIDTH: u16 = 6000;

/// Pixels from top to bottom.
pub(crate) const HEIGHT: u16 = 4000;

/// A TIFF header and two tags: who made the camera (`genblog`, at byte 38), and that the picture stands upright.
const EXIF: &[u8] = b"Exif\0\0II*\0\x08\0\0\0\x02\0\x0f\x01\x02\0\x08\0\0\0\x26\0\0\0\x12\x01\x03\0\x01\0\0\0\x01\0\0\0\0\0\0\0genblog\0";

/// Hills of several sizes in several colours, edges, and the noise of a sensor.
pub(crate) fn photograph(number: u32, (across, down): (u16, u16)) -> Vec<u8> {
    let (width, height) = (usize::from(across), usize::from(down));
    let mut random = 0x9e37_79b9 ^ number.wrapping_mul(0x85eb_ca6b) | 1;
    let mut noise = move || {
        random ^= random << 13;
        random ^= random >> 17;
        random ^= random << 5;
        random
    };
    let mut pixels = vec![128_i32; width * height * 3];
    for (step, strength) in [(800, 90), (200, 50), (50, 24), (12, 12), (3, 8)] {
        let across = width / step + 2;
        let heights: Vec<i32> =
            (0..across * (height / step + 2) * 3).map(|_| i32::try_from(noise() % 256).expect("small") - 128).collect();
        let at = |x: usize, y: usize, channel: usize| heights[(y * across + x) * 3 + channel];
        for y in 0..height {
            let (row, down) = (y / step, i32::try_from(y % step).expect("small"));
            for x in 0..width {
                let (column, right) = (x / step, i32::try_from(x % step).expect("small"));
                let scale = i32::try_from(step).expect("small");
                for channel in 0..3 {
                    let above = at(column, row, channel) * (scale - right) + at(column + 1, row, channel) * right;
                    let below =
                        at(column, row + 1, channel) * (scale - right) + at(column + 1, row + 1, channel) * right;
                    let value = (above / scale * (scale - down) + below / scale * down) / scale;
                    pixels[(y * width + x) * 3 + channel] += value * strength / 128;
                }
            }
        }
    }
    let bytes: Vec<u8> = pixels
        .chunks_exact(3)
        .flat_map(|pixel| {
            // A hard edge where two hills meet, and what a sensor adds.
            let edge = if pixel[0] > pixel[1] + 20 { 30 } else { 0 };
            let grain = i32::try_from(noise() % 9).expect("small") - 4;
            [0, 1, 2].map(|channel| u8::try_from((pixel[channel] + edge + grain).clamp(0, 255)).expect("a byte"))
        })
        .collect();
    let mut file = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut file, 92);
    encoder.add_app_segment(1, EXIF.to_vec()).expect("it fits");
    encoder.encode(&bytes, across, down, jpeg_encoder::ColorType::Rgb).expect("it fits");
    file
}
