//! What a run of an experiment would do, and why: the graph of its stages, with nothing computed.

use std::fmt::Write;

use crate::error::RunError;
use crate::manifest::Manifest;
use crate::models::Models;
use crate::stages::cache::{Key, Presence};
use crate::stages::run::{RunRequest, Way};
use crate::state::{Reason, staleness};
use crate::studies;

/// What would be done about a stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its result is there.
    Kept,
    /// Nobody asks for it: what is made from it is up to date.
    NotNeeded,
    /// It would be computed, and why.
    Runs(String),
    /// It consists of many parts; those that are not kept would be computed.
    InPart,
}

impl State {
    /// One word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::NotNeeded => "not needed",
            Self::Runs(_) => "runs",
            Self::InPart => "runs in part",
        }
    }

    /// Why it would be computed.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Runs(reason) => Some(reason),
            Self::InPart => Some("as far as its parts are not kept"),
            Self::Kept | Self::NotNeeded => None,
        }
    }
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// What it is: `machine-run`, `tables`, `figure`.
    pub kind: &'static str,
    /// Of what.
    pub what: String,
    /// The key under which its result is kept, if it is kept by key.
    pub key: Option<Key>,
    /// What would be done.
    pub state: State,
    /// The stages that it is made from, by their places in the plan.
    pub needs: Vec<usize>,
}

/// The stages of an experiment, each after those that it is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The experiment.
    pub experiment: String,
    /// The stages.
    pub stages: Vec<Stage>,
}

impl Plan {
    /// The plan of an experiment.
    ///
    /// # Errors
    /// If a network or images that it names are not there.
    pub fn of(manifest: &Manifest, models: &Models<'_>, force: bool) -> Result<Self, RunError> {
        let reason = match force {
            true => Some(Reason::Forced),
            false => staleness(models.workspace(), manifest),
        };
        let mut stages = Vec::new();
        for request in studies::runs(&manifest.study) {
            let (_, _, key) = models.prepared(&request)?;
            let state = match (&reason, models.stages().presence(&key)) {
                (None, _) => State::NotNeeded,
                (Some(Reason::Forced), _) => State::Runs(Reason::Forced.to_string()),
                (_, Presence::Whole) => State::Kept,
                (_, Presence::Missing) => State::Runs(
                    "no result is kept for this network, these images, options and sources".into(),
                ),
                (_, Presence::Damaged(why)) => {
                    State::Runs(format!("the result that is kept is damaged: {why}"))
                }
            };
            stages.push(Stage {
                kind: key.kind().name(),
                what: described(&request),
                key: Some(key),
                state,
                needs: Vec::new(),
            });
        }
        if let Some(what) = studies::other_stages(&manifest.study) {
            let state = if reason.is_some() { State::InPart } else { State::NotNeeded };
            stages.push(Stage { kind: "parts", what: what.into(), key: None, state, needs: Vec::new() });
        }
        let needs = (0..stages.len()).collect();
        let state = reason.map_or(State::Kept, |reason| State::Runs(reason.to_string()));
        let tables = stages.len();
        stages.push(Stage {
            kind: "tables",
            what: format!("results/{}", manifest.id),
            key: None,
            state: state.clone(),
            needs,
        });
        let what = format!("figures/{}.svg and .png", manifest.id);
        let state = match state {
            State::Runs(_) => State::Runs("its tables are made anew".into()),
            state => state,
        };
        stages.push(Stage { kind: "figure", what, key: None, state, needs: vec![tables] });
        Ok(Self { experiment: manifest.id.clone(), stages })
    }

    /// As a graph of Graphviz.
    pub fn dot(&self) -> String {
        let mut text = format!("digraph \"{}\" {{\n  rankdir=LR;\n  node [shape=box];\n", self.experiment);
        for (index, stage) in self.stages.iter().enumerate() {
            let style = match stage.state {
                State::Runs(_) | State::InPart => "bold",
                State::Kept => "solid",
                State::NotNeeded => "dotted",
            };
            let lines = stage.lines().map(|line| line.replace('\\', "\\\\").replace('"', "\\\"")).join("\\n");
            let _ = writeln!(text, "  s{index} [label=\"{lines}\", style={style}];");
        }
        for (index, stage) in self.stages.iter().enumerate() {
            for need in &stage.needs {
                let _ = writeln!(text, "  s{need} -> s{index};");
            }
        }
        text.push_str("}\n");
        text
    }

    /// As a graph of Mermaid.
    pub fn mermaid(&self) -> String {
        let mut text = String::from("flowchart LR\n");
        for (index, stage) in self.stages.iter().enumerate() {
            let lines = stage.lines().map(|line| line.replace('"', "#quot;")).join("<br>");
            let _ = writeln!(text, "  s{index}[\"{lines}\"]");
        }
        for (index, stage) in self.stages.iter().enumerate() {
            for need in &stage.needs {
                let _ = writeln!(text, "  s{need} --> s{index}");
            }
        }
        text
    }
}

impl Stage {
    fn lines(&self) -> [String; 3] {
        let state = match self.state.reason() {
            Some(reason) => format!("{}: {reason}", self.state.name()),
            None => self.state.name().to_owned(),
        };
        [self.kind.to_owned(), self.what.clone(), state]
    }
}

fn described(request: &RunRequest) -> String {
    let RunRequest { network, options, activations, images, way } = request;
    let geometry = options.geometry;
    let outputs =
        options.outputs_per_processor.map_or_else(String::new, |outputs| format!(", {outputs} outputs each"));
    let activations = match activations {
        rtm_ap::ActivationsAt::Periphery => String::new(),
        other => format!(", activations by {other}"),
    };
    let way = match way {
        Way::Executed => "executed",
        Way::Expected => "expected",
    };
    format!(
        "{network}, {} {}, {} x {} x {}{outputs}{activations}, {way} on {} {}",
        options.layout.name(),
        options.sharing.name(),
        geometry.rows(),
        geometry.columns(),
        geometry.domains(),
        images.count,
        images.set.name(),
    )
}
