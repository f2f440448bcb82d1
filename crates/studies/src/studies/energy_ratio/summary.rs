//! What the ratios come to, in lines.

use super::{RatioRow, RatioStudy, SystemRow};

impl RatioStudy {
    /// The headline with its spread, the verdict, and the highest ratio.
    pub(super) fn summary(&self, rows: &[RatioRow], systems: &[SystemRow]) -> Vec<String> {
        let (headline, claimed) = (&self.headline, self.claimed_ratio);
        let of_headline = rows.iter().filter(|row| {
            row.baseline == headline.baseline
                && row.technology == headline.technology
                && row.search_model == headline.search_model.name()
        });
        let mut lines = Vec::new();
        if let Some(row) = of_headline.clone().next() {
            lines.push(format!(
                "measured: {:.4} x the energy efficiency of {} ({:.4} µJ against {:.4} µJ; 5-95 %: {:.4} to {:.4}), technology {}, \
                 search {}",
                row.ratio,
                row.baseline,
                row.baseline_energy,
                row.processor_energy,
                row.ratio_p05,
                row.ratio_p95,
                row.technology,
                row.search_model,
            ));
            let beside = systems.iter().find(|system| system.configuration == headline.technology);
            lines.extend(beside.or(systems.first()).map(|system| {
                format!(
                    "at a latency of {:.4} ms, {:.4} mm2 and {} associative processors",
                    system.latency, system.area, system.arrays
                )
            }));
        }
        for row in of_headline {
            lines.push(format!(
                "{} prior: median {:.4} x, 5-95 % {:.4} to {:.4}; {:.2} % of the draws reach {claimed} x",
                row.prior,
                row.ratio_p50,
                row.ratio_p05,
                row.ratio_p95,
                100.0 * row.reaches_claim
            ));
        }
        let reached = rows.iter().filter(|row| row.ratio >= claimed).count();
        let verdict = match reached {
            all if all == rows.len() => "reproduced against every stated baseline".to_owned(),
            0 => "not reproduced against any stated baseline".to_owned(),
            some => format!("reproduced at {some} of {} points only", rows.len()),
        };
        lines.push(format!("claim: {claimed} x; verdict: {verdict}"));
        lines.extend(rows.iter().max_by(|a, b| a.ratio.total_cmp(&b.ratio)).map(|best| {
            format!(
                "highest ratio: {:.4} (median {:.4}) against {}, technology {}, search {}; {:.2} % of its draws reach the claim",
                best.ratio,
                best.ratio_p50,
                best.baseline,
                best.technology,
                best.search_model,
                100.0 * best.reaches_claim,
            )
        }));
        lines
    }
}
