//! What was measured, against which bound, and what peers need.

/// A measured figure.
struct Figure {
    name: &'static str,
    value: f64,
    unit: &'static str,
    bound: f64,
    peers: &'static str,
}

/// All figures of a run.
#[derive(Default)]
pub struct Figures(Vec<Figure>);

impl Figures {
    /// Notes a figure that must not be larger than its bound, and prints it.
    pub fn at_most(&mut self, name: &'static str, value: f64, unit: &'static str, bound: f64, peers: &'static str) {
        let figure = Figure { name, value, unit, bound, peers };
        println!("{}", line(&figure));
        self.0.push(figure);
    }

    /// Prints the table; 1 when a figure misses its bound.
    pub fn report(&self) -> i32 {
        println!("\n{:<58} {:>12}   {:>12}   peers", "figure", "measured", "bound");
        let mut missed = 0;
        for figure in &self.0 {
            println!("{}", line(figure));
            missed += i32::from(figure.value > figure.bound);
        }
        println!("\n{} figures, {missed} over their bound", self.0.len());
        i32::from(missed > 0)
    }
}

fn line(f: &Figure) -> String {
    let mark = if f.value > f.bound { "OVER" } else { "ok" };
    format!("{:<58} {:>9.2} {:<5} ≤ {:>7.2} {:<5} {mark:<5} {}", f.name, f.value, f.unit, f.bound, f.unit, f.peers)
}

/// The middle value.
pub fn median(values: &mut [f64]) -> f64 {
    percentile(values, 0.5)
}

/// The value below which a share of all values lies.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = ((values.len() as f64 * share) as usize).min(values.len().saturating_sub(1));
    values.get(at).copied().unwrap_or(f64::NAN)
}
