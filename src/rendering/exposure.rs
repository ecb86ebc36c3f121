//! What a camera says, as photographers write it.

use imaging::Camera;

/// Camera, lens, focal length, aperture, shutter, sensitivity; what is not known is left out.
#[must_use]
pub fn line(camera: &Camera) -> Vec<String> {
    let focal = camera.focal_length.map(|length| match camera.focal_length_35 {
        Some(same) if length.to_string() != same.to_string() => format!("{length} mm ({same} mm in 35 mm format)"),
        _ => format!("{length} mm"),
    });
    let lens = camera.lens.clone().filter(|lens| Some(lens) != camera.model.as_ref());
    let aperture = camera.aperture.map(|aperture| format!("f/{aperture}"));
    let shutter = camera.exposure.map(|seconds| format!("{} s", seconds.shutter()));
    let sensitivity = camera.sensitivity.map(|iso| format!("ISO {iso}"));
    [camera.name(), lens, focal, aperture, shutter, sensitivity].into_iter().flatten().collect()
}

/// Who took a picture, and whose the rights are; each once.
#[must_use]
pub fn credits(camera: &Camera) -> Vec<String> {
    let told =
        |artist: &&String| camera.copyright.as_ref().is_none_or(|copyright| !copyright.contains(artist.as_str()));
    let artist = camera.artist.as_ref().filter(told).map(|artist| format!("Photograph: {artist}"));
    let copyright = camera.copyright.as_ref().map(|words| {
        let marked = ["©", "(c)", "copyright", "cc"].iter().any(|mark| words.to_lowercase().starts_with(mark));
        if marked { words.clone() } else { format!("© {words}") }
    });
    [artist, copyright].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use imaging::Ratio;

    use super::*;

    #[test]
    fn a_line_says_what_is_known() {
        let camera = Camera {
            make: Some("Canon".to_owned()),
            model: Some("Canon EOS 40D".to_owned()),
            lens: Some("EF50mm f/1.4 USM".to_owned()),
            exposure: Ratio::new(1, 250),
            aperture: Ratio::new(56, 10),
            sensitivity: Some(400),
            focal_length: Ratio::new(50, 1),
            focal_length_35: Some(80),
            ..Camera::default()
        };
        let expected =
            ["Canon EOS 40D", "EF50mm f/1.4 USM", "50 mm (80 mm in 35 mm format)", "f/5.6", "1/250 s", "ISO 400"];
        assert_eq!(line(&camera), expected);
        assert_eq!(line(&Camera::default()), [""; 0]);
    }

    #[test]
    fn rights_are_marked_once() {
        for (artist, copyright, expected) in [
            (Some("Ada"), Some("Ada 2008"), vec!["© Ada 2008"]),
            (Some("Ada"), Some("© The museum"), vec!["Photograph: Ada", "© The museum"]),
            (Some("Ada"), None, vec!["Photograph: Ada"]),
            (None, Some("CC BY 4.0"), vec!["CC BY 4.0"]),
            (None, None, vec![]),
        ] {
            let owned = |words: Option<&str>| words.map(str::to_owned);
            let camera = Camera { artist: owned(artist), copyright: owned(copyright), ..Camera::default() };
            assert_eq!(credits(&camera), expected);
        }
    }
}
