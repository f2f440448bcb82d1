//! The parameters of one technology, by path.

use std::collections::BTreeMap;

use crate::components::{component_paths, is_component};
use crate::{
    Bill, Declaration, Dimension, Distribution, Mark, Parameter, Price, Prior, Quantity, TechnologyError,
};

/// The parameters of one technology, by `section.name`, in alphabetical order.
#[derive(Debug, Clone, PartialEq)]
pub struct ParameterSet {
    technology: String,
    parameters: BTreeMap<String, Parameter>,
}

impl ParameterSet {
    /// A set of parameters under a technology's name.
    pub fn new(technology: impl Into<String>, parameters: BTreeMap<String, Parameter>) -> Self {
        Self { technology: technology.into(), parameters }
    }

    /// The technology's name.
    pub fn technology(&self) -> &str {
        &self.technology
    }

    /// Every parameter with its path, in alphabetical order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Parameter)> {
        self.parameters.iter().map(|(path, parameter)| (path.as_str(), parameter))
    }

    /// One parameter.
    pub fn get(&self, path: &str) -> Option<&Parameter> {
        self.parameters.get(path)
    }

    /// Checks that the set gives exactly what is declared, in units of the declared dimension, and no price of its own for what the
    /// component library prices.
    ///
    /// # Errors
    /// The first parameter that is missing, unknown, in a wrong unit, or has a price of its own.
    pub fn check(&self, declarations: &[Declaration]) -> Result<(), TechnologyError> {
        self.check_known(declarations)?;
        declarations.iter().try_for_each(|declaration| match self.parameters.get(declaration.path) {
            Some(parameter) => self.check_one(declaration, parameter),
            None => Err(TechnologyError::Missing {
                technology: self.technology.clone(),
                path: declaration.path.to_owned(),
                unit: declaration.base_unit(),
                meaning: declaration.meaning.to_owned(),
            }),
        })
    }

    /// The same of a set that may leave out what is declared.
    pub(crate) fn check_given(&self, declarations: &[Declaration]) -> Result<(), TechnologyError> {
        self.check_known(declarations)?;
        declarations.iter().try_for_each(|declaration| match self.parameters.get(declaration.path) {
            Some(parameter) => self.check_one(declaration, parameter),
            None => Ok(()),
        })
    }

    fn check_known(&self, declarations: &[Declaration]) -> Result<(), TechnologyError> {
        let unknown =
            |path: &&String| !is_component(path) && declarations.iter().all(|d| d.path != path.as_str());
        match self.parameters.keys().find(unknown) {
            None => Ok(()),
            Some(path) => {
                let known: Vec<&str> = declarations.iter().map(|d| d.path).collect();
                Err(TechnologyError::Unknown {
                    technology: self.technology.clone(),
                    path: path.clone(),
                    known: known.join(", "),
                })
            }
        }
    }

    fn check_one(&self, declaration: &Declaration, parameter: &Parameter) -> Result<(), TechnologyError> {
        self.check_unit(declaration.path, parameter, declaration.dimension, declaration.per)?;
        if declaration.price == Price::Components && parameter.bill.is_none() {
            return Err(TechnologyError::OwnPrice {
                technology: self.technology.clone(),
                path: declaration.path.to_owned(),
                unit: parameter.unit.clone(),
            });
        }
        Ok(())
    }

    /// A parameter as a typed quantity counted per `per`.
    ///
    /// # Errors
    /// If it is missing or measures something else.
    pub fn quantity<Q: Quantity>(&self, path: &str, per: &str) -> Result<Q, TechnologyError> {
        let Some(parameter) = self.parameters.get(path) else {
            return Err(TechnologyError::Missing {
                technology: self.technology.clone(),
                path: path.to_owned(),
                unit: Q::DIMENSION.base_unit().to_owned(),
                meaning: "needed by the model".to_owned(),
            });
        };
        self.check_unit(path, parameter, Q::DIMENSION, per)?;
        Ok(Q::from_base(parameter.base_value()))
    }

    /// A copy in which one parameter has another value, in the file's unit; its range is widened to hold it.
    ///
    /// # Errors
    /// If there is no such parameter.
    pub fn with_value(&self, path: &str, value: f64) -> Result<Self, TechnologyError> {
        let mut copy = self.clone();
        let Some(parameter) = copy.parameters.get_mut(path) else {
            let known: Vec<&str> = self.parameters.keys().map(String::as_str).collect();
            return Err(TechnologyError::Unknown {
                technology: self.technology.clone(),
                path: path.to_owned(),
                known: known.join(", "),
            });
        };
        parameter.value = value;
        parameter.low = parameter.low.min(value);
        parameter.high = parameter.high.max(value);
        copy.follow_components();
        Ok(copy)
    }

    /// Whether a path of a system's set is a component's.
    pub fn is_component(path: &str) -> bool {
        is_component(path)
    }

    /// The paths that components have in the sets of systems.
    pub fn component_paths() -> impl Iterator<Item = String> {
        component_paths()
    }

    /// Puts a parameter in, or replaces it.
    pub(crate) fn insert(&mut self, path: String, parameter: Parameter) {
        self.parameters.insert(path, parameter);
    }

    /// The node that its prices are given at, nm: `scaling.reference_node` or `area.feature_size`.
    pub(crate) fn node_nm(&self) -> Option<f64> {
        let length = |path: &str| self.get(path).filter(|parameter| parameter.dimension == Dimension::Length);
        // Lengths are kept in µm.
        length("scaling.reference_node").or(length("area.feature_size")).map(|node| node.base_value() * 1e3)
    }

    /// Every part that is made of components takes their prices.
    pub(crate) fn follow_components(&mut self) {
        let priced: Vec<(String, f64)> = self
            .parameters
            .iter()
            .filter_map(|(path, parameter)| {
                let bill = parameter.bill.as_ref()?;
                let sum = Bill::sum(&bill.counts, self, parameter.dimension).ok()?;
                (sum != bill.nominal).then(|| (path.clone(), sum))
            })
            .collect();
        for (path, sum) in priced {
            if let Some(parameter) = self.parameters.get_mut(&path)
                && let Some(bill) = &parameter.bill
            {
                let factor = sum / bill.nominal;
                let bill = Bill { counts: bill.counts.clone(), nominal: sum };
                *parameter = Parameter { bill: Some(bill), ..parameter.times(factor) };
            }
        }
    }

    /// A copy in which every parameter stands at a quantile of its range; `quantile` is asked once for each path, in
    /// alphabetical order.
    pub fn at_quantiles(&self, prior: Prior, mut quantile: impl FnMut(&str) -> f64) -> Self {
        let mut copy = self.clone();
        for (path, parameter) in &mut copy.parameters {
            parameter.value = parameter.at_quantile(prior, quantile(path));
        }
        copy.follow_components();
        copy
    }

    /// Puts a value in that a model computed from other parameters of the set, in its dimension's base unit. It has no range of its
    /// own.
    pub fn put_derived<Q: Quantity>(&mut self, path: &str, per: &str, value: Q, source: &str) {
        let base = Q::DIMENSION.base_unit();
        let unit = if per.is_empty() { base.to_owned() } else { format!("{base}/{per}") };
        let value = value.base();
        let parameter = Parameter {
            value,
            low: value,
            high: value,
            unit,
            source: source.to_owned(),
            mark: Mark::Derived,
            distribution: Distribution::LogUniform,
            bill: None,
            dimension: Q::DIMENSION,
            factor: 1.0,
        };
        self.parameters.insert(path.to_owned(), parameter);
    }

    fn check_unit(
        &self,
        path: &str,
        parameter: &Parameter,
        dimension: Dimension,
        per: &str,
    ) -> Result<(), TechnologyError> {
        if parameter.dimension == dimension && parameter.per() == per {
            return Ok(());
        }
        let expected = if per.is_empty() {
            dimension.base_unit().to_owned()
        } else {
            format!("{}/{per}", dimension.base_unit())
        };
        Err(TechnologyError::WrongUnit {
            technology: self.technology.clone(),
            path: path.to_owned(),
            found: parameter.unit.clone(),
            expected,
        })
    }
}
