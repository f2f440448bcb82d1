//! The attributes of a node, read by name and type; one that no operator asks for is an error.

use std::cell::RefCell;
use std::collections::BTreeSet;

use crate::proto::{Attribute, Node, Tensor, attribute_type};

/// A node's attributes, and which of them were asked for.
pub(crate) struct Attributes<'a> {
    node: &'a Node,
    read: RefCell<BTreeSet<&'static str>>,
}

impl<'a> Attributes<'a> {
    pub fn new(node: &'a Node) -> Self {
        Self { node, read: RefCell::default() }
    }

    fn get(&self, name: &'static str, kind: i32) -> Result<Option<&'a Attribute>, String> {
        self.read.borrow_mut().insert(name);
        let found = self.node.attribute.iter().find(|attribute| attribute.name == name);
        match found {
            // Files of the first versions do not say the type.
            Some(attribute) if attribute.r#type != kind && attribute.r#type != 0 => {
                Err(format!("attribute `{name}` is of another type than ONNX gives it"))
            }
            _ => Ok(found),
        }
    }

    pub fn int(&self, name: &'static str, default: i64) -> Result<i64, String> {
        Ok(self.get(name, attribute_type::INT)?.map_or(default, |attribute| attribute.i))
    }

    pub fn float(&self, name: &'static str, default: f32) -> Result<f32, String> {
        Ok(self.float_if(name)?.unwrap_or(default))
    }

    pub fn float_if(&self, name: &'static str) -> Result<Option<f32>, String> {
        Ok(self.get(name, attribute_type::FLOAT)?.map(|attribute| attribute.f))
    }

    pub fn ints(&self, name: &'static str) -> Result<Option<&'a [i64]>, String> {
        Ok(self.get(name, attribute_type::INTS)?.map(|attribute| attribute.ints.as_slice()))
    }

    pub fn floats(&self, name: &'static str) -> Result<Option<&'a [f32]>, String> {
        Ok(self.get(name, attribute_type::FLOATS)?.map(|attribute| attribute.floats.as_slice()))
    }

    pub fn tensor(&self, name: &'static str) -> Result<Option<&'a Tensor>, String> {
        Ok(self.get(name, attribute_type::TENSOR)?.and_then(|attribute| attribute.t.as_ref()))
    }

    pub fn text(&self, name: &'static str, default: &str) -> Result<String, String> {
        let attribute = self.get(name, attribute_type::STRING)?;
        Ok(attribute.map_or(default.into(), |attribute| String::from_utf8_lossy(&attribute.s).into_owned()))
    }

    /// As many numbers of at least 0 as asked for.
    pub fn extents<const N: usize>(
        &self,
        name: &'static str,
        default: [usize; N],
    ) -> Result<[usize; N], String> {
        let Some(found) = self.ints(name)? else { return Ok(default) };
        let extents: Option<Vec<usize>> = found.iter().map(|&extent| usize::try_from(extent).ok()).collect();
        let expected = || format!("attribute `{name}` is {found:?}; supported are {N} numbers of at least 0");
        extents.and_then(|extents| extents.try_into().ok()).ok_or_else(expected)
    }

    /// Leaves an attribute unread on purpose.
    pub fn ignore(&self, names: &[&'static str]) {
        self.read.borrow_mut().extend(names);
    }

    /// If there is an attribute that nobody asked for.
    pub fn check_all_read(&self) -> Result<(), String> {
        let read = self.read.borrow();
        match self.node.attribute.iter().find(|attribute| !read.contains(attribute.name.as_str())) {
            Some(attribute) => Err(format!("attribute `{}` is not supported", attribute.name)),
            None => Ok(()),
        }
    }
}
