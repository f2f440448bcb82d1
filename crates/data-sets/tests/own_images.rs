//! A user's own images: folders of pictures, and what is told when they are wrong.

#![allow(clippy::unwrap_used, clippy::panic, reason = "in a test, a panic is a failure that is told")]

use std::fs;
use std::path::Path;

use data_sets::{BrokenFiles, Fitting, Opened, Picture, Reading, open};
use network::Shape;

const READING: Reading = Reading {
    shape: Shape::new(3, 2, 2),
    fitting: Fitting::Stretch,
    broken: BrokenFiles::Refuse,
    limit: usize::MAX,
};

fn png(path: &Path, (width, height): (u32, u32), color: png::ColorType, pixels: &[u8]) {
    let mut encoder = png::Encoder::new(fs::File::create(path).unwrap(), width, height);
    encoder.set_color(color);
    encoder.write_header().unwrap().write_image_data(pixels).unwrap();
}

fn plain(path: &Path, value: u8) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    png(path, (2, 2), png::ColorType::Grayscale, &[value; 4]);
}

fn open_all(path: &Path, broken: BrokenFiles) -> Result<Opened, String> {
    open(path, &Reading { broken, ..READING }).map_err(|error| error.to_string())
}

#[test]
fn class_folders_are_numbered_by_name_and_take_turns() {
    let folder = tempfile::tempdir().unwrap();
    for (file, value) in [("b/2.png", 40), ("b/1.png", 30), ("a/x.PNG", 10), ("b/3.png", 50), ("a/y.png", 20)]
    {
        plain(&folder.path().join(file), value);
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    fs::write(folder.path().join("a/notes.txt"), "no image").unwrap();
    let opened = open_all(folder.path(), BrokenFiles::Refuse).unwrap();
    // A folder without pictures keeps its number.
    assert_eq!(opened.classes, ["a", "b", "empty"]);
    assert_eq!(opened.images.labels(), Some(&[0, 1, 0, 1, 1][..]));
    let first: Vec<u8> = (0..5).map(|image| opened.images.pixels(image).unwrap()[0]).collect();
    assert_eq!(first, [10, 30, 20, 40, 50]);
    let two = open(folder.path(), &Reading { limit: 2, ..READING }).unwrap();
    assert_eq!(two.images.labels(), Some(&[0, 1][..]));
}

#[test]
fn files_without_class_folders_have_no_labels_and_a_stray_among_folders_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    plain(&folder.path().join("1.png"), 7);
    assert_eq!(open_all(folder.path(), BrokenFiles::Refuse).unwrap().images.labels(), None);
    plain(&folder.path().join("class/2.png"), 8);
    let error = open_all(folder.path(), BrokenFiles::Refuse).unwrap_err();
    assert!(error.contains("1.png: lies beside class folders"), "{error}");
}

#[test]
fn a_broken_file_is_named_and_stops_or_is_left_out_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    plain(&folder.path().join("a/good.png"), 1);
    let whole = fs::read(folder.path().join("a/good.png")).unwrap();
    fs::write(folder.path().join("a/cut.png"), &whole[..whole.len() - 20]).unwrap();
    fs::write(folder.path().join("a/text.jpg"), "this is text").unwrap();
    let error = open_all(folder.path(), BrokenFiles::Refuse).unwrap_err();
    assert!(error.contains("cut.png: "), "{error}");
    let opened = open_all(folder.path(), BrokenFiles::Skip).unwrap();
    assert_eq!(opened.images.len(), 1);
    let skipped: Vec<_> = opened.skipped.iter().map(|skipped| skipped.path.file_name().unwrap()).collect();
    assert_eq!(skipped, ["cut.png", "text.jpg"]);
    // A limit counts the images that are read.
    let one = open(folder.path(), &Reading { limit: 1, broken: BrokenFiles::Skip, ..READING }).unwrap();
    assert_eq!(one.images.len(), 1);
    fs::remove_file(folder.path().join("a/good.png")).unwrap();
    let error = open_all(folder.path(), BrokenFiles::Skip).unwrap_err();
    assert!(error.contains("none of its 2 image files can be read; the first: "), "{error}");
}

#[test]
fn png_files_of_every_colour_type_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.png");
    for (color, pixels, expected) in [
        (png::ColorType::Grayscale, &[9][..], &[9][..]),
        (png::ColorType::GrayscaleAlpha, &[9, 100], &[9]),
        (png::ColorType::Rgb, &[1, 2, 3], &[1, 2, 3]),
        (png::ColorType::Rgba, &[1, 2, 3, 0], &[1, 2, 3]),
    ] {
        png(&path, (1, 1), color, pixels);
        assert_eq!(Picture::load(&path).unwrap().pixels, expected, "{color:?}");
    }
    let mut encoder = png::Encoder::new(fs::File::create(&path).unwrap(), 2, 1);
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_palette(vec![10, 11, 12, 20, 21, 22]);
    encoder.write_header().unwrap().write_image_data(&[1, 0]).unwrap();
    assert_eq!(Picture::load(&path).unwrap().pixels, [20, 21, 22, 10, 11, 12]);
}

#[test]
fn a_jpeg_is_decoded_to_its_colours_and_a_cut_one_is_told() {
    let bytes = include_bytes!("half-red-half-blue.jpg");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.jpeg");
    fs::write(&path, bytes).unwrap();
    let picture = Picture::load(&path).unwrap();
    assert_eq!((picture.height, picture.width, picture.channels), (16, 32, 3));
    for (column, expected) in [(0, [254_u8, 0, 0]), (31, [0, 0, 254])] {
        let pixel = &picture.pixels[3 * column..3 * column + 3];
        assert!(pixel.iter().zip(expected).all(|(a, b)| a.abs_diff(b) <= 2), "{pixel:?}");
    }
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(Picture::load(&path).unwrap_err().to_string().contains("x.jpeg: "));
}

#[test]
fn what_is_no_image_set_is_told_with_all_that_is() {
    let folder = tempfile::tempdir().unwrap();
    let error = open_all(folder.path(), BrokenFiles::Refuse).unwrap_err();
    for words in ["class subfolders", "CIFAR-10", "idx3-ubyte", ".npy", ".safetensors"] {
        assert!(error.contains(words), "{words}: {error}");
    }
    let error = open_all(Path::new("/nowhere/x.tiff"), BrokenFiles::Refuse).unwrap_err();
    assert!(error.starts_with("/nowhere/x.tiff: cannot be read"), "{error}");
}

#[test]
fn damage_at_any_byte_of_a_picture_is_an_error_or_a_picture_and_never_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    plain(&folder.path().join("x.png"), 5);
    let path = folder.path().join("y");
    for bytes in
        [fs::read(folder.path().join("x.png")).unwrap(), include_bytes!("half-red-half-blue.jpg").to_vec()]
    {
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 0x55;
            fs::write(&path, &damaged).unwrap();
            let _ = Picture::load(&path);
            fs::write(&path, &bytes[..at]).unwrap();
            let _ = Picture::load(&path);
        }
    }
}

#[test]
fn a_class_without_pictures_that_are_read_does_not_shift_the_others() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("1-empty")).unwrap();
    fs::create_dir_all(folder.path().join("2-strange")).unwrap();
    fs::write(folder.path().join("2-strange/x.heic"), "of a kind that is not read").unwrap();
    plain(&folder.path().join("3-deep/inside/x.png"), 30);
    plain(&folder.path().join("4/x.png"), 40);
    let opened = open_all(folder.path(), BrokenFiles::Refuse).unwrap();
    assert_eq!(opened.images.labels(), Some(&[2, 3][..]));
    assert_eq!(opened.notes.len(), 2);
    assert!(
        opened.notes[0].contains("`1-empty` holds no pictures; it keeps its number, 0"),
        "{:?}",
        opened.notes
    );
    assert!(opened.notes[1].contains("`2-strange` (number 1): 1 files are not read"), "{:?}", opened.notes);
}

#[test]
fn folders_that_are_named_by_numbers_are_numbered_as_text_and_that_is_said_once() {
    let folder = tempfile::tempdir().unwrap();
    for class in 0..12 {
        plain(&folder.path().join(format!("{class}/x.png")), class);
    }
    let opened = open_all(folder.path(), BrokenFiles::Refuse).unwrap();
    let first: Vec<u8> = (0..4).map(|image| opened.images.pixels(image).unwrap()[0]).collect();
    assert_eq!(first, [0, 1, 10, 11]);
    let [note] = opened.notes.as_slice() else { panic!("{:?}", opened.notes) };
    assert!(note.contains("`10` is class 2"), "{note}");
    for class in 0..12 {
        fs::rename(folder.path().join(class.to_string()), folder.path().join(format!("{class:03}"))).unwrap();
    }
    assert!(open_all(folder.path(), BrokenFiles::Refuse).unwrap().notes.is_empty());
}

#[test]
fn every_common_kind_of_picture_is_read_alike() {
    use image::{DynamicImage, ImageFormat, RgbImage};

    let folder = tempfile::tempdir().unwrap();
    let colours = RgbImage::from_fn(2, 2, |x, y| image::Rgb([10 + x as u8, 100 + y as u8, 200]));
    let picture = DynamicImage::ImageRgb8(colours);
    for (ending, format) in [
        ("bmp", ImageFormat::Bmp),
        ("ppm", ImageFormat::Pnm),
        ("tiff", ImageFormat::Tiff),
        ("webp", ImageFormat::WebP),
    ] {
        let path = folder.path().join(format!("x.{ending}"));
        picture.save_with_format(&path, format).unwrap();
        let found = Picture::load(&path).unwrap();
        assert_eq!((found.height, found.width, found.channels), (2, 2, 3), "{ending}");
        assert_eq!(found.pixels, picture.as_bytes(), "{ending}");
    }
    // 16-bit samples keep their upper byte.
    let path = folder.path().join("deep.tiff");
    let deep = image::ImageBuffer::<image::Luma<u16>, _>::from_raw(2, 1, vec![0x1234, 0xff00]).unwrap();
    DynamicImage::ImageLuma16(deep).save(&path).unwrap();
    assert_eq!(Picture::load(&path).unwrap().pixels, [0x12, 0xff]);
}

#[test]
fn networks_of_other_than_one_or_three_channels_do_not_read_pictures() {
    let folder = tempfile::tempdir().unwrap();
    plain(&folder.path().join("x.png"), 1);
    let reading = Reading { shape: Shape::new(4, 2, 2), ..READING };
    let error = open(folder.path(), &reading).unwrap_err().to_string();
    assert!(error.contains("pictures have one channel or three; the network reads 4"), "{error}");
}
