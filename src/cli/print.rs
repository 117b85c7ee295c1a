//! `bai openapi`: the document printed without a database.

use super::outcome::Outcome;
use super::output;
use crate::app::App;
use crate::clock::Clock;
use crate::config::Config;
use crate::random::Random;
use crate::server::routes;
use crate::store::Location;

/// Prints the OpenAPI document. It comes from the handlers, so it takes an app; this one has a database in memory.
pub fn openapi(mut config: Config, yaml: bool) -> Outcome {
    config.store.url.clear();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let app = runtime.block_on(App::new(
        config,
        &Location::memory(),
        Clock::System,
        Random::System,
    ))?;
    let document = routes::document(&app)?;
    let text = if yaml {
        serde_yaml::to_string(&document)?
    } else {
        serde_json::to_string_pretty(&document)?
    };
    output::print(text.trim_end())
}
