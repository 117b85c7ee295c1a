//! Values of fields as arguments.

use serde_json::{Map, Value};

/// Values of fields.
#[derive(clap::Args)]
pub struct FieldValues {
    /// Values of fields
    #[arg(value_name = "FIELD=VALUE", value_parser = field)]
    values: Vec<(String, String)>,
}

fn field(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("expected FIELD=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

impl From<FieldValues> for Map<String, Value> {
    fn from(values: FieldValues) -> Self {
        let values = values.values.into_iter();
        values.map(|(name, value)| (name, value.into())).collect()
    }
}
