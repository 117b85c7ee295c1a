//! Pictures in a browser: pages of other origins show them, and nothing in them runs.

use serde_json::json;

use crate::support::app::TestApp;
use crate::support::browser::Browser;
use crate::support::console::Console;
use crate::support::pictures::{Owner, jpeg, jpeg_with_comment, status_of};

const MARKUP: &[u8] =
    b"*/document.title = 'ran'/*<html><script>document.title = 'ran'</script></html>";

/// Opens a page of another origin, which has no content policy.
fn go_elsewhere(browser: &Browser) -> TestApp {
    let other = TestApp::spawn();
    browser.go(&format!("{}/openapi.json", other.base));
    other
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn a_page_of_another_origin_shows_a_picture_and_reads_its_pixels() {
    let app = TestApp::spawn();
    let url = Owner::new(&app, 1).uploaded(&app, &jpeg(1));
    let browser = Browser::start();
    let _other = go_elsewhere(&browser);
    let show = "for (const size of ['', '?thumb=100x100']) {
        const it = document.createElement('img');
        it.crossOrigin = 'anonymous';
        it.src = arguments[0] + size;
        document.body.append(it);
    }";
    browser.run(show, &json!([url]));
    let widths = "return [...document.images].map((it) => it.naturalWidth).join() === '160,100'";
    browser.wait(widths, &json!([]));
    let pixel = "const canvas = document.createElement('canvas').getContext('2d');
        canvas.drawImage(document.images[0], 0, 0);
        return canvas.getImageData(0, 0, 1, 1).data[3]";
    assert_eq!(browser.run(pixel, &json!([])), 255);
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn markup_in_a_picture_does_nothing_however_it_is_opened() {
    let app = TestApp::spawn();
    let bytes = jpeg_with_comment(&jpeg(1), MARKUP);
    let url = Owner::new(&app, 1).uploaded(&app, &bytes);
    let browser = Browser::start();
    browser.go(&url);
    let shown = "return [document.contentType, document.images.length, document.title === 'ran']";
    assert_eq!(
        browser.run(shown, &json!([])),
        json!(["image/jpeg", 1, false])
    );
    let _other = go_elsewhere(&browser);
    let load = "for (const [tag, name] of [['script', 'src'], ['iframe', 'src'], ['object', 'data'], ['embed', 'src']]) {
        const it = document.createElement(tag);
        it[name] = arguments[0];
        it.onload = it.onerror = () => { document.body.dataset[tag] = 'over'; };
        document.body.append(it);
    }";
    browser.run(load, &json!([url]));
    browser.wait(
        "return document.body.dataset.script === 'over' && document.body.dataset.iframe === 'over'",
        &json!([]),
    );
    assert_ne!(browser.run("return document.title", &json!([])), "ran");
}

#[test]
#[ignore = "needs chromium and chromedriver"]
fn the_console_shows_a_picture_and_a_superuser_removes_it() {
    let console = Console::signed_in();
    let app = &console.root.app;
    let owner = Owner::new(app, 1);
    let url = owner.with_picture(app, &jpeg(1));
    console.open(&format!("#/users/{}", owner.id));
    console.wait(
        "return document.querySelector('img.picture')?.naturalWidth === 100",
        &json!([]),
    );
    console.fill("Picture", "");
    console.press("Save");
    console.wait("return !document.querySelector('img.picture')", &json!([]));
    assert_eq!(status_of(app, &url), 404);
    console.assert_clean(&[]);
}
