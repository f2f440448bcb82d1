//! What each parameter's range does to the ratio.

use tables::Table;

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

/// A tornado of the widest swings, from the table `sensitivity`.
///
/// # Errors
/// If the table lacks a column or has no row.
pub fn sensitivity(title: &str, focus: SensitivityFocus<'_>, table: &Table) -> Result<Figure, FigureError> {
    let (systems, parameters) = (table.text("system")?, table.text("parameter")?);
    let (units, low, high) = (table.text("unit")?, table.real("low")?, table.real("high")?);
    let (at_low, at_high) = (table.real("ratio_at_low")?, table.real("ratio_at_high")?);
    let widths = table.real("swing")?;
    let nominal = table.real("ratio")?.first().copied().ok_or(FigureError::Empty { what: "parameters" })?;
    let mut order: Vec<usize> = (0..table.rows()).collect();
    order.sort_by(|&a, &b| widths[b].total_cmp(&widths[a]));
    order.truncate(focus.shown);
    let swings = order.iter().map(|&row| Swing {
        label: format!("{}: {}", systems[row], parameters[row]),
        range: match units[row] {
            "1" => format!("{} – {}", low[row], high[row]),
            unit => format!("{} – {} {}", low[row], high[row], printed_unit(unit)),
        },
        at_low: at_low[row],
        at_high: at_high[row],
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
    let narrower = table.rows().saturating_sub(focus.shown);
    Ok(Figure::new(title, chart)
        .subtitle(format!(
            "One parameter at a time, from its 5 % to its 95 % point, all others at their nominal values. RTM-AP {}, search model \
             {}, against the crossbar {}.",
            focus.technology, focus.search_model, focus.baseline
        ))
        .caption(format!("{narrower} parameters with narrower swings are in the table alone.")))
}
