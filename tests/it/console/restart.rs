//! The console while its server is stopped, and once it runs again.

use crate::support::binary::{Running, bai};
use crate::support::canary::PASSWORD;
use crate::support::console::Page;
use crate::support::installation::Installation;
use crate::support::superuser::EMAIL;

#[test]
#[ignore = "needs chromium and chromedriver"]
fn it_says_that_the_server_is_away_and_goes_on_once_it_is_back() {
    let place = Installation::stopped();
    place
        .run_with(&["superuser", "create", EMAIL], PASSWORD)
        .ok();
    let server = Running::start(bai(place.path(), &[]));
    let listen = server.base.trim_start_matches("http://").to_owned();
    let page = Page::at(&server.base);
    page.sign_in(PASSWORD);
    page.waits_for_heading("Overview");
    page.open("#/users/new");
    page.fill("Name", "Typed before");

    server.signal("-TERM");
    assert!(server.wait().0);
    page.press("Make user");
    page.waits_for("The server cannot be reached");
    assert_eq!(page.value("Name"), "Typed before");

    let server = Running::start_at(bai(place.path(), &[]), &listen);
    page.fill("Phone", "13800000001");
    page.fill("Password", PASSWORD);
    page.fill("Password again", PASSWORD);
    page.press("Make user");
    page.waits_for_heading("Typed before");
    server.signal("-TERM");
    assert!(server.wait().0);
}
