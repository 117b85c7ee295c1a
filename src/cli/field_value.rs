//! Values of fields as arguments.

use serde_json::{Map, Value};

use crate::admin::Failure;

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

impl FieldValues {
    /// The values by field.
    ///
    /// # Errors
    /// A field is given twice.
    pub fn by_field(self) -> Result<Map<String, Value>, Failure> {
        let mut values = Map::new();
        for (name, value) in self.values {
            if values.contains_key(&name) {
                return Err(Failure::invalid(format!(
                    "{name} is given twice: name each field once"
                )));
            }
            values.insert(name, value.into());
        }
        Ok(values)
    }

    /// The values by field, at least one.
    ///
    /// # Errors
    /// There is none, or a field is given twice.
    pub fn some_by_field(self) -> Result<Map<String, Value>, Failure> {
        if self.values.is_empty() {
            return Err(Failure::invalid(
                "there is nothing to change: give at least one FIELD=VALUE, such as users_name=Anne",
            ));
        }
        self.by_field()
    }
}
