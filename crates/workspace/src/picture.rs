//! Pictures held against each other: those of two computers may differ by a shade, those of two figures do not.

/// The most bytes that a picture is decoded to; figures take a few millions.
const LARGEST: usize = 1 << 28;
/// By how much of 255 a value may differ: the last bit of a 32-bit float can turn a rounding.
const SHADE: u8 = 8;
/// The share of values that may differ by more, where an edge falls between two pixels.
const EDGES: f64 = 1e-3;

/// A picture's extents, its description, and its values.
struct Decoded {
    extents: (u32, u32),
    description: Option<String>,
    values: Vec<u8>,
}

/// How a PNG that is there differs from what it should be; none if only by what drawing on another computer may change.
pub fn difference(there: &[u8], expected: &[u8]) -> Option<String> {
    if there == expected {
        return None;
    }
    let (there, expected) = match (decoded(there), decoded(expected)) {
        (Ok(there), Ok(expected)) => (there, expected),
        (Err(why), _) => return Some(format!("no picture: {why}")),
        (_, Err(why)) => return Some(format!("cannot be compared: {why}")),
    };
    if there.description != expected.description {
        return Some("a picture of something else, by its description".to_owned());
    }
    if there.extents != expected.extents {
        let ((width, height), (expected_width, expected_height)) = (there.extents, expected.extents);
        return Some(format!("{width} x {height} pixels; expected {expected_width} x {expected_height}"));
    }
    let pairs = there.values.iter().zip(&expected.values);
    let differing = pairs.filter(|(a, b)| a.abs_diff(**b) > SHADE).count();
    let is_other = differing as f64 > EDGES * expected.values.len() as f64;
    is_other.then(|| "another picture".to_owned())
}

fn decoded(bytes: &[u8]) -> Result<Decoded, png::DecodingError> {
    let decoder = png::Decoder::new_with_limits(bytes, png::Limits { bytes: LARGEST });
    let mut reader = decoder.read_info()?;
    let size = reader.output_buffer_size();
    if size > LARGEST {
        return Err(png::DecodingError::LimitsExceeded);
    }
    let mut values = vec![0; size];
    let frame = reader.next_frame(&mut values)?;
    values.truncate(frame.buffer_size());
    reader.finish()?;
    let texts = &reader.info().utf8_text;
    let description = texts.iter().find(|text| text.keyword == "Description");
    let description = description.and_then(|text| text.get_text().ok());
    Ok(Decoded { extents: (frame.width, frame.height), description, values })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(description: &str, values: &[u8], width: u32) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, width, values.len() as u32 / width / 3);
        encoder.set_color(png::ColorType::Rgb);
        encoder.add_itxt_chunk("Description".into(), description.into()).unwrap();
        encoder.write_header().unwrap().write_image_data(values).unwrap();
        bytes
    }

    #[test]
    fn a_shade_is_no_difference_and_anything_else_is() {
        let values: Vec<u8> = (0..3000_u32).map(|value| (value % 251) as u8).collect();
        let expected = picture("fig7", &values, 10);
        assert_eq!(difference(&expected, &expected), None);
        let mut shaded = values.clone();
        shaded.iter_mut().for_each(|value| *value += 3);
        assert_eq!(difference(&picture("fig7", &shaded, 10), &expected), None);
        let inverted: Vec<u8> = values.iter().map(|value| 255 - value).collect();
        for (there, words) in [
            (picture("fig7", &inverted, 10), "another picture"),
            (picture("fig8", &values, 10), "something else"),
            (picture("fig7", &values, 20), "20 x 50 pixels; expected 10 x 100"),
            (expected[..expected.len() / 2].to_vec(), "no picture"),
            (b"<svg>".to_vec(), "no picture"),
        ] {
            let found = difference(&there, &expected).unwrap();
            assert!(found.contains(words), "{found}");
        }
    }
}
