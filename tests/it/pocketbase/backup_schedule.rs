//! The schedule of backups and the state of the bucket, over HTTP.

use serde_json::{Value, json};

use crate::support::backup_schedule::{
    DAY, HOUR, MINUTE, bucket, folder, spawn, until, until_backed_up,
};
use crate::support::s3_stub::{Fault, S3Stub};
use crate::support::superuser::Root;

fn schedule(root: &Root) -> Value {
    root.get("/api/backup-schedule").ok()
}

#[test]
fn without_a_schedule_there_is_none_and_no_bucket() {
    let root = Root::new();
    let shown = schedule(&root);
    for field in ["every", "lastSuccess", "next", "failedAt", "failure"] {
        assert_eq!(shown[field], "", "{field}");
    }
    assert_eq!(
        (&shown["bucket"], &shown["problems"]),
        (&json!(""), &json!([]))
    );
    assert!(shown["folder"].as_str().unwrap().ends_with("backups"));
}

#[test]
fn it_tells_the_last_the_next_and_what_the_bucket_has() {
    let stub = S3Stub::start();
    let (_dir, folder) = folder();
    let root = Root::of(spawn(&folder, DAY, |config| bucket(config, &stub)));
    until_backed_up(&root.app);
    until("the next time", || {
        schedule(&root)["next"] == "2026-11-23 06:10:36.000Z"
    });
    let shown = schedule(&root);
    assert_eq!(shown["every"], "1day");
    assert_eq!(shown["lastSuccess"], "2026-11-22 06:10:36.000Z");
    assert!(shown["lastSize"].as_u64().unwrap() > 1000);
    assert_eq!(
        (
            &shown["bucket"],
            &shown["bucketPrefix"],
            &shown["newestUpload"],
            &shown["waitingUploads"]
        ),
        (
            &json!("bucket"),
            &json!("bai/"),
            &json!("bai_auto_20261122061036.redb"),
            &json!(0)
        )
    );
    assert_eq!(shown["bucketEndpoint"], stub.url.as_str());
}

#[test]
fn a_failure_is_told_with_its_reason_and_the_time_of_the_next_attempt() {
    let stub = S3Stub::start();
    stub.script(|_| Some(Fault::Status(403)));
    let (_dir, folder) = folder();
    let root = Root::of(spawn(&folder, HOUR, |config| bucket(config, &stub)));
    until("a failure", || schedule(&root)["failure"] != "");
    until("the next time", || {
        schedule(&root)["next"] == "2026-11-22 06:11:36.858Z"
    });
    let shown = schedule(&root);
    assert_eq!(shown["failedAt"], "2026-11-22 06:10:36.858Z");
    assert!(
        shown["failure"].as_str().unwrap().contains("403"),
        "{shown}"
    );
    assert_eq!(
        (&shown["waitingUploads"], &shown["failures"]),
        (&json!(1), &json!(1))
    );
    assert!(
        shown["problems"][0]
            .as_str()
            .unwrap()
            .starts_with("the backup failed: ")
    );
    stub.script(|_| None);
    root.app.clock.advance(MINUTE);
    until("a success", || schedule(&root)["failure"] == "");
    assert_eq!(schedule(&root)["problems"], json!([]));
}
