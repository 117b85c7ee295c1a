//! Medians, and tables in Markdown.

pub fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let (low, high) = (figures.len().saturating_sub(1) / 2, figures.len() / 2);
    if figures.is_empty() {
        f64::NAN
    } else {
        f64::midpoint(figures[low], figures[high])
    }
}

/// Prints a line of a Markdown table.
pub fn row<T: AsRef<str>>(cells: impl IntoIterator<Item = T>) {
    let cells: Vec<T> = cells.into_iter().collect();
    println!(
        "| {} |",
        cells
            .iter()
            .map(AsRef::as_ref)
            .collect::<Vec<_>>()
            .join(" | ")
    );
}

/// Prints the head of a Markdown table.
pub fn head<const N: usize>(names: [&str; N]) {
    row(names);
    println!("|{}", "---|".repeat(N));
}
