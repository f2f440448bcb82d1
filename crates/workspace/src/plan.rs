//! What a run of an experiment would do, and why: the graph of its stages, with nothing computed.

use std::fmt::Write;

use crate::error::Failure;
use crate::inputs::Inputs;
use crate::stages::{Key, Presence, StageStore, Use};
use crate::state::{Reason, staleness};
use crate::study::Manifest;

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
pub struct PlannedStage {
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
    pub experiment: String,
    pub stages: Vec<PlannedStage>,
}

impl Plan {
    /// The plan of an experiment.
    ///
    /// # Errors
    /// If an input that a stage depends on is not there.
    pub fn of(manifest: &Manifest, inputs: &Inputs<'_>, force: bool) -> Result<Self, Failure> {
        let workspace = inputs.workspace();
        let store = StageStore::of(workspace, Use::ReadAndWrite);
        let reason = match force {
            true => Some(Reason::Forced),
            false => staleness(workspace, manifest),
        };
        let mut stages = Vec::new();
        for stage in manifest.study.declare(manifest, inputs)?.stages {
            let found = stage.state(inputs, &store)?;
            let state = match (&reason, found.as_ref().map(|(_, presence)| presence)) {
                (None, _) => State::NotNeeded,
                (Some(_), None) => State::InPart,
                (Some(Reason::Forced), _) => State::Runs(Reason::Forced.to_string()),
                (_, Some(Presence::Whole)) => State::Kept,
                (_, Some(Presence::Missing)) => {
                    State::Runs("no result is kept for these inputs, options and sources".into())
                }
                (_, Some(Presence::Damaged(why))) => {
                    State::Runs(format!("the result that is kept is damaged: {why}"))
                }
            };
            stages.push(PlannedStage {
                kind: stage.kind().name,
                what: stage.what(),
                key: found.map(|(key, _)| key),
                state,
                needs: Vec::new(),
            });
        }
        let needs = (0..stages.len()).collect();
        let state = reason.map_or(State::Kept, |reason| State::Runs(reason.to_string()));
        let tables = stages.len();
        stages.push(PlannedStage {
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
        stages.push(PlannedStage { kind: "figure", what, key: None, state, needs: vec![tables] });
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

impl PlannedStage {
    fn lines(&self) -> [String; 3] {
        let state = match self.state.reason() {
            Some(reason) => format!("{}: {reason}", self.state.name()),
            None => self.state.name().to_owned(),
        };
        [self.kind.to_owned(), self.what.clone(), state]
    }
}
