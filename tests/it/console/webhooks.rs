//! The overview's card of the webhooks.

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::canary::PASSWORD;
use crate::support::console::Console;
use crate::support::webhook_receiver::{Receiver, Reply};

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_overview_shows_what_waits_for_a_webhook_and_why() {
    let receiver = Receiver::answering(|_| Reply::Status(503));
    let webhook = receiver.webhook();
    let console = Console::of(TestApp::spawn_with(|config| {
        config.webhooks = vec![webhook];
    }));
    console.sign_in(PASSWORD);
    console.waits_for("no message yet");
    console.waits_for(&format!("http://{}", receiver.address));
    console.root.user(1, &json!({}));
    console.waits_for("Has failed since");
    console.waits_for("HTTP status 503");
    console.waits_for("next try at");
    console.browser.picture("webhooks");
    receiver.answer(|_| Reply::Status(200));
    console
        .root
        .app
        .clock
        .advance(std::time::Duration::from_mins(1));
    receiver.wait_for_taken(1);
    console.waits_for("well");
    console.press("中文");
    console.waits_for("等待送达");
    console.browser.picture("webhooks_zh");
    console.assert_clean(&[]);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn without_webhooks_nothing_is_shown_of_them() {
    let console = Console::signed_in();
    console.waits_for("All is well.");
    let shown = "return all('main section:not([hidden]) h2').map(words).includes('Webhooks')";
    assert_eq!(console.run(shown, &json!([])), false);
}
