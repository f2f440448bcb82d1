//! Searches for shared terms of a network's layers for a given time, on all cores, and keeps what it finds:
//! `search NETWORK.yaml FOLDER SECONDS [LAYER...]`.
//!
//! Each layer goes to one thread. The file of a layer, `FOLDER/NETWORK/LAYER.sums`, is where its search begins if it is there already and
//! holds the layer's sums, and is written anew where fewer additions were found; the next run goes on from there.

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use compiler::ir::LayerSums;
use compiler::passes::search::search_until;
use compiler::{Sharing, kept, share_layer, share_layer_in_groups};
use network::{LinearLayer, Network};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "search NETWORK.yaml FOLDER SECONDS [LAYER...]";
    let (Some(file), Some(folder), Some(seconds)) = (arguments.next(), arguments.next(), arguments.next())
    else {
        return Err(usage.into());
    };
    let seconds: f64 = seconds.parse().map_err(|_| usage)?;
    let names: Vec<String> = arguments.collect();
    let (description, network) = Network::load(Path::new(&file))?;
    let folder = Path::new(&folder).join(&description.name);
    std::fs::create_dir_all(&folder)?;
    let mut layers: Vec<&LinearLayer> = network
        .linear_layers()
        .map(|(_, layer)| layer)
        .filter(|layer| names.is_empty() || names.iter().any(|name| name == layer.name()))
        .collect();
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.weights().nonzeros()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let plan = plan(&layers, threads);
    let end = Instant::now() + Duration::from_secs_f64(seconds);
    std::thread::scope(|scope| {
        for of_thread in plan {
            let folder = &folder;
            scope.spawn(move || {
                let mut left: f64 = of_thread.iter().map(|layer| share(layer)).sum();
                for layer in of_thread {
                    let time =
                        end.saturating_duration_since(Instant::now()).as_secs_f64() * share(layer) / left;
                    left -= share(layer);
                    let path = folder.join(format!("{}.sums", layer.name()));
                    if let Err(error) = improve(layer, &path, Duration::from_secs_f64(time)) {
                        eprintln!("{}: {error}", path.display());
                    }
                }
            });
        }
    });
    Ok(())
}

/// How much of a thread's time a layer should get beside others: the large ones more, though not as much more as they are larger.
fn share(layer: &LinearLayer) -> f64 {
    (layer.weights().nonzeros() as f64).sqrt()
}

/// The layers of each thread: each goes to the thread with the least to do.
fn plan<'n>(layers: &[&'n LinearLayer], threads: usize) -> Vec<Vec<&'n LinearLayer>> {
    let mut plan: Vec<(f64, Vec<&LinearLayer>)> = vec![(0.0, Vec::new()); threads];
    for layer in layers {
        if let Some((load, of_thread)) = plan.iter_mut().min_by(|a, b| a.0.total_cmp(&b.0)) {
            *load += share(layer);
            of_thread.push(layer);
        }
    }
    plan.into_iter().map(|(_, layers)| layers).collect()
}

fn improve(layer: &LinearLayer, path: &PathBuf, time: Duration) -> Result<(), Box<dyn Error>> {
    let begin = Instant::now();
    let maximum = u32::from(layer.input_maximum());
    let unshared = share_layer_in_groups(layer.name(), layer.weights(), maximum, Sharing::None, 1);
    let known = std::fs::read(path).ok().and_then(|bytes| kept::read(&bytes, &unshared).ok());
    let (mut sums, before): (LayerSums, u64) = match known {
        Some(kept) => (kept.sums, kept.work),
        None => (share_layer(layer.name(), layer.weights(), maximum, Sharing::CrossChannel), 0),
    };
    let first = sums.adders();
    let started = Instant::now();
    let time = time.saturating_sub(begin.elapsed()).as_secs_f64().max(0.01);
    let mut work = before;
    let (mut asked, mut done) = (0_u64, 0.0);
    for group in &mut sums.groups {
        // Another seed than before, since the search before ended where this one begins.
        work += search_until(group, before ^ 1, |_| {
            // The clock is looked at now and then.
            if asked % 64 == 0 {
                done = started.elapsed().as_secs_f64() / time;
            }
            asked += 1;
            done
        });
    }
    std::fs::write(path, kept::write(&sums, work))?;
    kept::read(&std::fs::read(path)?, &unshared)?;
    println!("{:24} {first:>7} -> {:>7} additions, {work:.3e} pairs", layer.name(), sums.adders());
    Ok(())
}
