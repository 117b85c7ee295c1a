//! A message by which an operator tries a webhook out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::exchange::Way;
use super::message::Signed;
use super::outcome::Outcome;
use crate::app::App;

/// Sends a message of the type `test` to the webhook of this number, from 1 on; the answer in words, or why there was none.
///
/// # Errors
/// There is no such webhook, or it does not take the message.
pub async fn test(app: &App, number: usize) -> Result<(), String> {
    let place = number.checked_sub(1);
    let webhook = place.and_then(|place| app.config.webhooks.get(place));
    let webhook = webhook.ok_or_else(|| format!("there is no webhook {number}"))?;
    let id: [u8; 16] = app.random.bytes().map_err(|error| error.to_string())?;
    let id = format!("msg_{}", URL_SAFE_NO_PAD.encode(id));
    let message =
        Signed::test(id, &webhook.secret, app.clock.now()).ok_or("it cannot be signed")?;
    let way = Way::new(&webhook.url, 0, app.clock.clone());
    let sent = tokio::task::spawn_blocking(move || way.send(&message)).await;
    match sent.map_err(|error| error.to_string())? {
        Outcome::Delivered => Ok(()),
        Outcome::Refused(trouble) | Outcome::Failed(trouble, _) => Err(trouble.to_string()),
    }
}
