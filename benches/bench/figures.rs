//! The figures: printed as they come, and written to a file so that runs can be compared.

use std::path::Path;

use serde_json::{Map, Value, json};

/// What has been measured so far.
#[derive(Default)]
pub struct Figures(Map<String, Value>);

impl Figures {
    /// Prints the median of `values` and how far they spread, and keeps the median under `name`.
    pub fn add(&mut self, name: &str, unit: &str, mut values: Vec<f64>) {
        values.sort_by(f64::total_cmp);
        let (median, low, high) = (
            values[values.len() / 2],
            values[0],
            values[values.len() - 1],
        );
        let digits = if median < 10.0 { 3 } else { 1 };
        print!("{name:<22} {median:>10.digits$} {unit:<10}");
        if values.len() > 1 {
            let rounds = values.len();
            print!(" {low:>10.digits$} to {high:.digits$} in {rounds} rounds");
        }
        println!();
        let scale = 10_f64.powi(digits.try_into().unwrap_or_default());
        let rounded = (median * scale).round() / scale;
        self.0
            .insert(name.to_owned(), json!({ "value": rounded, "unit": unit }));
    }

    /// Adds all of them to the file, as `{"name": {"value": 0.87, "unit": "ratio"}}`; what other benchmarks wrote there stays.
    pub fn write(self, file: &Path) -> std::io::Result<()> {
        let mut all: Map<String, Value> = match std::fs::read(file) {
            Ok(written) => serde_json::from_slice(&written)?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Map::new(),
            Err(error) => return Err(error),
        };
        all.extend(self.0);
        std::fs::write(file, format!("{:#}\n", Value::Object(all)))
    }
}
