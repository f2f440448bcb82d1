//! What each parameter's range does to the ratio.

use super::SensitivityRow;
use figures::{Axis, Figure, FigureError, Reference, Role, Sides, Swing, Tornado, printed_unit};

/// The point at which parameters are varied, and how much of it is drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SensitivityFocus<'a> {
    /// The ratio that is claimed.
    pub claimed: f64,
    /// The crossbar.
    pub baseline: &'a str,
    /// The technology of the RTM-AP.
    pub technology: &'a str,
    /// How the RTM-AP's searches are charged.
    pub search_model: &'a str,
    /// How many parameters are drawn, the widest swings first.
    pub shown: usize,
}

/// A tornado of the widest swings.
///
/// # Errors
/// If there is no row.
pub fn sensitivity(
    title: &str,
    focus: SensitivityFocus<'_>,
    rows: &[SensitivityRow],
) -> Result<Figure, FigureError> {
    let nominal = rows.first().ok_or(FigureError::Empty { what: "parameters" })?.ratio;
    let mut widest: Vec<&SensitivityRow> = rows.iter().collect();
    widest.sort_by(|a, b| b.swing.total_cmp(&a.swing));
    widest.truncate(focus.shown);
    let swings = widest.into_iter().map(|row| Swing {
        label: format!("{}: {}", row.system, row.parameter),
        range: match row.unit.as_str() {
            "1" => format!("{} – {}", row.low, row.high),
            unit => format!("{} – {} {}", row.low, row.high, printed_unit(unit)),
        },
        at_low: row.ratio_at_low,
        at_high: row.ratio_at_high,
    });
    let chart = Tornado {
        axis: Axis::log("energy-efficiency ratio, crossbar over RTM-AP", "×"),
        nominal,
        swings: swings.collect(),
        references: vec![
            Reference::new(1.0, "parity 1×", Role::Guide),
            Reference::new(focus.claimed, format!("claim {}×", focus.claimed), Role::Claim),
        ],
        sides: Some(Sides {
            at: 1.0,
            below: ("crossbar better".to_owned(), Role::Crossbar),
            above: ("RTM-AP better".to_owned(), Role::RtmAp),
        }),
    };
    let narrower = rows.len().saturating_sub(focus.shown);
    Ok(Figure::new(title, chart)
        .subtitle(format!(
            "One parameter at a time, from its 5 % to its 95 % point, all others at their nominal values. RTM-AP {}, search model \
             {}, against the crossbar {}.",
            focus.technology, focus.search_model, focus.baseline
        ))
        .caption(format!("{narrower} parameters with narrower swings are in the table alone.")))
}
