//! What is altered is noticed: each kind of alteration, by whoever has to notice it.

#![allow(clippy::unwrap_used)]

mod coins;

use std::fs;
use std::path::Path;

use tables::{Table, write_parquet};
use workspace::claims::{Claims, claims_provenance, claims_table, judged, outdated, written};
use workspace::report::page;
use workspace::{Inputs, Mode, Shard, Sides, Workspace, merge, run_shard, staleness, verify};

use coins::{MANIFEST, OWN, REGISTRY, run, workspace};

/// What `verify` says of the experiment, and whether it is content.
fn verified(workspace: &Workspace) -> (String, bool) {
    let manifest = REGISTRY.manifest(workspace, "throw").unwrap();
    let mut said = Vec::new();
    let is_same = verify(&Inputs::new(workspace), &[manifest], &mut said).is_ok();
    (String::from_utf8(said).unwrap(), is_same)
}

#[test]
fn verify_notices_a_table_or_picture_that_is_missing_or_replaced_and_one_too_many() {
    let (folder, workspace) = workspace();
    run(&workspace, Mode::Needed);
    assert_eq!(verified(&workspace), ("throw: the same\n".to_owned(), true));
    let at = |path: &str| folder.path().join(path);
    let kept: Vec<(&str, Vec<u8>)> =
        ["results/throw/sides.parquet", "figures/throw.svg", "figures/throw.png"]
            .map(|path| (path, fs::read(at(path)).unwrap()))
            .into();
    let notices = |words: &str| {
        let (said, is_same) = verified(&workspace);
        assert!(said.contains(words) && !is_same, "{words}: {said}");
        kept.iter().for_each(|(path, bytes)| fs::write(at(path), bytes).unwrap());
        assert!(verified(&workspace).1);
    };
    for (path, _) in &kept {
        fs::remove_file(at(path)).unwrap();
        notices(path);
    }
    fs::write(at("figures/throw.png"), b"no picture").unwrap();
    notices("figures/throw.png: no picture");
    fs::write(at("figures/throw.svg"), b"<svg/>").unwrap();
    notices("figures/throw.svg: another picture");
    let table = Table::of([coins::SideRow { side: "heads".into(), throws: 1 }]).unwrap();
    write_parquet(&table, &at("results/throw/sides.parquet")).unwrap();
    notices("results/throw/sides.parquet");
    write_parquet(&table, &at("results/throw/more.parquet")).unwrap();
    let (said, is_same) = verified(&workspace);
    assert!(said.contains("results/throw/more.parquet: is not made by the experiment") && !is_same, "{said}");

    // Another experiment's picture is one of something else.
    fs::remove_file(at("results/throw/more.parquet")).unwrap();
    fs::write(at("experiments/coins/fair.coin"), "3").unwrap();
    run(&workspace, Mode::Needed);
    fs::write(at("figures/throw.png"), &kept[2].1).unwrap();
    let (said, is_same) = verified(&workspace);
    assert!(said.contains("figures/throw.png: a picture of something else") && !is_same, "{said}");
}

#[test]
fn data_that_the_user_brings_are_known_by_what_they_are_and_not_by_their_name() {
    let (folder, workspace) = workspace();
    let at = |path: &str| folder.path().join(path);
    fs::write(at("experiments/throw.yaml"), MANIFEST.replace("fair", OWN)).unwrap();
    fs::write(at("a"), "2").unwrap();
    fs::write(at("b"), "3").unwrap();
    let with = |file: &str| workspace.clone().with_data([(OWN, at(file))]);
    let why = |workspace: &Workspace| {
        let manifest = REGISTRY.manifest(workspace, "throw").unwrap();
        staleness(workspace, &manifest).map(|reason| reason.to_string())
    };
    run(&with("a"), Mode::Needed);
    assert_eq!(why(&with("a")), None);
    assert_eq!(why(&with("b")), Some("the data `own` are others now".to_owned()));
    fs::write(at("a"), "3").unwrap();
    assert_eq!(why(&with("a")), Some("the data `own` are others now".to_owned()));

    // A shard of one coin and one of another are no experiment, whichever is named now.
    fs::write(at("a"), "2").unwrap();
    let manifest = REGISTRY.manifest(&workspace, "throw").unwrap();
    for (index, file) in [(0, "a"), (1, "b")] {
        run_shard(&with(file), &manifest, Shard { index, count: 2 }, false, &mut Vec::new()).unwrap();
    }
    for (file, foreign) in
        [("a", "1-of-2.parquet is of something else"), ("b", "0-of-2.parquet is of something else")]
    {
        let error = merge(&with(file), &manifest, None, false, &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains(foreign) && error.contains("data a coin of one's own"), "{error}");
    }
    run_shard(&with("a"), &manifest, Shard { index: 1, count: 2 }, false, &mut Vec::new()).unwrap();
    merge(&with("a"), &manifest, None, false, &mut Vec::new()).unwrap();
}

tables::table! {
    /// What is compared.
    struct ComparedRow: "compared" {
        /// Of which row.
        name: String,
        /// Where it comes from, which is no part of what a row is known by.
        source: String,
        /// A flag.
        holds: bool,
        /// A number.
        number: f64,
    }
}

tables::table! {
    /// The same without a column.
    struct NarrowRow: "compared" {
        /// Of which row.
        name: String,
        /// Where it comes from, which is no part of what a row is known by.
        source: String,
        /// A flag.
        holds: bool,
    }
}

#[test]
fn diff_notices_flags_texts_columns_and_folders_that_cannot_be_read() {
    let (folder, workspace) = workspace();
    let other = tempfile::tempdir().unwrap();
    let write =
        |root: &Path, table: Table| write_parquet(&table, &root.join("results/x/compared.parquet")).unwrap();
    let row =
        |source: &str, holds| ComparedRow { name: "a".into(), source: source.into(), holds, number: 1.0 };
    write(other.path(), Table::of([row("book", true)]).unwrap());
    let compare = |named: &[&str]| {
        let sides = Sides::against(&workspace, other.path().to_str().unwrap()).unwrap();
        sides.compare(named)
    };
    write(folder.path(), Table::of([row("book", true)]).unwrap());
    let same = compare(&[]).unwrap();
    assert_eq!((same.changes.len(), same.notes.len(), same.compared, same.experiments), (0, 0, 2, 1));

    write(folder.path(), Table::of([row("book", false)]).unwrap());
    assert_eq!(compare(&[]).unwrap().changes[0].column, "holds");
    write(folder.path(), Table::of([row("hearsay", true)]).unwrap());
    assert_eq!(compare(&[]).unwrap().notes, ["x/compared: 1 texts differ in `source`"]);
    let narrow = NarrowRow { name: "a".into(), source: "book".into(), holds: true };
    write(folder.path(), Table::of([narrow]).unwrap());
    assert_eq!(compare(&[]).unwrap().notes, ["x/compared: the column `number` is gone"]);

    // What is damaged matters to whoever asks for it.
    fs::create_dir_all(folder.path().join("results/y")).unwrap();
    fs::write(folder.path().join("results/y/broken.parquet"), b"PAR1").unwrap();
    assert!(compare(&["x"]).is_ok());
    assert!(compare(&["y"]).is_err() && compare(&[]).is_err());
    let unknown = compare(&["xx"]).unwrap_err().to_string();
    assert!(unknown.contains("there is no experiment with results `xx`"), "{unknown}");
    fs::remove_dir_all(folder.path().join("results")).unwrap();
    fs::write(folder.path().join("results"), b"no folder").unwrap();
    assert!(compare(&[]).is_err());
}

const CLAIMS: &str = "\
claims:
  - id: C1
    claim: Heads lie above.
    stated: often
    source: a book
    figure: throw
    verdict: reproduced
    criteria:
      - measured: heads
        value: {table: throw/sides, column: throws, where: {side: heads}}
        expected: {at-least: 1, why: it is a coin}
";

#[test]
fn claims_notice_that_their_tables_were_made_from_something_else() {
    let (folder, workspace) = workspace();
    fs::write(folder.path().join("experiments/claims.yaml"), CLAIMS).unwrap();
    run(&workspace, Mode::Needed);
    let claims = Claims::load(&workspace.claims()).unwrap();
    let outdated = || outdated(&REGISTRY, &workspace, &claims).unwrap();
    assert!(outdated().is_empty());
    let provenance = claims_provenance(&claims, &workspace).unwrap();
    let known: Vec<&str> = provenance.keys().map(String::as_str).collect();
    assert_eq!(known, ["input experiments/claims.yaml", "input results/throw/sides.parquet"]);

    fs::write(folder.path().join("experiments/coins/fair.coin"), "3\n").unwrap();
    let why = "its input experiments/coins/fair.coin has changed since";
    assert_eq!(outdated()["throw/sides"], why);
    let judged = judged(&claims, &workspace).unwrap();
    let table = claims_table(&judged, &outdated(), provenance).unwrap();
    assert!(tables::to_json(&table).contains(&format!("throw/sides: {why}")));
    fs::write(folder.path().join("experiments/coins/fair.coin"), "2\n").unwrap();
    fs::write(folder.path().join("experiments/throw.yaml"), MANIFEST.replace("23", "24")).unwrap();
    assert_eq!(outdated()["throw/sides"], "its manifest has changed since");
}

#[test]
fn a_report_holds_nothing_that_runs() {
    let (folder, workspace) = workspace();
    let at = |path: &str| folder.path().join(path);
    let id = "a<img src=x onerror=alert(1)>";
    fs::rename(at("experiments/throw.yaml"), at(&format!("experiments/{id}.yaml"))).unwrap();
    let text = MANIFEST.replace("throw\ntitle", &format!("\"{id}\"\ntitle"));
    fs::write(at(&format!("experiments/{id}.yaml")), text).unwrap();
    fs::create_dir_all(at("figures")).unwrap();
    fs::write(at(&format!("figures/{id}.svg")), "<svg><title>mine</title></svg>").unwrap();
    let other = tempfile::tempdir().unwrap();
    fs::create_dir_all(other.path().join("results")).unwrap();
    fs::create_dir(other.path().join("figures")).unwrap();
    fs::write(other.path().join(format!("figures/{id}.svg")), "<svg><script>alert(2)</script></svg>")
        .unwrap();

    fs::write(at("experiments/claims.yaml"), "claims: []\n").unwrap();
    let claims = Claims::load(&workspace.claims()).unwrap();
    let (judged, written) = (judged(&claims, &workspace).unwrap(), written(&claims, &workspace).unwrap());
    let sides = Sides::against(&workspace, other.path().to_str().unwrap()).unwrap();
    let provenance = claims_provenance(&claims, &workspace).unwrap();
    let html = page(&REGISTRY, &workspace, &judged, &written, &provenance, Some(("other", &sides))).unwrap();
    assert!(html.contains("<title>mine</title>") && html.contains("&lt;img src=x"), "{html}");
    assert!(!html.contains("<img") && !html.contains("alert(2)"), "{html}");
    assert!(html.contains("is left out: it is no figure of this program"), "{html}");
}

#[test]
fn a_shard_whose_units_are_not_its_own_or_give_something_else_is_refused() {
    let (_folder, workspace) = workspace();
    let manifest = REGISTRY.manifest(&workspace, "throw").unwrap();
    let shard = Shard { index: 1, count: 2 };
    let path = workspace.result("throw", "shards").with_extension("").join("1-of-2.parquet");
    let merged = || {
        run_shard(&workspace, &manifest, Shard { index: 0, count: 2 }, true, &mut Vec::new()).unwrap();
        merge(&workspace, &manifest, None, false, &mut Vec::new()).map_err(|error| error.to_string())
    };
    // Rows are altered, and the digests made right.
    let alter = |change: &dyn Fn(&mut Vec<coins::ThrowRow>)| {
        run_shard(&workspace, &manifest, shard, true, &mut Vec::new()).unwrap();
        let table = tables::read_parquet(&path).unwrap();
        let mut rows = table.typed::<coins::ThrowRow>().unwrap();
        change(&mut rows);
        let altered = Table::of(rows).unwrap();
        let mut provenance = table.provenance().clone();
        let records = workspace::digest(tables::to_csv(&altered).as_bytes());
        provenance.insert("records".into(), format!("blake3 {records}"));
        write_parquet(&altered.with_provenance(provenance), &path).unwrap();
    };
    for (change, words) in [
        (
            (&|rows: &mut Vec<coins::ThrowRow>| rows[0].throw = 2) as &dyn Fn(&mut Vec<coins::ThrowRow>),
            "none of its own",
        ),
        (&|rows| rows[0].throw = 1_000_001, "none of its own"),
        (&|rows| rows[0].series = 5, "1 rows are of series that the experiment does not have"),
        (&|rows| rows.iter_mut().for_each(|row| row.heads = !row.heads), "gives something else"),
        (&|rows| rows.extend(rows.clone()), "gives something else"),
    ] {
        alter(change);
        let error = merged().unwrap_err();
        assert!(error.contains("1-of-2.parquet is damaged") && error.contains(words), "{words}: {error}");
    }
    alter(&|_| ());
    merged().unwrap();
}
