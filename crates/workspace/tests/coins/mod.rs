//! A study of its own kind: coins are thrown.

#![allow(clippy::unwrap_used, dead_code, reason = "each test takes what it needs")]

use std::fs;
use std::ops::Range;

use figures::{Figure, Role, Series as Colour, Stack, StackedBars, Stacking};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tables::{Schema, Table, TypedRow, read_parquet};
use tempfile::TempDir;
use workspace::stages::{Declared, Promise, Ran, Results, Series, Stage, StageKind, Unit};
use workspace::{
    Checks, Failure, FileKind, Inputs, Manifest, Mode, Program, Progress, Registry, Study, StudyKind,
    Workspace, chosen, digest, reproduce, rows_of, users_input,
};
use yaml::FieldPath;

/// The name of a coin that the user brings, in a file.
pub const OWN: &str = "own";

/// Throws of a coin.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CoinStudy {
    /// The coin: a file of `experiments/coins`.
    coin: String,
    /// How often it is thrown.
    #[schemars(range(min = 1))]
    throws: u64,
}

tables::table! {
    /// Throws by the side that lay above.
    pub struct SideRow: "sides" {
        /// Heads or tails.
        side: String,
        /// How often.
        throws: u64,
    }
}

tables::table! {
    /// A throw, as shards write it.
    pub struct ThrowRow: "throws" {
        /// The series.
        series: u64,
        /// The throw.
        throw: u64,
        /// Whether heads lay above.
        heads: bool,
    }
}

/// The weight of a coin's heads, read from its file: every third throw is heads where it says 3.
#[derive(Debug, PartialEq)]
struct Weighed {
    coin: String,
}

/// How often a coin was weighed in a workspace: each time leaves a letter there.
pub fn weighed(workspace: &Workspace) -> usize {
    fs::read_to_string(workspace.root().join("weighed")).unwrap_or_default().len()
}

fn coin(inputs: &Inputs<'_>, name: &str) -> Result<std::sync::Arc<u64>, Failure> {
    inputs.load(name, |reading| {
        let path = match name {
            OWN => reading.users_data(OWN)?.to_owned(),
            name => inputs.workspace().input("coins", &format!("{name}.coin")),
        };
        let text = fs::read_to_string(&path)?;
        match name {
            OWN => reading.note_as(users_input("a coin of one's own"), digest(text.as_bytes())),
            _ => drop(reading.note(&path)?),
        }
        Ok(text.trim().parse::<u64>()?)
    })
}

impl Stage for Weighed {
    type Output = u64;
    const KIND: StageKind = StageKind { name: "weighing", sources: "1" };

    fn what(&self) -> String {
        format!("the coin {}", self.coin)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        Ok(vec![coin(inputs, &self.coin)?.to_string()])
    }

    fn compute(&self, inputs: &Inputs<'_>, _: Progress) -> Result<u64, Failure> {
        let letters = "w".repeat(weighed(inputs.workspace()) + 1);
        fs::write(inputs.workspace().root().join("weighed"), letters)?;
        Ok(*coin(inputs, &self.coin)?)
    }
}

#[derive(Debug)]
struct Throws {
    coin: String,
    throws: u64,
    seed: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Throw {
    throw: u64,
    heads: bool,
}

impl Unit for Throw {
    type Row = ThrowRow;

    fn row(&self, series: u64) -> ThrowRow {
        ThrowRow { series, throw: self.throw, heads: self.heads }
    }

    fn of_row(row: ThrowRow) -> (u64, Self) {
        (row.series, Self { throw: row.throw, heads: row.heads })
    }

    fn unit(&self) -> u64 {
        self.throw
    }

    fn rounded(self) -> Self {
        self
    }
}

impl Series for Throws {
    type Item = Throw;
    const KIND: StageKind = StageKind { name: "throws", sources: "1" };

    fn number(&self) -> u64 {
        0
    }

    fn what(&self) -> String {
        format!("throws of {}", self.coin)
    }

    fn ingredients(&self, inputs: &Inputs<'_>) -> Result<Vec<String>, Failure> {
        Ok(vec![coin(inputs, &self.coin)?.to_string(), self.seed.to_string()])
    }

    fn most(&self) -> u64 {
        self.throws
    }

    fn step(&self) -> u64 {
        5
    }

    fn compute(&self, inputs: &Inputs<'_>, throws: Range<u64>) -> Result<Vec<Throw>, Failure> {
        let every = *coin(inputs, &self.coin)?;
        let throw = |throw: u64| Throw { throw, heads: (throw * 7 + self.seed).is_multiple_of(every) };
        Ok(throws.map(throw).collect())
    }
}

impl Study for CoinStudy {
    const NAME: &'static str = "coins";
    const MEANING: &'static str = "Throws of a coin.";
    const TABLES: &'static [&'static Schema] = &[SideRow::SCHEMA];
    type Stages = (Promise<u64>, Promise<Ran<Throw>>);

    fn check(&self, path: &FieldPath, checks: &mut Checks<'_>) {
        if self.coin != OWN {
            checks.name("coin", &path.field("coin"), &self.coin);
        }
    }

    fn trim(&mut self) {
        self.throws = 1;
    }

    fn users_data(&self) -> Vec<&'static str> {
        if self.coin == OWN { vec![OWN] } else { Vec::new() }
    }

    fn stages(
        &self,
        manifest: &Manifest,
        _: &Inputs<'_>,
        declared: &mut Declared,
    ) -> Result<Self::Stages, Failure> {
        let weighed = declared.stage(Weighed { coin: self.coin.clone() });
        let throws = Throws { coin: self.coin.clone(), throws: self.throws, seed: manifest.seed };
        Ok((weighed, declared.series(throws)))
    }

    fn tables(
        &self,
        _: &Manifest,
        _: &Inputs<'_>,
        stages: &Self::Stages,
        results: &Results,
    ) -> Result<(Vec<Table>, Vec<String>), Failure> {
        let (weight, ran) = (results.of(stages.0)?, results.of(stages.1)?);
        let heads = ran.items.iter().filter(|throw| throw.heads).count() as u64;
        let rows = [("heads", heads), ("tails", ran.units - heads)];
        let rows = rows.map(|(side, throws)| SideRow { side: side.into(), throws });
        Ok((vec![Table::of(rows)?], vec![format!("heads {heads} times, one in {weight} expected")]))
    }

    fn figure(&self, manifest: &Manifest, tables: &[Table]) -> Result<Figure, Failure> {
        let rows = rows_of::<SideRow>(tables)?;
        let chart = StackedBars {
            quantity: "throws".into(),
            stacking: Stacking::Shares,
            parts: rows.iter().map(|row| Colour::new(row.side.as_str(), Role::Other)).collect(),
            groups: vec![(
                "coin".into(),
                vec![Stack {
                    label: self.coin.clone(),
                    total: self.throws.to_string(),
                    parts: rows.iter().map(|row| row.throws as f64).collect(),
                }],
            )],
        };
        Ok(Figure::new(&manifest.title, chart))
    }
}

static STUDIES: [StudyKind; 1] = [StudyKind::of::<CoinStudy>()];
static FILES: [FileKind; 1] =
    [FileKind { name: "coin", folder: "coins", ending: Some(".coin"), schema: None, parameters: None }];
pub static REGISTRY: Registry = Registry {
    studies: &STUDIES,
    program: Program {
        files: &FILES,
        schemas: &[],
        users_data: &[OWN],
        beside: |_| Vec::new(),
        sources: "coins 1",
        version: "coins 1",
        warn: |_| (),
    },
};

pub const MANIFEST: &str = "id: throw\ntitle: Throws\nseed: 2\ncoins: {coin: fair, throws: 23}\n";

pub fn workspace() -> (TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("experiments/throw.yaml", MANIFEST);
    write("experiments/coins/fair.coin", "2\n");
    let workspace = Workspace::find(Some(folder.path()), &REGISTRY.program).unwrap();
    (folder, workspace)
}

pub fn run(workspace: &Workspace, mode: Mode) -> String {
    let (mut output, inputs) = (Vec::new(), Inputs::new(workspace));
    let manifests = chosen(&REGISTRY, workspace, &["throw".to_owned()], &mut output).unwrap();
    reproduce(&inputs, &manifests, mode, &mut output).unwrap();
    String::from_utf8(output).unwrap()
}

pub fn heads(workspace: &Workspace) -> u64 {
    let table = read_parquet(&workspace.result("throw", "sides")).unwrap();
    table.typed::<SideRow>().unwrap()[0].throws
}
