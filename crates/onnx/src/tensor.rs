//! Tensors of a file, in any of the ways that ONNX stores values: typed fields, raw bytes, or bytes of another file.

use std::fmt;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path};

use crate::array::{Array, Values, length};
use crate::proto;

/// `TensorProto.DataType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ElementType(pub i32);

impl ElementType {
    pub const FLOAT: Self = Self(1);
    pub const UINT8: Self = Self(2);
    pub const INT8: Self = Self(3);
    pub const UINT16: Self = Self(4);
    pub const INT16: Self = Self(5);
    pub const INT32: Self = Self(6);
    pub const INT64: Self = Self(7);
    pub const BOOL: Self = Self(9);
    pub const FLOAT16: Self = Self(10);
    pub const DOUBLE: Self = Self(11);
    pub const UINT32: Self = Self(12);
    pub const UINT64: Self = Self(13);
    pub const BFLOAT16: Self = Self(16);
    pub const UINT4: Self = Self(21);
    pub const INT4: Self = Self(22);

    pub fn is_float(self) -> bool {
        matches!(self, Self::FLOAT | Self::FLOAT16 | Self::DOUBLE | Self::BFLOAT16)
    }

    /// The smallest and the largest value, of types that activations are quantized to.
    pub fn range(self) -> Option<(i64, i64)> {
        Some(match self {
            Self::UINT4 => (0, 15),
            Self::INT4 => (-8, 7),
            Self::UINT8 => (0, 255),
            Self::INT8 => (-128, 127),
            Self::UINT16 => (0, 65_535),
            Self::INT16 => (-32_768, 32_767),
            _ => return None,
        })
    }

    /// Bits of a value in raw bytes; `None` for types that are not read.
    fn bits(self) -> Option<usize> {
        Some(match self {
            Self::UINT4 | Self::INT4 => 4,
            Self::UINT8 | Self::INT8 | Self::BOOL => 8,
            Self::UINT16 | Self::INT16 | Self::FLOAT16 | Self::BFLOAT16 => 16,
            Self::FLOAT | Self::INT32 | Self::UINT32 => 32,
            Self::DOUBLE | Self::INT64 | Self::UINT64 => 64,
            _ => return None,
        })
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        /// By number, as ONNX calls them.
        const NAMES: [&str; 24] = [
            "undefined",
            "float",
            "uint8",
            "int8",
            "uint16",
            "int16",
            "int32",
            "int64",
            "string",
            "bool",
            "float16",
            "double",
            "uint32",
            "uint64",
            "complex64",
            "complex128",
            "bfloat16",
            "float8e4m3fn",
            "float8e4m3fnuz",
            "float8e5m2",
            "float8e5m2fnuz",
            "uint4",
            "int4",
            "float4e2m1",
        ];
        match usize::try_from(self.0).ok().and_then(|number| NAMES.get(number)) {
            Some(name) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

/// Decodes a tensor; `folder` is where files of external data lie. What is wrong is said in words.
pub(crate) fn decode(tensor: &proto::Tensor, folder: Option<&Path>) -> Result<Array, String> {
    let element = ElementType(tensor.data_type);
    let Some(bits) = element.bits() else {
        return Err(format!(
            "values of type {element}; read are float, float16, bfloat16, double, bool and integers of 4 to 64 bits"
        ));
    };
    let dims = tensor.dims.iter().map(|&extent| usize::try_from(extent).ok()).collect::<Option<Vec<_>>>();
    let shape = || format!("extents {:?}; expected numbers of at least 0 and no absurd product", tensor.dims);
    let dims = dims.ok_or_else(shape)?;
    let count = length(&dims).ok_or_else(shape)?;
    let values = if tensor.data_location == 1 {
        from_bytes(element, &external(tensor, folder, (count * bits).div_ceil(8))?)
    } else if !tensor.raw_data.is_empty() {
        from_bytes(element, &tensor.raw_data)
    } else {
        from_fields(element, tensor)
    };
    let mut array = Array { dims, element, values };
    if bits == 4 && array.len() == count + 1 {
        // An odd number of half bytes leaves one over.
        if let Values::Integers(values) = &mut array.values {
            values.truncate(count);
        }
    }
    if array.len() != count {
        return Err(format!("{} values; extents {:?} need {count}", array.len(), array.dims));
    }
    Ok(array)
}

/// The bytes in another file of the model's folder.
fn external(tensor: &proto::Tensor, folder: Option<&Path>, expected: usize) -> Result<Vec<u8>, String> {
    let entry =
        |key| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let location = entry("location").ok_or("external data without a location")?;
    let number = |key| match entry(key) {
        Some(text) => text.parse::<u64>().map_err(|_| format!("external data with {key} `{text}`")),
        None => Ok(0),
    };
    let (offset, stated) = (number("offset")?, number("length")?);
    if stated != 0 && stated != expected as u64 {
        return Err(format!("external data of {stated} bytes; its shape needs {expected}"));
    }
    let folder = folder.ok_or("external data, but the model is not a file in a folder")?;
    if !Path::new(location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
    {
        return Err(format!("external data in `{location}`; expected a file in the model's folder"));
    }
    let path = folder.join(location);
    // A link could lead anywhere: what a model names is then no file of its folder.
    let inside =
        || Ok::<_, std::io::Error>(path.canonicalize()?.starts_with(folder_itself(folder).canonicalize()?));
    let is_inside = inside().map_err(|error| format!("external data in {}: {error}", path.display()))?;
    if !is_inside || !path.is_file() {
        return Err(format!(
            "external data in `{location}`; expected a file in the model's folder, and no link out of it"
        ));
    }
    files::ask(format!("external data in {}", path.display()), expected as u64)
        .map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    let mut read = || {
        let mut file = File::open(&path)?;
        file.seek(SeekFrom::Start(offset))?;
        file.take(expected as u64).read_to_end(&mut bytes)
    };
    read().map_err(|error| format!("external data in {}: {error}", path.display()))?;
    if bytes.len() != expected {
        return Err(format!(
            "external data in {}: ends {} bytes early",
            path.display(),
            expected - bytes.len()
        ));
    }
    Ok(bytes)
}

/// The folder of a file that is named without one is the current one.
fn folder_itself(folder: &Path) -> &Path {
    if folder.as_os_str().is_empty() { Path::new(".") } else { folder }
}

/// Little-endian bytes; bytes beyond a whole number of values are left out.
fn from_bytes(element: ElementType, bytes: &[u8]) -> Values {
    fn words<const N: usize>(bytes: &[u8]) -> impl Iterator<Item = [u8; N]> {
        bytes.as_chunks().0.iter().copied()
    }
    let halves = || bytes.iter().flat_map(|byte| [byte & 15, byte >> 4]);
    match element {
        ElementType::FLOAT => Values::Floats(words(bytes).map(f32::from_le_bytes).collect()),
        ElementType::DOUBLE => {
            Values::Floats(words(bytes).map(|word| f64::from_le_bytes(word) as f32).collect())
        }
        ElementType::FLOAT16 => {
            Values::Floats(words(bytes).map(|word| half_precision(u16::from_le_bytes(word))).collect())
        }
        ElementType::BFLOAT16 => {
            Values::Floats(words(bytes).map(|word| brain_float(u16::from_le_bytes(word))).collect())
        }
        ElementType::UINT8 | ElementType::BOOL => {
            Values::Integers(bytes.iter().map(|&byte| i64::from(byte)).collect())
        }
        ElementType::INT8 => {
            Values::Integers(bytes.iter().map(|&byte| i64::from(byte.cast_signed())).collect())
        }
        ElementType::UINT16 => {
            Values::Integers(words(bytes).map(|word| u16::from_le_bytes(word).into()).collect())
        }
        ElementType::INT16 => {
            Values::Integers(words(bytes).map(|word| i16::from_le_bytes(word).into()).collect())
        }
        ElementType::UINT32 => {
            Values::Integers(words(bytes).map(|word| u32::from_le_bytes(word).into()).collect())
        }
        ElementType::INT32 => {
            Values::Integers(words(bytes).map(|word| i32::from_le_bytes(word).into()).collect())
        }
        ElementType::UINT4 => Values::Integers(halves().map(i64::from).collect()),
        ElementType::INT4 => Values::Integers(halves().map(|half| (i64::from(half) ^ 8) - 8).collect()),
        // UINT64 beyond the signed range stands for nothing in a network.
        _ => Values::Integers(words(bytes).map(i64::from_le_bytes).collect()),
    }
}

/// The field that a type's values are in when they are not raw.
fn from_fields(element: ElementType, tensor: &proto::Tensor) -> Values {
    let words = || tensor.int32_data.iter().copied();
    match element {
        ElementType::FLOAT => Values::Floats(tensor.float_data.clone()),
        ElementType::DOUBLE => Values::Floats(tensor.double_data.iter().map(|&value| value as f32).collect()),
        ElementType::FLOAT16 => Values::Floats(words().map(|word| half_precision(word as u16)).collect()),
        ElementType::BFLOAT16 => Values::Floats(words().map(|word| brain_float(word as u16)).collect()),
        ElementType::INT64 => Values::Integers(tensor.int64_data.clone()),
        ElementType::UINT32 | ElementType::UINT64 => {
            Values::Integers(tensor.uint64_data.iter().map(|&value| value.cast_signed()).collect())
        }
        ElementType::UINT4 | ElementType::INT4 => {
            let bytes: Vec<u8> = words().map(|word| word as u8).collect();
            from_bytes(element, &bytes)
        }
        _ => Values::Integers(words().map(i64::from).collect()),
    }
}

/// IEEE 754 half precision, widened exactly.
fn half_precision(bits: u16) -> f32 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    let magnitude = match exponent {
        0 => fraction * 2.0_f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + fraction) * 2.0_f32.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -magnitude } else { magnitude }
}

/// The upper half of a single-precision number.
fn brain_float(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor(data_type: ElementType, dims: &[i64]) -> proto::Tensor {
        proto::Tensor { dims: dims.to_vec(), data_type: data_type.0, ..proto::Tensor::default() }
    }

    #[test]
    fn half_precision_is_widened_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x0001, 5.960_464_5e-8),
            (0x03ff, 6.097_555e-5),
            (0x0400, 6.103_515_6e-5),
            (0x3555, 0.333_251_95),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65504.0),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half_precision(bits), value, "{bits:#06x}");
        }
        assert!(half_precision(0x7e00).is_nan());
        assert_eq!(brain_float(0x3fc0), 1.5);
    }

    #[test]
    fn raw_bytes_and_typed_fields_give_the_same_values() {
        let cases: [(ElementType, Vec<u8>, proto::Tensor); 4] = [
            (
                ElementType::FLOAT,
                [1.5_f32, -2.0].iter().flat_map(|v| v.to_le_bytes()).collect(),
                proto::Tensor { float_data: vec![1.5, -2.0], ..tensor(ElementType::FLOAT, &[2]) },
            ),
            (
                ElementType::FLOAT16,
                vec![0x00, 0x3c, 0x00, 0xc0],
                proto::Tensor { int32_data: vec![0x3c00, 0xc000], ..tensor(ElementType::FLOAT16, &[2]) },
            ),
            (
                ElementType::INT8,
                vec![255, 7],
                proto::Tensor { int32_data: vec![-1, 7], ..tensor(ElementType::INT8, &[2]) },
            ),
            (
                ElementType::INT64,
                [3_i64, -1].iter().flat_map(|v| v.to_le_bytes()).collect(),
                proto::Tensor { int64_data: vec![3, -1], ..tensor(ElementType::INT64, &[2]) },
            ),
        ];
        for (element, raw_data, typed) in cases {
            let raw = proto::Tensor { raw_data, ..tensor(element, &[2]) };
            assert_eq!(decode(&raw, None), decode(&typed, None), "{element}");
            assert!(decode(&raw, None).is_ok());
        }
        let packed = proto::Tensor { raw_data: vec![0xf1, 0x08], ..tensor(ElementType::INT4, &[3]) };
        assert_eq!(decode(&packed, None).unwrap().as_integers(), Some(&[1, -1, -8][..]));
    }

    #[test]
    fn tensors_that_do_not_fill_their_extents_or_are_of_a_strange_type_are_told() {
        let short = proto::Tensor { float_data: vec![1.0], ..tensor(ElementType::FLOAT, &[2, 2]) };
        assert_eq!(decode(&short, None).unwrap_err(), "1 values; extents [2, 2] need 4");
        assert!(
            decode(&tensor(ElementType(8), &[1]), None).unwrap_err().starts_with("values of type string")
        );
        assert!(decode(&tensor(ElementType::FLOAT, &[-1]), None).unwrap_err().starts_with("extents [-1]"));
        assert!(decode(&tensor(ElementType::FLOAT, &[1 << 40, 1 << 40]), None).is_err());
    }

    #[test]
    fn external_data_is_read_from_the_models_folder_only() {
        let folder = tempfile::tempdir().unwrap();
        let values: Vec<u8> = [9.0_f32, 1.0, 2.0].iter().flat_map(|value| value.to_le_bytes()).collect();
        std::fs::write(folder.path().join("weights.bin"), values).unwrap();
        let at = |location: &str, offset: &str| {
            let entry = |key: &str, value: &str| proto::StringEntry { key: key.into(), value: value.into() };
            let external_data =
                vec![entry("location", location), entry("offset", offset), entry("length", "8")];
            let tensor = tensor(ElementType::FLOAT, &[2]);
            decode(&proto::Tensor { external_data, data_location: 1, ..tensor }, Some(folder.path()))
        };
        assert_eq!(at("weights.bin", "4").unwrap().to_floats(), [1.0, 2.0]);
        assert!(at("weights.bin", "8").unwrap_err().ends_with("ends 4 bytes early"));
        assert!(at("../weights.bin", "0").unwrap_err().contains("expected a file in the model's folder"));
        assert!(at("/etc/passwd", "0").unwrap_err().contains("expected a file in the model's folder"));
        assert!(at("none.bin", "0").unwrap_err().contains("none.bin"));
    }
}
