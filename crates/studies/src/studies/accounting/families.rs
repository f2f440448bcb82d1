//! Every combination of counted terms, baselines and search models that lands near the claim, in the few families that they are.

use super::term::Term;
use crate::systems::WeightPrecision;
use rtm_ap::SearchModel;

/// One combination that lands near the claim.
pub struct Landing {
    pub model: SearchModel,
    pub baseline: String,
    pub weights: WeightPrecision,
    pub activation_bits: u32,
    /// The terms that are left out.
    pub left_out: Vec<Term>,
    pub ratio: f64,
    /// µJ.
    pub energy: f64,
    /// µJ.
    pub baseline_energy: f64,
    /// Of the energy.
    pub movement_share: f64,
}

tables::table! {
    /// Families of accountings that land near the claim: those that agree in the baseline, the search model, and whether they count shifts
    /// and leakage. No family is known to be the paper's; what a reader of the paper could tell them apart by stands beside each.
    pub struct FamilyRow: "families" {
        /// The family's number, the largest first.
        family: u32,
        /// How searches are charged.
        search_model: String,
        /// Weights of the baselines: ternary or 8-bit.
        weights: String,
        /// Bits of the baselines' activations.
        activation_bits: u32,
        /// Whether the energy holds shifts: `counted` or `left out`.
        shifts: String,
        /// Whether the energy holds leakage: `counted` or `left out`.
        leakage: String,
        /// The baseline.
        baseline: String,
        /// Terms that every member leaves out.
        left_out: String,
        /// Terms that every member counts.
        counted: String,
        /// Members.
        combinations: u64,
        /// The lowest ratio.
        ratio_low: f64,
        /// The highest ratio.
        ratio_high: f64,
        /// The lowest energy of the RTM-AP.
        energy_low: f64 = "uJ",
        /// The highest energy of the RTM-AP.
        energy_high: f64 = "uJ",
        /// Energy of the baseline.
        baseline_energy: f64 = "uJ",
        /// The lowest share of movement.
        movement_low: f64,
        /// The highest share of movement.
        movement_high: f64,
        /// Members whose movement takes more than nothing and at most as much as the claim about movement allows.
        few_movement: u64,
    }
}

/// What members of a family agree in.
#[derive(Clone, PartialEq)]
struct Key {
    baseline: String,
    model: SearchModel,
    weights: WeightPrecision,
    activation_bits: u32,
    shifts: bool,
    leakage: bool,
}

impl Key {
    fn of(landing: &Landing) -> Self {
        let counts = |term| !landing.left_out.contains(&term);
        Self {
            baseline: landing.baseline.clone(),
            model: landing.model,
            weights: landing.weights,
            activation_bits: landing.activation_bits,
            shifts: counts(Term::Shifts),
            leakage: counts(Term::Leakage),
        }
    }
}

/// The families, those with most members first.
pub fn families(landings: &[Landing], most_movement: f64) -> Vec<FamilyRow> {
    let mut keys: Vec<Key> = Vec::new();
    for key in landings.iter().map(Key::of) {
        if !keys.contains(&key) {
            keys.push(key);
        }
    }
    let members = |key: &Key| landings.iter().filter(|landing| Key::of(landing) == *key).collect::<Vec<_>>();
    let mut families: Vec<(Key, Vec<&Landing>)> = keys
        .into_iter()
        .map(|key| {
            let members = members(&key);
            (key, members)
        })
        .collect();
    families.sort_by_key(|(_, members)| std::cmp::Reverse(members.len()));
    let row = |(index, (key, members)): (usize, &(Key, Vec<&Landing>))| {
        row(index as u32 + 1, key, members, most_movement)
    };
    families.iter().enumerate().map(row).collect()
}

fn row(family: u32, key: &Key, members: &[&Landing], most_movement: f64) -> FamilyRow {
    let low = |of: fn(&Landing) -> f64| members.iter().map(|m| of(m)).fold(f64::INFINITY, f64::min);
    let high = |of: fn(&Landing) -> f64| members.iter().map(|m| of(m)).fold(f64::NEG_INFINITY, f64::max);
    let all = |left_out: bool| {
        let terms = Term::ALL
            .into_iter()
            .filter(|term| members.iter().all(|member| member.left_out.contains(term) == left_out));
        terms.map(Term::name).collect::<Vec<_>>().join(", ")
    };
    let said = |counted: bool| if counted { "counted" } else { "left out" }.to_owned();
    let few = |member: &&&Landing| member.movement_share > 0.0 && member.movement_share <= most_movement;
    FamilyRow {
        family,
        search_model: key.model.name().into(),
        weights: key.weights.name().into(),
        activation_bits: key.activation_bits,
        shifts: said(key.shifts),
        leakage: said(key.leakage),
        baseline: key.baseline.clone(),
        left_out: all(true),
        counted: all(false),
        combinations: members.len() as u64,
        ratio_low: low(|m| m.ratio),
        ratio_high: high(|m| m.ratio),
        energy_low: low(|m| m.energy),
        energy_high: high(|m| m.energy),
        baseline_energy: low(|m| m.baseline_energy),
        movement_low: low(|m| m.movement_share),
        movement_high: high(|m| m.movement_share),
        few_movement: members.iter().filter(few).count() as u64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn landing(baseline: &str, left_out: &[Term], movement_share: f64) -> Landing {
        Landing {
            model: SearchModel::ActiveBits,
            baseline: baseline.into(),
            weights: WeightPrecision::Ternary,
            activation_bits: 4,
            left_out: left_out.to_vec(),
            ratio: 7.0,
            energy: 20.0,
            baseline_energy: 140.0,
            movement_share,
        }
    }

    #[test]
    fn a_family_says_what_all_of_its_members_leave_out_and_count() {
        let landings = [
            landing("a", &[Term::Shifts, Term::Leakage, Term::Program], 0.0),
            landing("a", &[Term::Shifts, Term::Leakage, Term::Reads], 0.04),
            landing("c", &[Term::Program], 0.2),
        ];
        let rows = families(&landings, 0.05);
        assert_eq!(rows.len(), 2);
        assert_eq!((rows[0].combinations, rows[0].few_movement), (2, 1));
        assert_eq!((rows[0].left_out.as_str(), rows[0].baseline.as_str()), ("shifts, leakage", "a"));
        assert!(!rows[0].counted.contains("reads") && rows[0].counted.contains("writes"));
        assert_eq!((rows[1].shifts.as_str(), rows[1].leakage.as_str()), ("counted", "counted"));
    }
}
